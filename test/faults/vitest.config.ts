import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

/** The project's tests, or those under one folder: `related` takes no other filter. */
export default defineConfig({
  ...base,
  test: { ...base.test, include: [`${process.env.FAULTS_TESTS ?? 'test'}/**/*.test.ts`] },
});
