import { defineConfig } from 'vitest/config';

/** The gate for systems: run by `npm run test:systems`, not by `npm test`. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/systems/gate/*.gate.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['verbose'],
  },
});
