import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const BYTES_PER_GIB = 1024 ** 3;

/** What a result was measured on. */
export interface Machine {
  readonly node: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryGib: number;
  readonly platform: string;
}

export const machine = (): Machine => ({
  node: process.version,
  cores: availableParallelism(),
  processor: cpus()[0]?.model ?? 'unknown',
  memoryGib: Math.round(totalmem() / BYTES_PER_GIB),
  platform: `${process.platform} ${process.arch}`,
});

/** Versions as installed. */
export const versionsOf = (packages: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(packages.map((name) => [name, manifest(join(ROOT, 'node_modules', name)).version]));

/** Sluice's version, the commit, and whether files of its own have changed since. */
export function ownVersion(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  const changed =
    git('status', '--porcelain', '--', 'lib', 'bench/functions', 'bench/outage') === '' ? '' : ', with changes';
  return `${manifest(ROOT).version} (${git('rev-parse', '--short', 'HEAD')}${changed})`;
}

const manifest = (folder: string): { readonly version: string } =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
