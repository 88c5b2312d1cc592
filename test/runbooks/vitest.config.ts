import { defineConfig } from 'vitest/config';

/** Run by `npm run test:runbooks`, not by `npm test`: it takes Python and PyPI for the AWS CLI. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/runbooks/*.commands.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    // The first run installs the AWS CLI.
    hookTimeout: 180_000,
    reporters: ['verbose'],
  },
});
