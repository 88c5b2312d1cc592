import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '../..');
const CLI = join(ROOT, 'bin/sluice.ts');
/** What the app of the orders system is made of. */
const SOURCES = ['bin', 'lib', 'lambdas', 'schemas', 'cdk.json', 'package.json'];
const ENTRY = 'lambdas/orders/place-order.ts';
/** Between two changes, so that what the last one set off is over. */
const PAUSE_MS = 500;

/**
 * How long a change of a function's code takes to be deployed by `sluice local --watch`, on a copy of the orders system.
 * @returns from the write of the file to the `deployed` line, milliseconds
 */
export async function codeChanges(rounds: number): Promise<number[]> {
  // Inside the project, so that the copy finds the packages.
  mkdirSync(join(ROOT, '.build'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.build', 'bench-watch-'));
  for (const source of SOURCES) cpSync(join(ROOT, source), join(folder, source), { recursive: true });
  const child = spawn(process.execPath, [CLI, 'local', '--watch', '--port', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (start: string): Promise<void> => {
    const { value, done } = await lines.next();
    if (done || !String(value).startsWith(start)) throw new Error(`expected "${start}", sluice said "${value}"`);
  };
  try {
    await next('ready ');
    const samples: number[] = [];
    // The first change compiles what the others find compiled.
    for (let round = 0; round <= rounds; round++) {
      await sleep(PAUSE_MS);
      const began = performance.now();
      appendFileSync(join(folder, ENTRY), `export const round${round} = ${round};\n`);
      await next('deployed 1 ');
      if (round > 0) samples.push(performance.now() - began);
    }
    return samples;
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}
