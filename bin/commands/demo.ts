import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, startEngine } from '../../lib/local/engine.ts';
import { type Outputs, output, outputsOf } from '../../lib/operations/deployed/deployment.ts';
import { openClients } from '../../lib/systems/orders/tools/clients.ts';
import { publishAgain, publishedEvents, sendMalformed } from '../../lib/systems/orders/tools/mishaps.ts';
import type { Placed } from '../../lib/systems/orders/tools/producer.ts';
import { reconcile } from '../../lib/systems/orders/tools/reconcile.ts';
import { readSamples, shelfFor } from '../../lib/systems/orders/tools/samples.ts';
import { stillToDo } from '../../lib/systems/orders/tools/settled.ts';
import { takeSnapshot } from '../../lib/systems/orders/tools/snapshot.ts';
import { fillShelf } from '../../lib/systems/orders/tools/stock.ts';
import { exportsFor, FIRST_COMMANDS, pointSdkAt } from '../apps/sdk-environment.ts';
import { synthesise } from '../apps/synth.ts';
import type { Report } from '../demo/demo-report.ts';
import { disturbanceBy } from '../demo/disturbance.ts';
import { countDuplicates } from '../demo/duplicates-metric.ts';
import { logFiles } from '../demo/function-logs.ts';
import { renderReport } from '../demo/report.ts';
import { DUPLICATE_EVERY, keepPlacing, placeSamples, type Traffic } from '../demo/sample-traffic.ts';
import { sumsOf, wrongSums } from '../demo/sums.ts';
import { type EngineWatch, watchEngine } from '../demo/watch-engine.ts';
import type { AccountOption } from '../options/account-option.ts';
import { type FaultOptions, faultsInWords, plannedFaults } from '../options/fault-options.ts';
import { EXIT_INTERRUPTED, interrupted } from '../options/signals.ts';
import { openTerminal, styled, type Terminal } from '../terminal/terminal.ts';

export interface DemoOptions extends FaultOptions, AccountOption {
  readonly once: boolean;
  readonly port: number;
  readonly json: boolean;
  /** Steady traffic for so long instead of a burst. */
  readonly minutes?: number;
  /** Orders per second of steady traffic. */
  readonly rate: number;
}

const STAGE = 'dev';
const STACK = `sluice-${STAGE}-orders`;
const WORK_FOLDER = '.sluice';
const SETTLE_POLL_MS = 250;
const SETTLE_TIMEOUT_MS = 75_000;
/** What a killed function held comes back after the visibility timeout of its queue: minutes, and some of it more than once. */
const SETTLE_AFTER_FAULTS_MS = 15 * 60_000;

/**
 * The whole orders system on this machine: places the sample orders, as a burst or steadily, makes trouble, waits until everything has
 * come to rest, reads back what there is and reconciles it with what was put in. Faults by chance end when the last order is placed.
 * @returns 0 when it reconciles, 1 when it does not, 130 when interrupted before the report
 */
export async function demo(options: DemoOptions): Promise<number> {
  const faults = plannedFaults(options);
  const stop = interrupted();
  const terminal = openTerminal(options);
  const assembly = join(WORK_FOLDER, 'cdk.out');
  terminal.note('Synthesising the app ...');
  await synthesise(assembly, STAGE);
  const logs = logFiles(join(WORK_FOLDER, 'logs'));
  const duplicates = countDuplicates();
  const watch = watchEngine(terminal);
  const engine = await startEngine({
    assembly,
    ...(options.account === undefined ? {} : { account: options.account, onNotice: terminal.note }),
    port: options.port,
    ...(faults && { faults }),
    onLog(log) {
      logs.write(log);
      duplicates.see(log.line);
      watch.onLog(log);
    },
    onInvocation: watch.onInvocation,
  });
  try {
    pointSdkAt(engine.url, engine.services.region);
    terminal.note(`Engine ready at ${engine.url}`);
    if (faults !== undefined) terminal.note(faultsInWords(faults));
    const opened = openClients();
    try {
      const outputs = await outputsOf(STACK);
      const mailbox = `${engine.url}/_aws/ses`;
      const report = await reconciledRun(
        { engine, terminal, outputs, clients: opened, mailbox, signal: stop.signal, options },
        duplicates.bySubscription,
      );
      if (report === undefined) return EXIT_INTERRUPTED;
      process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : renderReport(terminal, report));
      if (!options.once)
        await stayUp({ engine, terminal, watch }, output(outputs, 'PlaceOrderFunction'), {
          rate: options.rate,
          signal: stop.signal,
        });
      return report.problems.length === 0 ? 0 : 1;
    } finally {
      opened.close();
    }
  } finally {
    await engine.close();
    await logs.close();
  }
}

