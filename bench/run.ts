import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { againstTable, benchAgainst } from './consumer/against.ts';
import { tableOf as consumerTable } from './consumer/report.ts';
import { benchConsumer, FULL, QUICK } from './consumer/run.ts';
import { logTable } from './log/report.ts';
import { benchLog, FULL_LOG, QUICK_LOG } from './log/run.ts';
import { notificationsTable } from './notifications/report.ts';
import { benchNotifications, notificationsPlanOf, QUICK_NOTIFICATIONS } from './notifications/run.ts';
import { outageTable } from './outage/report.ts';
import { benchOutage, FULL_OUTAGE, QUICK_OUTAGE } from './outage/run.ts';
import { startTable } from './start/report.ts';
import { benchStart, FULL_START, QUICK_START } from './start/run.ts';
import { throughputTable } from './throughput/report.ts';
import { BRIEF, benchThroughput, LONG } from './throughput/run.ts';

/**
 * `npm run bench -- NAME [--quick]`. A full run is kept in `bench/results`; one against another checkout is only shown. `--messages N` makes that of the
 * notifications smaller, `--per-second N` is what their provider of e-mails takes.
 */

/** Measures, with more or less effort. @returns what is kept, and what is shown */
type Bench = (quick: boolean, progress: (text: string) => void) => Promise<{ result: object; shown: string }>;

const benchOf =
  <Effort, Result extends object>(
    run: (effort: Effort, progress: (text: string) => void) => Promise<Result>,
    efforts: { readonly quick: Effort; readonly full: Effort },
    tableOf: (result: Result) => string,
  ): Bench =>
  async (quick, progress) => {
    const result = await run(quick ? efforts.quick : efforts.full, progress);
    return { result, shown: tableOf(result) };
  };

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean' },
    against: { type: 'string' },
    messages: { type: 'string', default: '100000' },
    'per-second': { type: 'string', default: '200' },
  },
});

const BENCHES: Readonly<Record<string, Bench>> = {
  consumer: benchOf(benchConsumer, { quick: QUICK, full: FULL }, consumerTable),
  log: benchOf(benchLog, { quick: QUICK_LOG, full: FULL_LOG }, logTable),
  throughput: benchOf(benchThroughput, { quick: BRIEF, full: LONG }, throughputTable),
  start: benchOf(benchStart, { quick: QUICK_START, full: FULL_START }, startTable),
  notifications: benchOf(
    benchNotifications,
    { quick: QUICK_NOTIFICATIONS, full: notificationsPlanOf(Number(values.messages), Number(values['per-second'])) },
    notificationsTable,
  ),
  outage: benchOf(benchOutage, { quick: QUICK_OUTAGE, full: FULL_OUTAGE }, outageTable),
};

const rounded = (_name: string, value: unknown): unknown =>
  typeof value === 'number' ? Math.round(value * 1_000) / 1_000 : value;

const [name = ''] = positionals;
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`there is no bench '${name}'. Usage: npm run bench -- ${Object.keys(BENCHES).join(' | ')} [--quick]`);
  process.exitCode = 2;
} else if (values.against !== undefined && name !== 'consumer') {
  console.error(`bench '${name}' compares with no other checkout. Usage: npm run bench -- consumer --against FOLDER`);
  process.exitCode = 2;
} else if (values.against !== undefined) {
  const effort = values.quick === true ? QUICK : FULL;
  console.log(againstTable(await benchAgainst(values.against, effort, (text) => console.error(`${name}: ${text}`))));
} else {
  const { result, shown } = await bench(values.quick === true, (text) => console.error(`${name}: ${text}`));
  console.log(shown);
  if (values.quick !== true) {
    const file = join(import.meta.dirname, 'results', `${name}.json`);
    writeFileSync(file, `${JSON.stringify(result, rounded, 2)}\n`);
    console.error(`${name}: kept in bench/results/${name}.json`);
  }
}
