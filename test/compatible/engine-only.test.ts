import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ENGINE_ONLY } from './engine-only.ts';

/** Run at every endpoint by `npm run test:localstack`. */
const EVERYWHERE = ['orders.test.ts'];

it('every integration test runs at any endpoint, or ENGINE_ONLY says why it cannot', () => {
  const files = readdirSync(join(import.meta.dirname, '..', 'integration')).filter((file) => file.endsWith('.test.ts'));
  expect([...EVERYWHERE, ...Object.keys(ENGINE_ONLY)].toSorted()).toEqual(files.toSorted());
});