interface Run {
  readonly engine: Engine;
  readonly terminal: Terminal;
  readonly outputs: Outputs;
  readonly clients: ReturnType<typeof openClients>;
  readonly mailbox: string;
  readonly signal: AbortSignal;
  readonly options: DemoOptions;
}

async function reconciledRun(
  run: Run,
  suppressed: () => Readonly<Record<string, number>>,
): Promise<Report | undefined> {
  const { engine, terminal, outputs, clients, signal } = run;
  const shelf = shelfFor(readSamples());
  await fillShelf(clients, output(outputs, 'StockTable'), shelf);

  const functionName = output(outputs, 'PlaceOrderFunction');
  const placed = await placeSamples(functionName, { ...run.options, signal }, terminal);
  if (signal.aborted) return undefined;

  terminal.note('Publishing every tenth event again, and sending malformed messages ...');
  const again = acceptedIds(placed).filter((_, i) => i % DUPLICATE_EVERY === 0);
  await publishAgain(outputs, await publishedEvents(clients, output(outputs, 'OutboxTable'), again));
  const malformed = await sendMalformed(clients, outputs);

  const { random } = engine.services.faults;
  engine.services.faults.clear();
  const rest = await waitForRest(run);
  if (rest === undefined) return undefined;
  const snapshot = await takeSnapshot(clients, outputs, run.mailbox);
  const disturbance = disturbanceBy(random?.made ?? []);
  const findings = reconcile({ placed, shelf, malformed, disturbance }, snapshot);
  const acceptedAgain = placed.filter(({ reply }) => reply.status === 'accepted' && reply.duplicate).length;
  const duplicates = { 'place-order': acceptedAgain, ...suppressed() };
  const firstCharge = snapshot.payments.map(({ settledAt }) => Date.parse(settledAt)).toSorted((a, b) => a - b)[0];
  const report: Report = {
    ...findings,
    faults: random === undefined ? null : { ...random.plan, made: random.counts },
    emailsAtRisk: disturbance.mailsAtRisk,
    malformed: malformed.length,
    ordersSentTwice: acceptedAgain,
    ordersRefusedTwice: placed.length - findings.orders - acceptedAgain,
    eventsPublishedTwice: again.length,
    duplicatesSuppressed: Object.values(duplicates).reduce((sum, count) => sum + count, 0),
    duplicates,
    seconds: round(performance.now() / 1_000),
    secondsToFirstCharge: firstCharge === undefined ? null : round((firstCharge - performance.timeOrigin) / 1_000),
  };
  const problems = [...rest.map((text) => `did not come to rest: ${text}`), ...findings.problems];
  // Faults may have an event given up after its effect.
  return { ...report, problems: random === undefined ? [...problems, ...wrongSums(sumsOf(report))] : problems };
}

const round = (seconds: number): number => Math.round(seconds * 10) / 10;

/**
 * By number, not as they came back: which events are published again must not depend on which order was the fastest. A copy of an event that the payment
 * provider never settles is no duplicate, but given up like the event itself.
 */
const acceptedIds = (placed: readonly Placed[]) =>
  placed
    .flatMap(({ reply }) =>
      reply.status === 'accepted' && !reply.duplicate ? [{ orderId: reply.orderId, sequence: reply.sequence }] : [],
    )
    .toSorted((a, b) => a.orderId.localeCompare(b.orderId, 'en') || a.sequence - b.sequence);

/** @returns what is left to do when the time is up, nothing when all is done; undefined when interrupted */
async function waitForRest({
  engine,
  terminal,
  clients,
  outputs,
  signal,
  options,
}: Run): Promise<string[] | undefined> {
  terminal.note('Waiting until everything has come to rest ...');
  const deadline = performance.now() + (options.faults === undefined ? SETTLE_TIMEOUT_MS : SETTLE_AFTER_FAULTS_MS);
  for (;;) {
    if (signal.aborted) return undefined;
    const left = await stillToDo(clients, outputs);
    if ((left.length === 0 && engine.busy === 0) || performance.now() > deadline) return left;
    await sleep(SETTLE_POLL_MS);
  }
}

/** Steady sample traffic until Ctrl-C, so that there is something to look at; what happens meanwhile is told, and summed up at the end. */
async function stayUp(
  { engine, terminal, watch }: { engine: Engine; terminal: Terminal; watch: EngineWatch },
  functionName: string,
  traffic: Traffic,
): Promise<void> {
  const exports = exportsFor(engine.url, engine.services.region);
  terminal.note(`\nSteady traffic of ${traffic.rate} orders a second until Ctrl-C. In another shell:\n  ${exports}`);
  terminal.note(
    `${FIRST_COMMANDS.map((line) => `  ${line}\n`).join('')}${styled(terminal, 'dim', `Logs of the functions: ${join(WORK_FOLDER, 'logs')}`)}`,
  );
  watch.start(engine);
  await keepPlacing(functionName, traffic);
  terminal.note(watch.stop() ?? '');
}
