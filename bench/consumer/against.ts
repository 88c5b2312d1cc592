import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BundleOptions } from '../../lib/constructs/functions/bundle.ts';
import { outputOf } from '../child.ts';
import { type Machine, machine } from '../machine.ts';
import { interleaved, ratio, type Summary, summary } from '../statistics.ts';
import { environmentOf } from './contestants.ts';
import { cpuMicrosPerRecord, type Effort } from './run.ts';
import { startBenchServices } from './services.ts';

/** Whether a change made our own consumer slower: this checkout beside another one, in one run. */
export interface Against {
  readonly bench: 'consumer-against';
  readonly date: string;
  readonly machine: Machine;
  readonly effort: Effort;
  readonly sides: Readonly<Record<Side, Figures>>;
  /** This checkout to the other: 1.05 is 5 % more. Medians of the ratios of each round. */
  readonly ratios: { readonly bundleBytes: number; readonly loadMillis: number; readonly cpuMicrosPerRecord: number };
}

interface Figures {
  readonly commit: string;
  readonly bundleBytes: number;
  readonly loadMillis: Summary;
  readonly cpuMicrosPerRecord: Summary;
}

const SIDES = ['now', 'before'] as const;
type Side = (typeof SIDES)[number];

const ROOT = join(import.meta.dirname, '..', '..');
/** Where the bundler is, and where it was before. */
const BUNDLERS = ['lib/constructs/functions/bundle.ts', 'lib/constructs/bundle.ts'];
const bundlerOf = (folder: string): string => {
  const places = BUNDLERS.map((place) => join(folder, place));
  const found = places.find((place) => existsSync(place));
  if (found === undefined)
    throw new Error(`${folder} is no checkout of this project: it has none of ${places.join(', ')}`);
  return found;
};

/** @param folder another checkout, with its packages installed */
export async function benchAgainst(folder: string, effort: Effort, progress: (text: string) => void): Promise<Against> {
  const folders: Readonly<Record<Side, string>> = { now: ROOT, before: resolve(folder) };
  progress('bundling each with its own bundler, starting the services');
  const files = { now: await bundleOf(folders.now), before: await bundleOf(folders.before) };
  const services = await startBenchServices();
  try {
    progress(`loading, ${effort.loads} times each`);
    const load = await interleaved(SIDES, effort.loads, async (side) =>
      Number(
        await outputOf('consumer/load.mjs', [urlOf(files[side])], environmentOf('sluice', services.url, services)),
      ),
    );
    progress(`CPU time, ${effort.cpuRounds} warm processes each`);
    const cpu = await interleaved(SIDES, effort.cpuRounds, (side, round) =>
      cpuMicrosPerRecord('sluice', urlOf(files[side]), `${side}-${round}`, effort, services),
    );
    const figures = (side: Side): Figures => ({
      commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: folders[side], encoding: 'utf8' }).trim(),
      bundleBytes: statSync(files[side]).size,
      loadMillis: summary(load[side]),
      cpuMicrosPerRecord: summary(cpu[side]),
    });
    return {
      bench: 'consumer-against',
      date: new Date().toISOString(),
      machine: machine(),
      effort,
      sides: { now: figures('now'), before: figures('before') },
      ratios: {
        bundleBytes: statSync(files.now).size / statSync(files.before).size,
        loadMillis: ratio(load.now, load.before),
        cpuMicrosPerRecord: ratio(cpu.now, cpu.before),
      },
    };
  } finally {
    await services.close();
  }
}

const urlOf = (file: string): string => pathToFileURL(file).href;

/** The file of the consumer that a checkout's own bundler makes of its own sources. */
async function bundleOf(folder: string): Promise<string> {
  const { bundleFunctions } = (await import(urlOf(bundlerOf(folder)))) as {
    bundleFunctions: (options: BundleOptions) => (entry: string) => string;
  };
  const codeOf = bundleFunctions({
    source: join(folder, 'bench', 'functions'),
    output: join(folder, '.build', 'bench-against'),
  });
  return join(codeOf('consumer/sluice'), 'index.mjs');
}

/** The figures as a table. */
export function againstTable({ sides, ratios }: Against): string {
  const spread = ({ median, lower, upper }: Summary, digits: number) =>
    `${median.toFixed(digits)} (${lower.toFixed(digits)} to ${upper.toFixed(digits)})`;
  const rows = [
    ['', ...SIDES.map((side) => `${side}, ${sides[side].commit}`), 'now / before'],
    ['bundle, bytes', ...SIDES.map((side) => String(sides[side].bundleBytes)), ratios.bundleBytes.toFixed(3)],
    ['load, ms', ...SIDES.map((side) => spread(sides[side].loadMillis, 1)), ratios.loadMillis.toFixed(3)],
    [
      'CPU per message, µs',
      ...SIDES.map((side) => spread(sides[side].cpuMicrosPerRecord, 0)),
      ratios.cpuMicrosPerRecord.toFixed(3),
    ],
  ];
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}
