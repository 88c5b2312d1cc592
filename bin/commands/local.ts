import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { describeChange, startEngine } from '../../lib/local/engine.ts';
import { readCdkApp, synthesise } from '../apps/cdk-app.ts';
import { type Redeployment, redeployOnChange } from '../apps/redeploy.ts';
import { exportsFor } from '../apps/sdk-environment.ts';
import { logFiles } from '../demo/function-logs.ts';
import { watchEngine } from '../demo/watch-engine.ts';
import type { AccountOption } from '../options/account-option.ts';
import { type FaultOptions, faultsInWords, plannedFaults } from '../options/fault-options.ts';
import { interrupted } from '../options/signals.ts';
import { openTerminal } from '../terminal/terminal.ts';

export interface LocalOptions extends FaultOptions, AccountOption {
  /** Without it, the one that `cdk.json` names. */
  readonly assembly?: string;
  /** Synthesises the app of `cdk.json`, and deploys it again whenever its files change. */
  readonly watch: boolean;
  readonly port: number;
  readonly iam: boolean;
  /** Directory that keeps everything over a restart. */
  readonly data?: string;
  /** Divides the waits of schedules, the periods of alarms and other long waits. */
  readonly timeScale: number;
}

/** Runs an assembly until Ctrl-C. Prints `ready URL` on standard output when it can be used. */
export async function local(options: LocalOptions): Promise<number> {
  const { port, iam, data, timeScale, account, ...asked } = options;
  const faults = plannedFaults(asked);
  const stop = interrupted();
  const terminal = openTerminal({ json: false });
  const { note } = terminal;
  const watch = watchEngine(terminal);
  const result = (text: string) => void process.stdout.write(`${text}\n`);
  const app = options.watch ? readCdkApp(process.cwd(), options.assembly) : undefined;
  const assembly = app?.output ?? options.assembly;
  if (assembly === undefined)
    throw new InvalidArgumentError('name an assembly (--assembly cdk.out), or run the app of cdk.json (--watch)');
  const logs = logFiles(join('.sluice', 'logs'), { append: data !== undefined });
  if (app !== undefined) {
    note(`Synthesising: ${app.command}`);
    await synthesise(app);
  }
  const engine = await startEngine({
    ...{ assembly, port, iam, timeScale },
    ...(data === undefined ? {} : { data }),
    ...(account === undefined ? {} : { account }),
    ...(faults === undefined ? {} : { faults }),
    onLog(log) {
      logs.write(log);
      watch.onLog(log);
    },
    onInvocation: watch.onInvocation,
    onNotice: note,
    onChanges: (changes) => note(`Changes:\n${changes.map((change) => `  ${describeChange(change)}`).join('\n')}`),
  });
  let redeployment: Redeployment | undefined;
  try {
    if (faults !== undefined) note(faultsInWords(faults));
    result(`ready ${engine.url}`);
    if (app !== undefined) redeployment = redeployOnChange(app, engine, { note, result });
    note(
      `Logs of the functions: ${join('.sluice', 'logs')}. For another shell:\n  ${exportsFor(engine.url, engine.services.region)}`,
    );
    watch.start(engine);
    await stop.promise;
    note(watch.stop() ?? '');
  } finally {
    await redeployment?.close();
    await engine.close();
    await logs.close();
  }
  return 0;
}
