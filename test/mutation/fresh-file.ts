import { afterAll, vi } from 'vitest';

declare global {
  var __stryker__: { activeMutant?: string | undefined } | undefined;
}

const environment = { ...process.env };

/** The worker is kept: the next file must not meet this file's mutant while it loads, nor its environment. */
afterAll(() => {
  if (globalThis.__stryker__ !== undefined) globalThis.__stryker__.activeMutant = undefined;
  // Otherwise the first test of the next file would put back what this file had before its last stub.
  vi.unstubAllEnvs();
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
});
