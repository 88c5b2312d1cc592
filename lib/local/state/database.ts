import { mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Version of what is in the file. To be raised with every change that an older or newer engine would misread. */
export const STATE_FORMAT = 2;
/** Formats whose files become ours as they are opened: who kept something otherwise takes it over. */
const OLDER_FORMATS = [1];
const FILE = 'sluice.db';
/** "slce": marks the file as ours. https://www.sqlite.org/pragma.html#pragma_application_id */
const APPLICATION_ID = 0x736c6365;
/** SQLITE_BUSY. https://www.sqlite.org/rescode.html */
const BUSY = 5;

/** A data directory cannot be used; the message names it and says what to do. */
export class StateError extends Error {
  override readonly name = 'StateError';
}

/**
 * Opens the file of a data directory for this process alone.
 * @throws StateError
 */
export function openDatabase(directory: string): DatabaseSync {
  const path = resolve(directory);
  makeDirectory(path);
  const database = new DatabaseSync(join(path, FILE));
  try {
    lock(database, path);
    checkFormat(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function makeDirectory(path: string): void {
  let entries: string[];
  try {
    mkdirSync(path, { recursive: true });
    entries = readdirSync(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StateError(`The data directory ${path} cannot be used: ${reason}. Name a directory that can be written.`);
  }
  if (entries.length > 0 && !entries.includes(FILE)) {
    throw new StateError(
      `${path} is not a data directory of the engine: it holds ${entries.slice(0, 3).join(', ')} but no ${FILE}. Name an empty directory, or one that does not exist yet.`,
    );
  }
}

/** The lock is one of the operating system on the file: it goes when the process goes, however it goes. */
function lock(database: DatabaseSync, path: string): void {
  try {
    // Written to the operating system at every commit, which a killed process survives; not forced to the disk.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF');
    database.exec('BEGIN EXCLUSIVE; COMMIT');
  } catch (error) {
    if ((error as { errcode?: number }).errcode === BUSY) {
      throw new StateError(
        `The data directory ${path} is in use by another engine. Stop that one, or name another directory.`,
        { cause: error },
      );
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new StateError(
      `${join(path, FILE)} cannot be read (${reason}). If it is of no use any more, delete ${path}; everything in it is lost then.`,
      { cause: error },
    );
  }
}

function checkFormat(database: DatabaseSync, path: string): void {
  const pragma = (name: string) => Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
  const isNew = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables === 0;
  if (isNew && pragma('user_version') === 0) {
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${STATE_FORMAT}`);
    return;
  }
  if (pragma('application_id') !== APPLICATION_ID) {
    throw new StateError(`${join(path, FILE)} is not the file of an engine. Name another directory.`);
  }
  const version = pragma('user_version');
  if (OLDER_FORMATS.includes(version)) {
    database.exec(`PRAGMA user_version = ${STATE_FORMAT}`);
  } else if (version !== STATE_FORMAT) {
    throw new StateError(
      `The data directory ${path} has format ${version}; this engine reads and writes format ${STATE_FORMAT}. Use the version of the engine that made it, or name another directory.`,
    );
  }
}
