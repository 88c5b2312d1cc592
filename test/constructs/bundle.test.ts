import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunctions } from '../../lib/constructs/bundle.ts';

let root: string;
let codeOf: (entry: string) => string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-bundle-'));
  const files: Readonly<Record<string, string>> = {
    'tickets/answer.ts':
      "import { answer } from './parts/answer.ts';\nimport { basename } from 'node:path';\nexport const handler = async (): Promise<string> => basename(answer);\n",
    'tickets/other.ts': 'export const handler = async () => 1;\n',
    'tickets/parts/answer.ts': "export const answer: string = '/deep/thought';\n",
    'notes.md': 'not a system',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, 'source', name, '..'), { recursive: true });
    writeFileSync(join(root, 'source', name), text);
  }
  codeOf = bundleFunctions({ source: join(root, 'source'), output: join(root, 'output') });
});
afterAll(() => rmSync(root, { recursive: true }));

describe('bundleFunctions', () => {
  it('makes a module of each function that runs by itself', async () => {
    const file = join(codeOf('tickets/answer'), 'index.mjs');
    const { handler } = (await import(pathToFileURL(file).href)) as { handler: () => Promise<string> };
    expect(await handler()).toBe('thought');
    expect(readFileSync(file, 'utf8')).not.toContain('parts/answer');
  });

  it.each(['tickets/missing', 'tickets/parts', 'answer'])("says what there is when asked for '%s'", (entry) => {
    const path = join(relative(process.cwd(), join(root, 'source')), `${entry}.ts`);
    expect(() => codeOf(entry)).toThrow(
      `there is no function '${entry}': ${path} does not exist (known: tickets/answer, tickets/other)`,
    );
  });
});
