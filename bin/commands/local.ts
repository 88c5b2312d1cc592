import { join } from 'node:path';
import { startEngine } from '../../lib/local/engine.ts';
import { logFiles } from '../function-logs.ts';
import { exportsFor } from '../sdk-environment.ts';
import { interrupted } from '../signals.ts';

export interface LocalOptions {
  readonly assembly: string;
  readonly port: number;
  readonly iam: boolean;
}

/** Runs an assembly until Ctrl-C. Prints `ready URL` on standard output when it can be used. */
export async function local({ assembly, port, iam }: LocalOptions): Promise<number> {
  const stop = interrupted();
  const logs = logFiles(join('.sluice', 'logs'));
  const note = (text: string) => process.stderr.write(`${text}\n`);
  const engine = await startEngine({ assembly, port, iam, onLog: logs.write, onNotice: note });
  try {
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
