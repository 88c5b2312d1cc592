import { defineConfig } from 'vitest/config';

/** Run by `npm run test:localstack`, not by `npm test`. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/compatible/orders.test.ts'],
    pool: 'forks',
    // Emulators poll once a second, and some start a container for each function.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // What is skipped is listed with its reason.
    reporters: ['verbose'],
  },
});
