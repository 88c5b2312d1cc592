import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CALL_FAULTS, INVOKE_FAULTS } from '../../lib/testing/calls/faults.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/testing-handlers.md'), 'utf8');

/** `test/packaging/package.test.ts` runs those files. */
it('docs/testing-handlers.md shows nothing but what stands in the tests of the example', () => {
  const blocks = [...PAGE.matchAll(/(?:<!-- (?<file>\S+) -->\n)?```ts\n(?<code>[\s\S]*?)```/g)];
  expect(blocks.length).toBe(5);
  for (const { groups = {} } of blocks) {
    const { file = 'a file named above it', code = '' } = groups;
    expect(readFileSync(join(ROOT, file), 'utf8'), file).toContain(code);
  }
});

it('docs/testing-handlers.md names all that can go wrong', () => {
  const named = new Set([...PAGE.matchAll(/`([a-z-]+)`/g)].map(([, word]) => word));
  expect([...CALL_FAULTS, ...INVOKE_FAULTS].filter((fault) => !named.has(fault))).toEqual([]);
});
