import { join } from 'node:path';
import { describeChange, startEngine } from '../../lib/local/engine.ts';
import { type FaultOptions, faultsInWords, plannedFaults } from '../fault-options.ts';
import { logFiles } from '../function-logs.ts';
import { exportsFor } from '../sdk-environment.ts';
import { interrupted } from '../signals.ts';

export interface LocalOptions extends FaultOptions {
  readonly assembly: string;
  readonly port: number;
  readonly iam: boolean;
  /** Directory that keeps everything over a restart. */
  readonly data?: string;
  /** Divides the waits of schedules, the periods of alarms and other long waits. */
  readonly timeScale: number;
}

/** Runs an assembly until Ctrl-C. Prints `ready URL` on standard output when it can be used. */
export async function local({ assembly, port, iam, data, timeScale, ...asked }: LocalOptions): Promise<number> {
  const faults = plannedFaults(asked);
  const stop = interrupted();
  const logs = logFiles(join('.sluice', 'logs'), { append: data !== undefined });
  const note = (text: string) => process.stderr.write(`${text}\n`);
  const engine = await startEngine({
    ...{ assembly, port, iam, timeScale },
    ...(data === undefined ? {} : { data }),
    ...(faults === undefined ? {} : { faults }),
    onLog: logs.write,
    onNotice: note,
    onChanges: (changes) => note(`Changes:\n${changes.map((change) => `  ${describeChange(change)}`).join('\n')}`),
  });
  try {
    if (faults !== undefined) note(faultsInWords(faults));
    process.stdout.write(`ready ${engine.url}\n`);
    note(
      `Logs of the functions: ${join('.sluice', 'logs')}. For another shell:\n  ${exportsFor(engine.url, engine.services.region)}`,
    );
    await stop.promise;
  } finally {
    await engine.close();
    logs.close();
  }
  return 0;
}
