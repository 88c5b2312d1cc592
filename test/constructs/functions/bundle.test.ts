import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunctions } from '../../../lib/constructs/functions/bundle.ts';

let root: string;
let codeOf: (entry: string) => string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-bundle-'));
  const files: Readonly<Record<string, string>> = {
    'tickets/answer.ts':
      "import { answer } from './parts/answer.ts';\nimport { basename } from 'node:path';\nexport const handler = async (): Promise<string> => basename(answer);\n",
    'tickets/other.ts': 'export const handler = async () => 1;\n',
    'tickets/failing.ts':
      "import { fail } from './parts/fail.ts';\n\nexport const handler = async () => {\n  fail('no answer');\n};\n",
    'tickets/requiring.ts':
      "import { createRequire } from 'node:module';\nimport old from './parts/old.cjs';\nconst require = createRequire(import.meta.url);\nexport const handler = async () => [old(), require('node:path').basename('/a/b')];\n",
    'tickets/parts/old.cjs': "const { basename } = require('node:path');\nmodule.exports = () => basename('/c/d');\n",
    'tickets/parts/fail.ts':
      '// A line that the bundle does not have.\nexport function fail(why: string): never {\n  throw new TypeError(why);\n}\n',
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
  it('lets another synthesis of the same checkout read whole files: what is the same stays, what is not is replaced at once', () => {
    const [same, other] = ['answer', 'other'].map((name) => join(codeOf(`tickets/${name}`), 'index.mjs')) as [
      string,
      string,
    ];
    const inode = (file: string) => statSync(file).ino;
    const whole = readFileSync(other, 'utf8');
    writeFileSync(other, 'of an older source');
    const before = [inode(same), inode(other)];
    const reader = openSync(other, 'r');
    try {
      bundleFunctions({ source: join(root, 'source'), output: join(root, 'output') });
      expect(readFileSync(reader, 'utf8')).toBe('of an older source');
    } finally {
      closeSync(reader);
    }
    expect(readFileSync(other, 'utf8')).toBe(whole);
    expect([inode(same) === before[0], inode(other) === before[1]]).toEqual([true, false]);
    expect(readdirSync(join(root, 'output'))).toEqual(['tickets']);
  });

  it('makes a module of each function that runs by itself', async () => {
    const file = join(codeOf('tickets/answer'), 'index.mjs');
    const { handler } = (await import(pathToFileURL(file).href)) as { handler: () => Promise<string> };
    expect(await handler()).toBe('thought');
    expect(readFileSync(file, 'utf8')).not.toContain('parts/answer');
  });

  it('has packages that call `require`, and those that make one for themselves', () => {
    const bundle = pathToFileURL(join(codeOf('tickets/requiring'), 'index.mjs')).href;
    const program = `import('${bundle}').then(({ handler }) => handler()).then((said) => console.log(said.join()))`;
    expect(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }).trim()).toBe('d,b');
  });

  it('has stack traces name the source, in a process without any option for it', () => {
    const bundle = pathToFileURL(join(codeOf('tickets/failing'), 'index.mjs')).href;
    const program = `import('${bundle}').then(({ handler }) => handler()).catch(({ stack }) => console.log(stack))`;
    const stack = execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' });
    const source = relative(process.cwd(), join(root, 'source/tickets'));
    expect(stack.split('\n').slice(0, 3)).toEqual([
      'TypeError: no answer',
      `    at fail (${source}/parts/fail.ts:3:9)`,
      `    at handler (${source}/failing.ts:4:3)`,
    ]);
  });

  it('says in the bundle nothing of where it lies', () => {
    const map = readFileSync(join(codeOf('tickets/answer'), 'index.mjs.map'), 'utf8');
    const { sources } = JSON.parse(map) as { sources: string[] };
    expect(sources).toContain(relative(process.cwd(), join(root, 'source/tickets/parts/answer.ts')));
    expect(sources).toContain('lib/runtime/invocation/source-frames.ts');
    expect(map).not.toContain(join(root, 'output'));
  });

  it.each(['tickets/missing', 'tickets/parts', 'answer'])("says what there is when asked for '%s'", (entry) => {
    const path = join(relative(process.cwd(), join(root, 'source')), `${entry}.ts`);
    expect(() => codeOf(entry)).toThrow(
      `there is no function '${entry}': ${path} does not exist (known: tickets/answer, tickets/failing, tickets/other, tickets/requiring)`,
    );
  });
});
