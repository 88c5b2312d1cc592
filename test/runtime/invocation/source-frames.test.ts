import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Nobody imports the file: it is put before what is bundled, so that it is tried out as it runs, in processes of their own. */
const FRAMES = join(import.meta.dirname, '../../../lib/runtime/invocation/source-frames.ts');

const SOURCE = `// The bundle has no such line.
export const places: Record<string, () => unknown> = {
  early: () => fail(), deep: () => { const unused = [1, 2, 3]; if (unused.length > 2) throw new Error('deep'); },
  called: () => [1].map(() => { throw new Error('called'); }),
  nameless: () => { throw Object.defineProperty(new Error('x'), 'message', { get() { throw new Error('no message'); } }); },
  typed: () => { throw new TypeError('typed'); },
};
function fail(): never {
throw new Error('early');
}
`;
/** Where a text of the source is, as people count: from 1. */
const at = (text: string): string => {
  const lines = SOURCE.slice(0, SOURCE.indexOf(text)).split('\n');
  return `${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`;
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-frames-'));
  writeFileSync(join(folder, 'places.ts'), SOURCE);
  buildSync({
    entryPoints: [join(folder, 'places.ts')],
    outfile: join(folder, 'bundle.mjs'),
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node24', inject: [FRAMES] },
    ...{ minifyWhitespace: true, minifySyntax: true, sourcemap: 'linked', sourcesContent: false },
  });
  copyFileSync(join(folder, 'bundle.mjs'), join(folder, 'mapless.mjs'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Lines of the stack of what a place throws. */
function stackOf(place: string, bundle = 'bundle.mjs', ...options: readonly string[]): readonly string[] {
  const url = pathToFileURL(join(folder, bundle)).href;
  const program = `import('${url}').then(({ places }) => places.${place}()).catch(({ stack }) => console.log(stack))`;
  const stack = execFileSync(process.execPath, [...options, '-e', program], { cwd: folder, encoding: 'utf8' });
  return stack.replaceAll(pathToFileURL(folder).href, 'FOLDER').replaceAll(relative('/', folder), 'FOLDER').split('\n');
}

describe('the stack of an error in a bundle', () => {
  it.each([
    ['in the first column', 'early', 'Error: early', `at fail (places.ts:${at("new Error('early')")})`],
    ['far to the right', 'deep', 'Error: deep', `at Object.deep (places.ts:${at("new Error('deep')")})`],
    ['in a function without a name', 'called', 'Error: called', `at places.ts:${at("new Error('called')")}`],
    ['of another class', 'typed', 'TypeError: typed', `at Object.typed (places.ts:${at("new TypeError('typed')")})`],
    ['that cannot be made a text', 'nameless', 'Error', `at Object.nameless (places.ts:${at("new Error('x')")})`],
  ])('names line and column of the source: %s', (_, place, head, frame) => {
    expect(stackOf(place).slice(0, 2)).toEqual([head, `    ${frame}`]);
  });

  it('leaves the frames of others as they are, and goes on behind them', () => {
    const frames = stackOf('called');
    expect(frames[2]).toBe('    at Array.map (<anonymous>)');
    expect(frames[3]).toBe(`    at Object.called (places.ts:${at('map(() => {')})`);
    expect(frames[4]).toMatch(/^ {4}at \[eval\]:1:\d+$/);
  });

  it('names the bundle when there is no map', () => {
    expect(stackOf('typed', 'mapless.mjs')[1]).toMatch(/^ {4}at Object\.typed \(FOLDER\/mapless\.mjs:\d+:\d+\)$/);
  });

  it('is left to Node where its own source maps are asked for', () => {
    const frames = stackOf('typed', 'bundle.mjs', '--enable-source-maps').join('\n');
    expect(frames).toContain('/places.ts:');
    expect(frames).not.toContain('(places.ts:');
  });
});
