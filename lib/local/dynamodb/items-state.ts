import type { State } from '../state/state.ts';
import type { LevelOperation, Store, Table } from './dynalite.ts';
import { indexPrefix, itemPrefix, tableKey, tagPrefix } from './view.ts';

/** Entries put into the database at a time while it is filled. */
const LOAD_BATCH = 1_000;
const TABLE_PREFIX = tableKey('');

/** Brings back the tables, items and indexes of a state, and keeps every write from then on. */
export async function keepItems({ db }: Store, state: State): Promise<void> {
  const kept = state.store('dynamodb');
  let batch: LevelOperation[] = [];
  for (const [key, text] of kept.entries()) {
    const value: unknown = JSON.parse(Buffer.from(text).toString());
    batch.push({ type: 'put', key, value: key.startsWith(TABLE_PREFIX) ? readyAgain(value as Table) : value });
    if (batch.length < LOAD_BATCH) continue;
    await db.batch(batch);
    batch = [];
  }
  await db.batch(batch);
  db.on('write', (writes) => {
    for (const { encodedKey, encodedValue } of writes) {
      const key = Buffer.from(encodedKey).toString();
      if (encodedValue !== undefined) kept.put(key, encodedValue);
      else {
        kept.delete(key);
        if (key.startsWith(TABLE_PREFIX)) forget(key.slice(TABLE_PREFIX.length));
      }
    }
  });
  /** With its table all that was in it is gone; the database itself takes a few turns to remove it. */
  function forget(table: string): void {
    for (const prefix of [itemPrefix(table), tagPrefix(table)]) kept.deleteBelow(prefix);
    for (const kind of ['global', 'local']) kept.deleteBelow(indexPrefix(kind, table, '').slice(0, -1));
  }
}

/** A table that was being made or changed when the engine was killed is ready when it starts again. */
const readyAgain = (table: Table): Table => ({ ...table, TableStatus: 'ACTIVE' });
