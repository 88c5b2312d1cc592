import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ServicesOptions } from '../../../lib/local/services.ts';
import { openState } from '../../../lib/local/state/state.ts';
import { type Harness, startHarness } from '../services/harness.ts';

/** A directory that is gone when the test is over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-state-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The data directory as a kill of the engine at this moment would leave it: what is written, and no farewell. */
export function leftBehind(directory: string): string {
  const copy = temporaryDirectory();
  cpSync(directory, copy, { recursive: true });
  return copy;
}

/** The data services on a data directory, and SDK clients; stopped when the test is over. */
export async function startOn(directory: string, options: ServicesOptions = {}): Promise<Harness> {
  const state = openState(directory);
  const harness = await startHarness({ state, ttlSweepMs: 50, ...options });
  onTestFinished(async () => {
    await harness.close();
    state.close();
  });
  return harness;
}
