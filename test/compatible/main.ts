import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT_INTERRUPTED, interrupted } from '../../bin/options/signals.ts';
import { type Ministack, startMinistack } from './ministack.ts';

/**
 * `npm run test:localstack`: the tests of this folder at the endpoint in AWS_ENDPOINT_URL, or at a MiniStack that is started for them and
 * ended afterwards, whatever happens. Arguments go to vitest.
 */
const ROOT = join(import.meta.dirname, '..', '..');
const DELETE_TRIES = 5;

const stop = interrupted();
const given = process.env.AWS_ENDPOINT_URL;
const scratch = mkdtempSync(join(tmpdir(), 'sluice-compatible-'));
let ministack: Ministack | undefined;
try {
  if (given === undefined || given === '') ministack = await startMinistack();
  process.exitCode = stop.signal.aborted ? EXIT_INTERRUPTED : await runTests(ministack?.url ?? String(given));
} finally {
  await ministack?.close();
  // Tests that are cut off delete nothing themselves.
  rmSync(scratch, { recursive: true, force: true, maxRetries: DELETE_TRIES });
}

async function runTests(endpoint: string): Promise<number> {
  console.log(`testing at ${endpoint}`);
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const config = join(import.meta.dirname, 'vitest.config.ts');
  const tests = spawn(process.execPath, [vitest, 'run', '--config', config, '--root', ROOT, ...process.argv.slice(2)], {
    env: { ...process.env, AWS_ENDPOINT_URL: endpoint, TMPDIR: scratch },
    stdio: 'inherit',
  });
  // Ctrl-C in a shell reaches vitest by itself; a kill of this process does not.
  stop.signal.addEventListener('abort', () => tests.kill());
  const [code] = await once(tests, 'close');
  return typeof code === 'number' ? code : EXIT_INTERRUPTED;
}
