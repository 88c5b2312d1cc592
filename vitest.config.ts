import { defineConfig } from 'vitest/config';
import { SLOW } from './test/integration/slow.ts';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // npm run test:localstack deploys to an endpoint of its own; npm run test:integration runs what takes long.
    exclude: ['test/compatible/orders.test.ts', ...SLOW],
    // Real processes: tests set environment variables and start servers.
    pool: 'forks',
    maxWorkers: 2,
    // A first synthesis loads the CDK: seconds on an idle machine, half a minute on a crowded one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    restoreMocks: true,
    unstubEnvs: true,
  },
});
