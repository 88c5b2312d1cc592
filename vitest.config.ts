import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // Deploys to an endpoint of its own: npm run test:localstack.
    exclude: ['test/compatible/orders.test.ts'],
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
