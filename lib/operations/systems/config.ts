import type { System } from './system.ts';

/** What `sluice.config.ts` exports by default. */
export interface SluiceConfig {
  /** What the tools work on: the first is the one that `demo` runs. */
  readonly systems: readonly System[];
}

/** Types a config where it is written: `export default defineConfig({ systems: [...] })`. @returns what it was given */
export const defineConfig = (config: SluiceConfig): SluiceConfig => config;
