import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InputLine, readLines } from '../../../lib/operations/traffic/ndjson.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-ndjson-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(text: string): string {
  const file = join(folder, 'input.ndjson');
  writeFileSync(file, text);
  return file;
}

async function collect(lines: AsyncIterable<InputLine>): Promise<InputLine[]> {
  const all: InputLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe('readLines', () => {
  it.each([
    [
      'one a line',
      '{"a":1}\n{"a":2}\n',
      [
        { line: 1, value: { a: 1 } },
        { line: 2, value: { a: 2 } },
      ],
    ],
    [
      'no line end at the end',
      '1\n2',
      [
        { line: 1, value: 1 },
        { line: 2, value: 2 },
      ],
    ],
    [
      'line ends of Windows',
      '1\r\n2\r\n',
      [
        { line: 1, value: 1 },
        { line: 2, value: 2 },
      ],
    ],
    [
      'empty lines, which count',
      '1\n\n  \n2',
      [
        { line: 1, value: 1 },
        { line: 4, value: 2 },
      ],
    ],
    ['an empty file', '', []],
  ])('reads %s', async (_, text, expected) => {
    expect(await collect(readLines(fileOf(text)))).toEqual(expected);
  });

  it('goes on after a line that is not JSON, and names it', async () => {
    const lines = await collect(readLines(fileOf('1\n{broken\n3')));
    expect(lines).toEqual([
      { line: 1, value: 1 },
      { line: 2, error: expect.stringMatching(/^line 2 is not JSON: /) },
      { line: 3, value: 3 },
    ]);
  });

  it('says which file does not exist', async () => {
    await expect(collect(readLines('/no/such/file'))).rejects.toThrow(
      '--file /no/such/file does not exist. Name a file with one JSON object a line, or - for standard input.',
    );
  });
});
