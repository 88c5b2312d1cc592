import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FileWatcher, watchFiles } from '../../../bin/apps/watch-files.ts';

/** Turns of the event loop without anything new until all is taken for seen. */
const QUIET_TURNS = 300;
const PATIENCE_MS = 10_000;

let folder: string;
let watcher: FileWatcher;
let told: (readonly string[])[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-watch-'));
  for (const name of ['lib', 'out', 'node_modules', '.git']) mkdirSync(join(folder, name));
  told = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const watch = { include: ['**'], exclude: ['**/*.md'] };
  const app = { folder, command: 'true', output: join(folder, 'out'), context: {}, watch };
  watcher = watchFiles(app, (files) => void told.push(files));
});
afterEach(() => {
  watcher.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const write = (name: string, text = name) => writeFileSync(join(folder, name), text);

/** Lets the changes arrive, then the time pass in which a save settles. */
async function settled(): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (vi.getTimerCount() === 0) {
    if (Date.now() > deadline) throw new Error('no change was noticed');
    await setImmediate();
  }
  for (let turn = 0; turn < QUIET_TURNS; turn++) await setImmediate();
  vi.advanceTimersByTime(50);
}
/** What was told, every list in its own order. */
const lists = () => told.map((files) => files.toSorted());

describe('watchFiles', () => {
  it('tells what is saved in many steps once, and what is saved together at once', async () => {
    for (let step = 0; step < 5; step++) write('lib/a.ts', `step ${step}`);
    for (const name of ['lib/b.ts', 'c.ts', 'lib/d.ts']) write(name);
    await settled();
    expect(lists()).toEqual([['c.ts', 'lib/a.ts', 'lib/b.ts', 'lib/d.ts']]);
    write('lib/a.ts', 'again');
    await settled();
    expect(lists().slice(1)).toEqual([['lib/a.ts']]);
  });

  it('waits as long as more comes', async () => {
    for (let step = 0; step < 4; step++) {
      write('lib/a.ts', `step ${step}`);
      while (vi.getTimerCount() === 0) await setImmediate();
      for (let turn = 0; turn < QUIET_TURNS; turn++) await setImmediate();
      expect(vi.getTimerCount()).toBe(1);
      vi.advanceTimersByTime(40);
      expect(told).toEqual([]);
    }
    vi.advanceTimersByTime(10);
    expect(lists()).toEqual([['lib/a.ts']]);
  });

  it('passes over what is installed, hidden, made or excluded', async () => {
    for (const name of ['node_modules/x.js', '.git/HEAD', '.env', 'out/x.json', 'notes.md', 'lib/notes.md'])
      write(name);
    write('lib/a.ts');
    await settled();
    expect(lists()).toEqual([['lib/a.ts']]);
  });

  it('follows folders that come, with what is in them, and forgets those that go', async () => {
    mkdirSync(join(folder, 'new/deep'), { recursive: true });
    write('new/a.ts');
    write('new/deep/b.ts');
    await settled();
    expect(told.flat()).toEqual(expect.arrayContaining(['new', 'new/a.ts', 'new/deep/b.ts']));
    told = [];
    write('new/deep/b.ts', 'changed');
    await settled();
    expect(lists()).toEqual([['new/deep/b.ts']]);
    told = [];
    renameSync(join(folder, 'new'), join(folder, 'old'));
    await settled();
    expect(told.flat()).toEqual(expect.arrayContaining(['new', 'old/a.ts']));
  });

  it('tells nothing more once it is closed', async () => {
    write('lib/a.ts');
    while (vi.getTimerCount() === 0) await setImmediate();
    watcher.close();
    vi.advanceTimersByTime(1_000);
    write('lib/b.ts');
    for (let turn = 0; turn < QUIET_TURNS; turn++) await setImmediate();
    expect([told, vi.getTimerCount()]).toEqual([[], 0]);
  });
});
