import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Machine, machine, ownVersion } from '../machine.ts';
import { interleaved, type Summary, summary } from '../statistics.ts';
import { APPS, type App, writeAssemblies } from './assemblies.ts';
import { codeChanges } from './watch.ts';

export interface StartEffort {
  /** Starts of each app. */
  readonly rounds: number;
}
export const FULL_START: StartEffort = { rounds: 15 };
export const QUICK_START: StartEffort = { rounds: 3 };

/** New: everything is made. Again: on the data directory of an engine that was killed. */
export const KINDS = ['new', 'again'] as const;
export type Start = `${App}, ${(typeof KINDS)[number]}`;
export const STARTS: readonly Start[] = APPS.flatMap((app) => KINDS.map((kind): Start => `${app}, ${kind}`));

export interface MeasuredStart {
  /** From the call of `sluice local` to its `ready` line. */
  readonly readyMillis: Summary;
  /** Processor time of the engine's process until then; Linux only. */
  readonly cpuMillis: Summary | undefined;
}

export interface StartResult {
  readonly bench: 'start';
  readonly date: string;
  readonly machine: Machine;
  readonly version: string;
  readonly effort: StartEffort;
  readonly starts: Readonly<Record<Start, MeasuredStart>>;
  /** From a change of a function's code to its deployment, under `--watch`; the orders system. */
  readonly codeChangeMillis: Summary;
}

const CLI = join(import.meta.dirname, '../../bin/sluice.ts');
const MILLIS_PER_TICK = 10;

/** How long `sluice local` takes to be ready, from an assembly that is there. */
export async function benchStart(effort: StartEffort, progress: (text: string) => void): Promise<StartResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-start-'));
  try {
    progress('synthesising');
    const assemblies = await writeAssemblies(folder);
    const cpu = new Map<Start, number[]>(STARTS.map((start) => [start, []]));
    const startOnce = async (start: Start, isMeasured: boolean): Promise<number> => {
      const [app, kind] = start.split(', ') as [App, (typeof KINDS)[number]];
      const args = ['local', '--assembly', assemblies[app], '--port', '0'];
      const data = kind === 'again' ? ['--data', join(folder, `${app}-data`)] : [];
      const { millis, cpuMillis } = await sample([...args, ...data], folder);
      if (isMeasured && cpuMillis !== undefined) cpu.get(start)?.push(cpuMillis);
      return millis;
    };
    // The first start of each compiles what the others find compiled, and makes the data directories.
    for (const start of STARTS) await startOnce(start, false);
    progress(`starting each app ${effort.rounds} times, new and again`);
    const ready = await interleaved(STARTS, effort.rounds, (start) => startOnce(start, true));
    const measured = (start: Start): MeasuredStart => {
      const cpuMillis = cpu.get(start) ?? [];
      return {
        readyMillis: summary(ready[start]),
        cpuMillis: cpuMillis.length > 0 ? summary(cpuMillis) : undefined,
      };
    };
    progress(`changing a function's code ${effort.rounds} times`);
    const codeChangeMillis = summary(await codeChanges(effort.rounds));
    return {
      bench: 'start',
      date: new Date().toISOString(),
      machine: machine(),
      version: ownVersion(),
      effort,
      starts: Object.fromEntries(STARTS.map((start) => [start, measured(start)])) as StartResult['starts'],
      codeChangeMillis,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function sample(
  args: readonly string[],
  cwd: string,
): Promise<{ millis: number; cpuMillis: number | undefined }> {
  const began = performance.now();
  const child = spawn(process.execPath, [CLI, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const exited = once(child, 'exit');
  const [ready] = await Promise.race([once(child.stdout, 'data'), exited.then(() => [''])]);
  const millis = performance.now() - began;
  if (!String(ready).startsWith('ready ')) throw new Error(`sluice ${args.join(' ')} did not start: ${said}`);
  const cpuMillis = cpuOf(child);
  child.kill('SIGKILL');
  await exited;
  return { millis, cpuMillis };
}

/** User and system time of a process so far, threads included. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function cpuOf({ pid }: ChildProcess): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MILLIS_PER_TICK;
}
