import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

interface Member {
  readonly where: string;
  readonly text: string;
  readonly comment: string;
}

/** Members of the interfaces that people fill in: props of constructs, options of declarations, settings. */
function members(folder: string): Member[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.flatMap((file) => {
    const source = readFileSync(join(ROOT, folder, file), 'utf8');
    const interfaces = source.matchAll(/^export interface (\w*(?:Props|Options|Settings))\b[^{]*\{\n([\s\S]*?)^\}/gm);
    return [...interfaces].flatMap(([, name = '', body = '']) =>
      [...body.matchAll(/((?: {2}\/\*\*[\s\S]*?\*\/\n)?)^ {2}(\S.*?[:(].*)$/gm)]
        .filter(([, , text = '']) => !/^[*/}|]/.test(text))
        .map(([, comment = '', text = '']) => ({ where: `${folder}/${file} ${name}`, text, comment })),
    );
  });
}

describe.each(['lib/constructs', 'lib/contracts'])('what is filled in, in %s', (folder) => {
  const all = members(folder);

  it('is readonly', () => {
    expect(all.length).toBeGreaterThan(20);
    expect(
      all.filter(({ text }) => !text.startsWith('readonly ')).map(({ where, text }) => `${where}: ${text}`),
    ).toEqual([]);
  });

  it('says what happens when it is left out', () => {
    const silent = all.filter(({ text, comment }) => /^readonly \w+\?/.test(text) && !/@default \S/.test(comment));
    expect(silent.map(({ where, text }) => `${where}: ${text}`)).toEqual([]);
  });
});

it('no construct takes props that have no name', () => {
  const nameless = readdirSync(join(ROOT, 'lib/constructs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) =>
      /^ {2}constructor\([^)]*props: [^)=]*\{/m.test(readFileSync(join(ROOT, 'lib/constructs', file), 'utf8')),
    );
  expect(nameless).toEqual([]);
});
