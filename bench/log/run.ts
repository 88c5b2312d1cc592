import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from '../child.ts';
import { type Machine, machine, ownVersion } from '../machine.ts';
import { interleaved, ratio, type Summary, summary } from '../statistics.ts';
import { type LogLoad, logLoad } from './load.ts';
import type { Usage } from './services-process.ts';

export interface LogEffort {
  readonly rounds: number;
  /** Records held at most. */
  readonly most: number;
}
export const FULL_LOG: LogEffort = { rounds: 15, most: 1_000_000 };
export const QUICK_LOG: LogEffort = { rounds: 3, most: 100_000 };

/** Records held; kept: in a data directory. */
const LEVELS = [
  { held: 1_000, kept: false },
  { held: 10_000, kept: false },
  { held: 100_000, kept: false },
  { held: 1_000_000, kept: false },
  { held: 1_000, kept: true },
  { held: 1_000_000, kept: true },
] as const;

export interface MeasuredLevel {
  readonly held: number;
  readonly kept: boolean;
  readonly recordsPerSecond: Summary;
  /** To the level of 1,000: the median of the rounds' ratios. */
  readonly ratio: number;
  /** Of the services' process, for 1,000 records written and read. */
  readonly cpuMillis: Summary;
  /** The most after a sample. */
  readonly rssMib: number;
  /** From a record's arrival until the reader had it. */
  readonly behindMillis: Summary;
}

export interface LogResult {
  readonly bench: 'log';
  readonly date: string;
  readonly machine: Machine;
  readonly version: string;
  readonly effort: LogEffort;
  readonly levels: readonly MeasuredLevel[];
}

/** Records of one sample. */
export const SAMPLE = 5_000;
/** Records that each process takes before anything is measured: its code is compiled then. */
const WARM_UP = 20_000;
/** What was deleted is gone from the file after that: the engine looks for it every ten seconds. */
const SWEPT_MS = 12_000;
/** Above this a sample hardly changes what is held, so the stream stays. */
const LARGE = 100_000;
const MIB = 1024 * 1024;

interface Contestant {
  readonly held: number;
  readonly kept: boolean;
  readonly load: LogLoad;
  readonly child: Child<'usage', Usage>;
  stream: string | undefined;
  readonly cpuMillis: number[];
  readonly behind: number[];
  rssBytes: number;
}

/** How fast a log takes records that holds few or many, with a reader beside. */
export async function benchLog({ rounds, most }: LogEffort, progress: (text: string) => void): Promise<LogResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-log-'));
  const contestants = new Map<string, Contestant>();
  try {
    for (const level of LEVELS) {
      if (level.held > most) continue;
      progress(`filling a log with ${nameOf(level)} records`);
      contestants.set(nameOf(level), await contestant(level, folder));
    }
    await sleep(SWEPT_MS);
    progress(`writing ${SAMPLE} records to each, ${rounds} times`);
    const names = [...contestants.keys()];
    const rates = await interleaved(names, rounds, (name, round) => sample(contestants.get(name), round));
    const levels = [...contestants].map(([name, { held, kept, cpuMillis, behind, rssBytes }]) => ({
      ...{ held, kept },
      recordsPerSecond: summary(rates[name] ?? []),
      ratio: ratio(rates[name] ?? [], rates[nameOf({ held: 1_000, kept })] ?? []),
      cpuMillis: summary(cpuMillis),
      rssMib: Math.round(rssBytes / MIB),
      behindMillis: summary(behind),
    }));
    return {
      bench: 'log',
      date: new Date().toISOString(),
      machine: machine(),
      version: ownVersion(),
      effort: { rounds, most },
      levels,
    };
  } finally {
    for (const { child, load } of contestants.values()) {
      load.close();
      await child.close();
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

export const nameOf = ({ held, kept }: { readonly held: number; readonly kept: boolean }): string =>
  `${held.toLocaleString('en')}${kept ? ', kept' : ''}`;

async function contestant({ held, kept }: { held: number; kept: boolean }, folder: string): Promise<Contestant> {
  const directory = kept ? [join(folder, String(held))] : [];
  const { hello: url, child } = await startChild<'usage', Usage, string>('log/services-process.ts', directory, {});
  const load = logLoad(url);
  await load.create('warm');
  await load.fill('warm', WARM_UP);
  await load.remove('warm');
  const made = { held, kept, load, child, stream: undefined, cpuMillis: [], behind: [], rssBytes: 0 };
  return held < LARGE ? made : { ...made, stream: await filled(load, 'log', held) };
}

async function filled(load: LogLoad, stream: string, records: number): Promise<string> {
  await load.create(stream);
  await load.fill(stream, records);
  return stream;
}

async function sample(contestant: Contestant | undefined, round: number): Promise<number> {
  if (contestant === undefined) throw new Error('there is no such log');
  const { load, child, held } = contestant;
  const stream = contestant.stream ?? (await filled(load, `log-${round}`, held));
  const reader = await load.reader(stream);
  const before = await child.ask('usage');
  const reading = reader.read(SAMPLE);
  const began = performance.now();
  await load.fill(stream, SAMPLE);
  const seconds = (performance.now() - began) / 1_000;
  contestant.behind.push(await reading);
  const after = await child.ask('usage');
  contestant.cpuMillis.push((after.cpuMicros - before.cpuMicros) / SAMPLE);
  contestant.rssBytes = Math.max(contestant.rssBytes, after.rssBytes);
  if (contestant.stream === undefined) await load.remove(stream);
  return SAMPLE / seconds;
}
