import { defineConfig, type Plugin } from 'vitest/config';
import base from '../../vitest.config.ts';
import { keptWorker, stopKeptWorker } from './kept-worker.ts';

/** Stryker names a pool of its own choice; this takes its place. */
const keepWorkers: Plugin = {
  name: 'keep-workers',
  configureVitest({ project, vitest }) {
    project.config.pool = 'kept';
    project.config.poolRunner = { name: 'kept', createPoolWorker: keptWorker };
    vitest.onClose(stopKeptWorker);
  },
};

/**
 * The unit tests of the folders that are mutated; Stryker runs each mutant against the tests that reach it. Without those that draw
 * their examples: chance would be part of the score.
 */
export default defineConfig({
  plugins: [keepWorkers],
  test: {
    ...base.test,
    include: ['test/{contracts,runtime,lint,constructs}/**/*.test.ts', 'test/local/{iam,state,services}/**/*.test.ts'],
    // Chance would be part of the score; the app that is linted as a process does not see the mutants.
    exclude: ['**/*.property.test.ts', '**/random-faults.test.ts', 'test/lint/pack.test.ts'],
    setupFiles: ['test/mutation/fresh-file.ts'],
    maxWorkers: 1,
    // Stryker has its own; a test that is late on a busy machine has noticed nothing.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
