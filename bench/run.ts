import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tableOf } from './consumer/report.ts';
import { benchConsumer, FULL, QUICK } from './consumer/run.ts';
import { outageTable } from './outage/report.ts';
import { benchOutage, FULL_OUTAGE, QUICK_OUTAGE } from './outage/run.ts';
import { startTable } from './start/report.ts';
import { benchStart, FULL_START, QUICK_START } from './start/run.ts';
import { throughputTable } from './throughput/report.ts';
import { BRIEF, benchThroughput, LONG } from './throughput/run.ts';

/** `npm run bench -- NAME [--quick]`. A full run is kept in `bench/results`. */

interface Bench {
  /** @returns what is kept, and what is shown */
  readonly run: (quick: boolean, progress: (text: string) => void) => Promise<{ result: object; shown: string }>;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  consumer: {
    async run(quick, progress) {
      const result = await benchConsumer(quick ? QUICK : FULL, progress);
      return { result, shown: tableOf(result) };
    },
  },
  throughput: {
    async run(quick, progress) {
      const result = await benchThroughput(quick ? BRIEF : LONG, progress);
      return { result, shown: throughputTable(result) };
    },
  },
  start: {
    async run(quick, progress) {
      const result = await benchStart(quick ? QUICK_START : FULL_START, progress);
      return { result, shown: startTable(result) };
    },
  },
  outage: {
    async run(quick, progress) {
      const result = await benchOutage(quick ? QUICK_OUTAGE : FULL_OUTAGE, progress);
      return { result, shown: outageTable(result) };
    },
  },
};

const rounded = (_name: string, value: unknown): unknown =>
  typeof value === 'number' ? Math.round(value * 1_000) / 1_000 : value;

const { positionals, values } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean' } } });
const [name = ''] = positionals;
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`there is no bench '${name}'. Usage: npm run bench -- ${Object.keys(BENCHES).join(' | ')} [--quick]`);
  process.exitCode = 2;
} else {
  const { result, shown } = await bench.run(values.quick === true, (text) => console.error(`${name}: ${text}`));
  console.log(shown);
  if (values.quick !== true) {
    const file = join(import.meta.dirname, 'results', `${name}.json`);
    writeFileSync(file, `${JSON.stringify(result, rounded, 2)}\n`);
    console.error(`${name}: kept in bench/results/${name}.json`);
  }
}
