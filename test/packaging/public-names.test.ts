import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { API_PAGE, apiPage } from '../../packaging/api-page.ts';
import { ENTRIES } from '../../packaging/build.ts';
import { publicNames } from '../../packaging/public-names.ts';

const ROOT = join(import.meta.dirname, '../..');

describe.each(ENTRIES)('sluice/%s', (entry) => {
  it('says of every name what it is', () => {
    const names = publicNames(entry);
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter(({ summary }) => summary === '').map(({ name }) => name)).toEqual([]);
  });
});

it('every construct is public', () => {
  const folder = join(ROOT, 'lib/constructs');
  const constructs = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [
      ...readFileSync(join(folder, file), 'utf8').matchAll(/^export class (\w+) extends Construct/gm),
    ])
    .map(([, name]) => name);
  expect(constructs.length).toBeGreaterThan(10);
  const known = publicNames('constructs').map(({ name }) => name);
  expect(constructs.filter((name) => !known.includes(name ?? ''))).toEqual([]);
});

it('docs/api.md is what the code says; `node packaging/api-page.ts` writes it anew', () => {
  expect(readFileSync(API_PAGE, 'utf8')).toBe(apiPage());
});

it.each([
  ['library.md', 1],
  ['first-consumer.md', 11],
])('docs/%s shows the files of the example as they are', (name, count) => {
  const page = readFileSync(join(ROOT, 'docs', name), 'utf8');
  const shown = [...page.matchAll(/<!-- (?<file>packaging\/example\/\S+) -->\n```\w+\n(?<text>[\s\S]*?)```/g)];
  expect(shown.length).toBe(count);
  for (const { groups = {} } of shown) {
    expect(groups.text, groups.file).toBe(readFileSync(join(ROOT, groups.file ?? ''), 'utf8'));
  }
});
