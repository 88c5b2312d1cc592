import { openDatabase } from './database.ts';
import { type DatabaseFile, databaseFile } from './transactions.ts';

/** A value as it lies in the file. */
export type Stored = string | Uint8Array;

/** Values by key, in memory nowhere: a service loads them when it starts and says every change. */
export interface Store {
  put(key: string, value: Stored): void;
  get(key: string): Stored | undefined;
  delete(key: string): void;
  /** Deletes every key that starts with the prefix, which ends in an ASCII character. */
  deleteBelow(prefix: string): void;
  /** All of it, in the order in which the keys were first put. */
  entries(): Iterable<readonly [key: string, value: Stored]>;
}

/**
 * What outlives the engine: one SQLite file in the data directory. All that is put in one turn of the event loop is written in
 * one transaction, so that what belongs together is there together, whenever the process is killed.
 */
export interface State {
  readonly directory: string;
  /** The store of this name; empty when it is new. */
  store(name: string): Store;
  /** For what is more than values by key: a service may have tables of its own. */
  readonly file: DatabaseFile;
  /**
   * Resolves when all that was put so far is written: it survives the end of this process, however it ends (not a loss of
   * power). Undefined when there is nothing to wait for.
   * @throws (rejects) Error when it could not be written
   */
  settled(): Promise<void> | undefined;
  close(): void;
}

/**
 * Opens a data directory, or makes one. As long as it is open no other engine can open it; the lock goes with the process.
 * @throws StateError when another engine has it, or it is something else, or of another version
 */
export function openState(directory: string): State {
  const file = databaseFile(openDatabase(directory));
  const stores = new Map<string, Store>();
  return {
    directory,
    store(name) {
      const known = stores.get(name);
      if (known !== undefined) return known;
      const store = createStore(file, name);
      stores.set(name, store);
      return store;
    },
    file,
    settled: file.settled,
    close: file.close,
  };
}

function createStore({ database, begin }: DatabaseFile, name: string): Store {
  const table = `"${name.replaceAll('"', '')}"`;
  begin();
  database.exec(`CREATE TABLE IF NOT EXISTS ${table} (key TEXT PRIMARY KEY, value NOT NULL)`);
  const put = database.prepare(
    `INSERT INTO ${table} (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  );
  const get = database.prepare(`SELECT value FROM ${table} WHERE key = ?`);
  const remove = database.prepare(`DELETE FROM ${table} WHERE key = ?`);
  const removeRange = database.prepare(`DELETE FROM ${table} WHERE key >= ? AND key < ?`);
  const all = database.prepare(`SELECT key, value FROM ${table} ORDER BY rowid`);
  return {
    put(key, value) {
      begin();
      put.run(key, value);
    },
    get: (key) => get.get(key)?.value as Stored | undefined,
    delete(key) {
      begin();
      remove.run(key);
    },
    deleteBelow(prefix) {
      begin();
      removeRange.run(prefix, afterAll(prefix));
    },
    *entries() {
      for (const { key, value } of all.iterate()) yield [String(key), value as Stored];
    },
  };
}

/** The first key behind all that start with the prefix. */
function afterAll(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
