import { expect, it } from 'vitest';
import { committedPage, currentPage } from './rules-table.ts';

it('the table of rules in docs/lint.md is current (else: node test/lint/rules-table.ts)', () => {
  expect(committedPage()).toBe(currentPage());
});
