import { Readable } from 'node:stream';
import type { Callback, Item, LevelOperation, RangeOptions, Snapshot, Store, Table } from './dynalite.ts';
import { DynamodbError } from './errors.ts';

/** One item that an action has changed. */
export interface Change {
  readonly table: Table;
  /** Where the item is in the store: unique over all tables. */
  readonly storeKey: string;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}

/** What dynalite's actions see in place of its store. */
export interface View {
  readonly options: Store['options'];
  /** What the actions would have written. */
  readonly writes: LevelOperation[];
  readonly changes: Change[];
  /** The item an action has read last: what a failed condition was about. */
  lastRead: Item | undefined;
  getTable(name: string, checkStatus: boolean | Callback<Table>, callback?: Callback<Table>): void;
  getItemDb(tableName: string): unknown;
  getIndexDb(kind: string, tableName: string, indexName: string): unknown;
}

/** Values fetched from the database in one go. */
const READ_AHEAD = 256;

export const itemPrefix = (table: string) => `item-${table}~`;
export const indexPrefix = (kind: string, table: string, index: string) =>
  `index-${kind.toLowerCase()}~${table}~${index}~`;
export const tagPrefix = (table: string) => `tag-${table}~`;
export const tableKey = (table: string) => `table~${table}`;
/** All keys with a prefix. Keys are ASCII; this sorts behind every one of them. */
export const rangeOf = (prefix: string): RangeOptions => ({ gte: prefix, lt: `${prefix}\u00ff` });

/**
 * A view on the store for one call. Reads answer at once; writes are collected rather than done, so that the caller can
 * commit the writes of several actions together, or none of them.
 * @param snapshot Makes reads that take a while (Query, Scan) see one state throughout.
 */
export function viewOf(store: Store, tables: TableCache, snapshot?: Snapshot): View {
  const { db } = store;
  const options = snapshot && { snapshot };
  const view: View = {
    options: store.options,
    writes: [],
    changes: [],
    lastRead: undefined,
    getTable(name, checkStatus, callback) {
      const done = typeof checkStatus === 'function' ? checkStatus : callback;
      const table = tables.find(name);
      const usable = table !== undefined && (!checkStatus || !UNUSABLE.has(table.TableStatus));
      if (usable) done?.(null, table);
      else done?.(noSuchTable(name, Boolean(checkStatus)));
    },
    getItemDb(tableName) {
      const prefix = itemPrefix(tableName);
      const change = (key: string, after: Item | undefined) => {
        const table = tables.find(tableName);
        if (table === undefined) throw noSuchTable(tableName, true);
        view.writes.push(after ? { type: 'put', key: prefix + key, value: after } : { type: 'del', key: prefix + key });
        view.changes.push({ table, storeKey: prefix + key, before: view.lastRead, after });
      };
      return {
        // Nothing else runs until the action is done: there is nothing to lock out.
        lock: (_key: string, locked: (release: (callback: unknown) => unknown) => void) =>
          locked((callback) => callback),
        get(key: string, callback: Callback<Item>) {
          view.lastRead = db.getSync(prefix + key, options) as Item | undefined;
          callback(null, view.lastRead);
        },
        put(key: string, item: Item, callback: Callback<void>) {
          change(key, item);
          callback(null);
        },
        del(key: string, callback: Callback<void>) {
          change(key, undefined);
          callback(null);
        },
        createValueStream: (range: RangeOptions) => valueStream(store, prefix, range, snapshot),
      };
    },
    getIndexDb(kind, tableName, indexName) {
      const prefix = indexPrefix(kind, tableName, indexName);
      return {
        put(key: string, value: Item, callback: Callback<void>) {
          view.writes.push({ type: 'put', key: prefix + key, value });
          callback(null);
        },
        del(key: string, callback: Callback<void>) {
          view.writes.push({ type: 'del', key: prefix + key });
          callback(null);
        },
        createValueStream: (range: RangeOptions) => valueStream(store, prefix, range, snapshot),
      };
    },
  };
  return view;
}

const UNUSABLE = new Set(['CREATING', 'DELETING']);

export function noSuchTable(name: string, brief: boolean): DynamodbError {
  const more = brief ? '' : `: Table: ${name} not found`;
  return new DynamodbError('ResourceNotFoundException', `Requested resource not found${more}`);
}

/** Table descriptions, parsed once. */
export interface TableCache {
  find(name: string): Table | undefined;
  /** To be called when a table is created, changed or deleted. */
  forget(name: string): void;
}

export function createTableCache({ db }: Store): TableCache {
  const tables = new Map<string, Table>();
  return {
    find(name) {
      const known = tables.get(name);
      if (known !== undefined) return known;
      const table = db.getSync(tableKey(name)) as Table | undefined;
      // Any other state is about to change behind our back.
      if (table?.TableStatus === 'ACTIVE') tables.set(name, table);
      return table;
    },
    forget: (name) => void tables.delete(name),
  };
}

function valueStream({ db }: Store, prefix: string, range: RangeOptions, snapshot: Snapshot | undefined): Readable {
  const { gte, gt, lte, lt, ...rest } = range;
  const iterator = db.values({
    ...rest,
    ...(gt === undefined ? { gte: prefix + (gte ?? '') } : { gt: prefix + gt }),
    ...(lte === undefined ? { lt: lt === undefined ? `${prefix}\u00ff` : prefix + lt } : { lte: prefix + lte }),
    ...(snapshot && { snapshot }),
  });
  return new Readable({
    objectMode: true,
    highWaterMark: READ_AHEAD,
    read() {
      iterator.nextv(READ_AHEAD).then(
        (values) => {
          for (const value of values) this.push(value);
          if (values.length === 0) this.push(null);
        },
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      iterator.close().then(
        () => callback(error),
        (closeError: Error) => callback(error ?? closeError),
      );
    },
  });
}
