import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { confirm } from '../../../bin/options/confirm.ts';
import { openTerminal, styled } from '../../../bin/terminal/terminal.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** The streams of this process as they are for a person, or redirected. @returns what is written to standard error */
function streams(err: boolean, out = err, columns?: number): string[] {
  const written: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  define(process.stderr, { isTTY: err, columns });
  define(process.stdout, { isTTY: out });
  vi.stubEnv('FORCE_COLOR', undefined);
  vi.stubEnv('NO_COLOR', undefined);
  vi.stubEnv('TERM', 'xterm');
  return written;
}
const undo: (() => void)[] = [];
afterEach(() => {
  for (const one of undo.splice(0)) one();
});
function define(stream: NodeJS.WriteStream, values: object) {
  for (const [name, value] of Object.entries(values)) {
    const before = Object.getOwnPropertyDescriptor(stream, name);
    Object.defineProperty(stream, name, { value, configurable: true });
    undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(stream, name);
      else Object.defineProperty(stream, name, before);
    });
  }
}

describe('a terminal', () => {
  it.each([
    ['a person', true, true, false, true, true],
    ['a machine', false, false, false, false, false],
    ['a person who wants JSON', true, true, true, false, false],
    // `sluice cost > cost.txt`: bars for the person, and no box or colour in the file.
    ['a file, before a person', true, false, false, false, true],
    ['a person whose messages go to a file', false, true, false, true, false],
  ])('is rich or plain for %s', (_, err, out, json, rich, live) => {
    const written = streams(err, out);
    const terminal = openTerminal({ json });
    expect([terminal.json, terminal.rich]).toEqual([json, rich]);
    terminal.note('told');
    terminal.status('now');
    expect(written).toEqual(['told\n', ...(live ? ['\r\u001B[Know'] : [])]);
    const before = written.length;
    const bar = terminal.progress('placing', 2);
    bar.step();
    bar.stop();
    expect(written.slice(before).join('').includes('placing')).toBe(live);
    expect(styled(terminal, 'red', 'text') === 'text').toBe(!rich);
  });

  it('keeps its last line at the end, as wide as the window, until it is taken away', () => {
    const written = streams(true, true, 10);
    const terminal = openTerminal({ json: false });
    terminal.status('0123456789abc');
    terminal.note('told');
    terminal.status('');
    terminal.note('plain');
    const clear = '\r\u001B[K';
    expect(written).toEqual([`${clear}012345678`, `${clear}told\n012345678`, clear, 'plain\n']);
    const unknown = streams(true);
    openTerminal({ json: false }).status('x'.repeat(100));
    expect(unknown).toEqual([`${clear}${'x'.repeat(79)}`]);
  });
});

describe('a question', () => {
  it.each<readonly [string, boolean, boolean]>([
    ...['y', 'Y', 'yes', 'YES', ' y '].map((answer) => [answer, true, true] as const),
    ...['', 'n', 'no', 'yep', 'ye', 'ay', 'sy'].map((answer) => [answer, true, false] as const),
    ['y', false, false],
  ])("answered with '%s' on a terminal (%s): %s", async (answer, isTTY, agreed) => {
    const written = streams(true);
    const stdin = Object.assign(new PassThrough(), { isTTY });
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(stdin as never);
    stdin.end(`${answer}\n`);
    expect(await confirm('Do it?')).toBe(agreed);
    expect(written.join('').includes('Do it? [y/N] ')).toBe(isTTY);
  });
});
