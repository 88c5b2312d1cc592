import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { conformancePage, readCases, TABLE_FILE } from './table.ts';

it('docs/conformance.md is current (else: node test/local/conformance/table.ts)', () => {
  expect(readFileSync(TABLE_FILE, 'utf8')).toBe(conformancePage());
});

it('every behaviour is named once', () => {
  const names = readCases().map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

it('what is not wholly faithful says why', () => {
  const silent = readCases().filter(({ faithful = 'yes', remark }) => faithful !== 'yes' && !remark);
  expect(silent).toEqual([]);
});
