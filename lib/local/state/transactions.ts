import { DatabaseSync } from 'node:sqlite';

/** A SQLite file that is written in one transaction per turn of the event loop. */
export interface DatabaseFile {
  readonly database: DatabaseSync;
  /** To be called before each write. */
  begin(): void;
  /**
   * Resolves when all that was written so far is committed; undefined when there is nothing to wait for.
   * @throws (rejects) Error when it could not be written
   */
  settled(): Promise<void> | undefined;
  close(): void;
}

export function databaseFile(database: DatabaseSync): DatabaseFile {
  let open: PromiseWithResolvers<void> | undefined;
  const commit = (): void => {
    const committed = open;
    if (committed === undefined) return;
    open = undefined;
    try {
      database.exec('COMMIT');
      committed.resolve();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      committed.reject(new Error(`the state could not be written to the data directory: ${reason}`, { cause: error }));
    }
  };
  return {
    database,
    begin() {
      if (open !== undefined) return;
      database.exec('BEGIN');
      open = Promise.withResolvers();
      // Whoever acknowledges something waits for the promise; nobody may have to.
      open.promise.catch(() => undefined);
      setImmediate(commit);
    },
    settled: () => open?.promise,
    close() {
      commit();
      database.close();
    },
  };
}

/** Kibibytes of the file that are kept in memory. */
const TEMPORARY_CACHE_KIB = 16 * 1024;

/**
 * A file that is gone with the process, however that one ends: it has no name any more once it is open.
 * https://www.sqlite.org/inmemorydb.html#temp_db
 */
export function temporaryFile(): DatabaseFile {
  const database = new DatabaseSync('');
  database.exec(`PRAGMA synchronous = OFF; PRAGMA cache_size = -${TEMPORARY_CACHE_KIB}`);
  return databaseFile(database);
}
