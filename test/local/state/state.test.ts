import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { documents } from '../../../lib/local/state/documents.ts';
import { memoryOf } from '../../../lib/local/state/memory-of.ts';
import { openState } from '../../../lib/local/state/state.ts';
import { leftBehind, temporaryDirectory } from './support.ts';

test('what is settled is there after a kill; what is put in one turn is there together or not at all', async () => {
  const directory = temporaryDirectory();
  const state = openState(directory);
  const [first, second] = [state.store('first'), state.store('second')];
  first.put('a', '1');
  second.put('b', new Uint8Array([2]));
  const early = openState(leftBehind(directory));
  expect([...early.store('first').entries(), ...early.store('second').entries()]).toEqual([]);
  early.close();

  await state.settled();
  expect(state.settled()).toBeUndefined();
  const late = openState(leftBehind(directory));
  expect([...late.store('first').entries()]).toEqual([['a', '1']]);
  expect([...late.store('second').entries()]).toEqual([['b', new Uint8Array([2])]]);
  late.close();
  state.close();
});

test('entries come in the order in which their keys were first put', () => {
  const state = openState(temporaryDirectory());
  const store = documents<number>(state, 'numbers');
  for (const key of ['z', 'y/1', 'x', 'y/2']) store.put(key, 1);
  store.put('z', 2);
  store.delete('x');
  expect([...store.entries()]).toEqual([
    ['z', 2],
    ['y/1', 1],
    ['y/2', 1],
  ]);
  store.deleteBelow('y/');
  expect([...store.entries()]).toEqual([['z', 2]]);
  state.close();
});

test('closing writes what was put last', () => {
  const directory = temporaryDirectory();
  const state = openState(directory);
  state.store('any').put('key', 'value');
  state.close();
  const again = openState(directory);
  expect(again.store('any').get('key')).toBe('value');
  again.close();
});

test('two engines cannot have one directory; a closed one lets go', () => {
  const directory = temporaryDirectory();
  const state = openState(directory);
  expect(() => openState(directory)).toThrow(
    `The data directory ${directory} is in use by another engine. Stop that one, or name another directory.`,
  );
  state.close();
  openState(directory).close();
});

test('a directory of something else, or of another format, is refused by name', () => {
  const other = temporaryDirectory();
  writeFileSync(join(other, 'notes.txt'), 'mine');
  expect(() => openState(other)).toThrow(`${other} is not a data directory of the engine: it holds notes.txt`);

  const file = temporaryDirectory();
  writeFileSync(join(file, 'sluice.db'), 'no database at all, whatever its name says'.repeat(100));
  expect(() => openState(file)).toThrow(`${join(file, 'sluice.db')} cannot be read (file is not a database)`);

  const foreign = temporaryDirectory();
  const database = new DatabaseSync(join(foreign, 'sluice.db'));
  database.exec('CREATE TABLE mine (key)');
  database.close();
  expect(() => openState(foreign)).toThrow('is not the file of an engine');

  const future = temporaryDirectory();
  openState(future).close();
  const upgraded = new DatabaseSync(join(future, 'sluice.db'));
  upgraded.exec('PRAGMA user_version = 99');
  upgraded.close();
  expect(() => openState(future)).toThrow(
    `The data directory ${future} has format 99; this engine reads and writes format 2.`,
  );

  const deep = join(temporaryDirectory(), 'made', 'for', 'it');
  openState(deep).close();
  mkdirSync(join(deep, 'more'));
  openState(deep).close();
});

test('what is remembered for a while is remembered for the same while over a restart', () => {
  const directory = temporaryDirectory();
  const state = openState(directory);
  const [brief, long] = [memoryOf<number>('brief', 0, state), memoryOf<number>('long', 60_000, state)];
  brief.set('a/1', 1);
  long.set('a/1', 1);
  long.set('b/1', 2);
  state.close();
  const again = openState(directory);
  expect(memoryOf<number>('brief', 0, again).get('a/1')).toBeUndefined();
  const longAgain = memoryOf<number>('long', 60_000, again);
  expect(longAgain.get('b/1')).toBe(2);
  longAgain.forgetBelow('b/');
  expect(longAgain.get('b/1')).toBeUndefined();
  expect(longAgain.get('a/1')).toBe(1);
  again.close();
});
