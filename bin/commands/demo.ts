import { join } from 'node:path';
import { type Engine, startEngine } from '../../lib/local/engine.ts';
import { type SampleProducer, stackNameOf, type World } from '../../lib/operations/systems/system.ts';
import { openWorld } from '../../lib/operations/systems/world.ts';
import { readCdkApp, synthesise } from '../apps/cdk-app.ts';
import { exportsFor, firstCommands, pointSdkAt } from '../apps/sdk-environment.ts';
import { firstOf, systemNamed, systemsOf, toolsOf } from '../config/systems.ts';
import { reportJson } from '../demo/demo-report.ts';
import { countDuplicates } from '../demo/duplicates-metric.ts';
import { logFiles } from '../demo/function-logs.ts';
import { reconciledRun } from '../demo/reconciled-run.ts';
import { renderReport } from '../demo/report.ts';
import { keepSending, type Traffic } from '../demo/sample-traffic.ts';
import { type EngineWatch, watchEngine } from '../demo/watch-engine.ts';
import type { AccountOption } from '../options/account-option.ts';
import { type FaultOptions, faultsInWords, plannedFaults } from '../options/fault-options.ts';
import { EXIT_INTERRUPTED, interrupted } from '../options/signals.ts';
import { openTerminal, styled, type Terminal } from '../terminal/terminal.ts';

export interface DemoOptions extends FaultOptions, AccountOption {
  /** Which system. @default the first of the config */
  readonly system?: string;
  readonly once: boolean;
  readonly port: number;
  readonly json: boolean;
  /** Steady traffic for so long instead of a burst. */
  readonly minutes?: number;
  /** Samples per second of steady traffic. */
  readonly rate: number;
}

const STAGE = 'dev';
const WORK_FOLDER = '.sluice';

/**
 * A whole system on this machine: sends its samples, as a burst or steadily, makes trouble, waits until everything has
 * come to rest, reads back what there is and reconciles it with what was put in. Faults by chance end when the last sample is sent.
 * @returns 0 when it reconciles, 1 when it does not, 130 when interrupted before the report
 * @throws NoSystems when there is no such system, or it brings no samples
 */
export async function demo(options: DemoOptions): Promise<number> {
  const systems = await systemsOf();
  const system = options.system === undefined ? firstOf(systems) : systemNamed(systems, options.system);
  const tools = await toolsOf(system);
  const producer = Object.values(tools.producers)[0] as SampleProducer;
  const faults = plannedFaults(options);
  const stop = interrupted();
  const terminal = openTerminal(options);
  const app = readCdkApp(process.cwd(), join(WORK_FOLDER, 'cdk.out'));
  terminal.note(`Synthesising the app of ${system.name} ...`);
  await synthesise({ ...app, context: { ...app.context, stage: STAGE, systems: system.name } });
  const logs = logFiles(join(WORK_FOLDER, 'logs'));
  const duplicates = countDuplicates();
  const watch = watchEngine(terminal);
  let invocations = 0;
  const engine = await startEngine({
    assembly: app.output,
    ...(options.account === undefined ? {} : { account: options.account, onNotice: terminal.note }),
    port: options.port,
    ...(faults && { faults }),
    onLog(log) {
      logs.write(log);
      duplicates.see(log.line);
      watch.onLog(log);
    },
    onInvocation(invocation) {
      invocations += 1;
      watch.onInvocation(invocation);
    },
  });
  try {
    pointSdkAt(engine.url, engine.services.region);
    terminal.note(`Engine ready at ${engine.url}`);
    if (faults !== undefined) terminal.note(faultsInWords(faults));
    const world = await openWorld(stackNameOf(system, STAGE), `${engine.url}/_aws/ses`);
    try {
      const report = await reconciledRun({
        ...{ engine, terminal, system, tools, producer, world, options },
        signal: stop.signal,
        suppressed: duplicates.bySubscription,
        invocations: () => invocations,
      });
      if (report === undefined) return EXIT_INTERRUPTED;
      process.stdout.write(options.json ? `${reportJson(report)}\n` : renderReport(terminal, report));
      const traffic = { rate: options.rate, signal: stop.signal };
      if (!options.once)
        await stayUp({ engine, terminal, watch, world, producer, command: firstCommands(system.name) }, traffic);
      return report.problems.length === 0 ? 0 : 1;
    } finally {
      world.clients.close();
    }
  } finally {
    await engine.close();
    await logs.close();
  }
}

interface Up {
  readonly engine: Engine;
  readonly terminal: Terminal;
  readonly watch: EngineWatch;
  readonly world: World;
  readonly producer: SampleProducer;
  readonly command: readonly string[];
}

/** Steady sample traffic until Ctrl-C, so that there is something to look at; what happens meanwhile is told, and summed up at the end. */
async function stayUp({ engine, terminal, watch, world, producer, command }: Up, traffic: Traffic): Promise<void> {
  const exports = exportsFor(engine.url, engine.services.region);
  terminal.note(
    `\nSteady traffic of ${traffic.rate} ${producer.unit} a second until Ctrl-C. In another shell:\n  ${exports}`,
  );
  terminal.note(
    `${command.map((line) => `  ${line}\n`).join('')}${styled(terminal, 'dim', `Logs of the functions: ${join(WORK_FOLDER, 'logs')}`)}`,
  );
  watch.start(engine);
  await keepSending(producer, world, traffic);
  terminal.note(watch.stop() ?? '');
}
