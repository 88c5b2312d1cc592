import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openDatabase, STATE_FORMAT } from '../../../lib/local/state/database.ts';
import { memoryOf } from '../../../lib/local/state/memory-of.ts';
import { placeState } from '../../../lib/local/state/place.ts';
import { openState, type State } from '../../../lib/local/state/state.ts';
import { temporaryDirectory } from './support.ts';

describe('what is remembered for a while', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: 1_000 }));
  afterEach(() => void vi.useRealTimers());
  const at = (time: number) => vi.setSystemTime(time);
  const keysIn = (state: State) => [...state.store('m').entries()].map(([key]) => key);

  it.each(['in memory', 'in a file'])(
    'is gone when its time is over, to the millisecond, and takes no room then (%s)',
    (where) => {
      const state = where === 'in a file' ? openState(temporaryDirectory()) : undefined;
      const memory = memoryOf<number>('m', 100, state);
      memory.set('a', 1);
      at(1_050);
      memory.set('b', 2);
      at(1_099);
      expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([1, 2, undefined]);
      at(1_100);
      expect([memory.get('a'), memory.get('b')]).toEqual([undefined, 2]);
      if (state !== undefined) expect(keysIn(state)).toEqual(['a', 'b']);
      memory.set('c', 3);
      if (state !== undefined) expect(keysIn(state)).toEqual(['b', 'c']);
      memory.forgetBelow('b');
      expect([memory.get('b'), memory.get('c')]).toEqual([undefined, 3]);
      state?.close();
    },
  );

  it('lasts from when it was set last, and those set before it go first, over a restart too', () => {
    const directory = temporaryDirectory();
    const first = openState(directory);
    const memory = memoryOf<number>('m', 100, first);
    memory.set('a', 1);
    at(1_010);
    memory.set('b', 2);
    at(1_060);
    memory.set('a', 3);
    at(1_110);
    memory.set('c', 4);
    expect([memory.get('a'), memory.get('b')]).toEqual([3, undefined]);
    expect(keysIn(first).toSorted()).toEqual(['a', 'c']);
    first.close();
    at(1_160);
    const second = openState(directory);
    const again = memoryOf<number>('m', 100, second);
    // What was over while nobody looked is gone as well.
    expect([again.get('a'), again.get('c'), keysIn(second)]).toEqual([undefined, 4, ['c']]);
    second.close();
  });
});

describe('a state', () => {
  it.each<[string, (state: State) => void]>([
    ['put', (state) => state.store('s').put('b', '2')],
    ['deleted', (state) => state.store('s').delete('a')],
    ['deleted below', (state) => state.store('s').deleteBelow('a')],
    ['made', (state) => void state.store('another')],
  ])('has something to wait for once something is %s', async (_, change) => {
    const state = openState(temporaryDirectory());
    state.store('s').put('a', '1');
    await state.settled();
    expect(state.settled()).toBeUndefined();
    change(state);
    expect(state.settled()).toBeInstanceOf(Promise);
    await state.settled();
    expect(state.settled()).toBeUndefined();
    state.close();
  });

  it('of an older format becomes one of ours as it is opened', () => {
    const directory = temporaryDirectory();
    openState(directory).close();
    const version = (set?: number) => {
      const database = new DatabaseSync(join(directory, 'sluice.db'));
      if (set !== undefined) database.exec(`PRAGMA user_version = ${set}`);
      const found = Object.values(database.prepare('PRAGMA user_version').get() ?? {})[0];
      database.close();
      return found;
    };
    expect(version(1)).toBe(1);
    openState(directory).close();
    expect(version()).toBe(STATE_FORMAT);
  });

  it('that cannot be opened is let go of', () => {
    const directory = temporaryDirectory();
    openState(directory).close();
    const version = (set: number) => {
      const database = new DatabaseSync(join(directory, 'sluice.db'));
      database.exec(`PRAGMA user_version = ${set}`);
      database.close();
    };
    version(99);
    expect(() => openDatabase(directory)).toThrow('has format 99');
    // Had the lock been kept, nobody could write.
    version(STATE_FORMAT);
    openDatabase(directory).close();
  });
});

describe('a state that moves to another address', () => {
  const URL = 'http://127.0.0.1:1';
  const place = (state: State, url: string, region = 'us-east-1') => placeState(state, { region, url });

  it('names the new one wherever queues and stacks name the old one, and nowhere else', () => {
    const state = openState(temporaryDirectory());
    const names = ['sqs-queues', 'stacks', 'stack-resources', 'stack-leftovers', 'others'];
    const text = `${URL}/q and ${URL}/p, http://127.0.0.1:2 and undefined`;
    for (const name of names) state.store(name).put('k', text);
    const texts = () => names.map((name) => String(state.store(name).get('k')));
    place(state, URL);
    expect(texts()).toEqual(names.map(() => text));
    place(state, URL);
    expect(texts()).toEqual(names.map(() => text));
    place(state, 'http://127.0.0.1:9');
    const moved = 'http://127.0.0.1:9/q and http://127.0.0.1:9/p, http://127.0.0.1:2 and undefined';
    expect(texts()).toEqual([moved, moved, moved, moved, text]);
    place(state, URL);
    expect(texts()).toEqual(names.map(() => text));
    expect(() => place(state, URL, 'eu-west-1')).toThrow('is of region us-east-1; the engine was asked for eu-west-1');
    state.close();
  });
});
