import type { State } from '../state/state.ts';
import type { ChangeListener, Commit } from './commit.ts';
import { createKey, type Item, runNow, type Store, type Table, validate } from './dynalite.ts';
import { validationError } from './errors.ts';
import type { Parameters } from './parameters.ts';
import { keysOf } from './stream-log.ts';
import { itemPrefix, rangeOf, type TableCache, viewOf } from './view.ts';

/** Default of ServicesOptions.ttlSweepMs. AWS: within a few days of the expiry. */
export const TTL_SWEEP_MS = 1_000;
/** Items that expired longer ago are left alone. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html */
const FIVE_YEARS_S = 5 * 365 * 24 * 60 * 60;
const DYNAMODB = { type: 'Service', principalId: 'dynamodb.amazonaws.com' } as const;

interface Watched {
  readonly attribute: string;
  /** Place of the item in the store -> expiry, in seconds. */
  readonly expiries: Map<string, number>;
}

/** Time to live: which tables have it, and the sweep that removes what has expired. */
export interface Expiry {
  readonly listener: ChangeListener;
  update(table: Table, specification: Parameters): Promise<Parameters>;
  describe(tableName: string): Parameters;
  forget(tableName: string): void;
  close(): void;
}

export interface ExpiryContext {
  readonly store: Store;
  readonly tables: TableCache;
  readonly commit: Commit;
  readonly state?: State | undefined;
  /** @default TTL_SWEEP_MS */
  readonly sweepMs?: number;
}

export async function createExpiry(context: ExpiryContext): Promise<Expiry> {
  const { store, tables, commit, state, sweepMs = TTL_SWEEP_MS } = context;
  const watched = new Map<string, Watched>();
  /** Which attribute of which table holds the expiry. */
  const kept = state?.store('dynamodb-ttl');

  const watchTable = async (table: Table, attribute: string) => {
    const watch: Watched = { attribute, expiries: new Map() };
    watched.set(table.TableName, watch);
    await addExisting(store, table, watch);
  };
  for (const [name, attribute] of kept?.entries() ?? []) {
    const table = tables.find(name);
    if (table !== undefined) await watchTable(table, String(attribute));
  }

  const sweep = () => {
    const now = Math.floor(Date.now() / 1_000);
    for (const [tableName, { attribute, expiries }] of watched) {
      const table = tables.find(tableName);
      if (table === undefined) continue;
      for (const [storeKey, expiry] of expiries) {
        if (expiry < now) expire(table, storeKey, attribute, now);
      }
    }
  };
  const expire = (table: Table, storeKey: string, attribute: string, now: number) => {
    const item = store.db.getSync(storeKey) as Item | undefined;
    const expiry = item && expiryOf(item, attribute);
    if (item === undefined || expiry === undefined || expiry >= now || expiry < now - FIVE_YEARS_S) {
      watched.get(table.TableName)?.expiries.delete(storeKey);
      return;
    }
    const data = validate('deleteItem', store, { TableName: table.TableName, Key: keysOf(item, table.KeySchema) });
    const view = viewOf(store, tables);
    runNow('deleteItem', view, data);
    commit([view], DYNAMODB).catch((error: unknown) =>
      console.error(`engine: expiry of ${table.TableName} failed`, error),
    );
  };
  const timer = setInterval(sweep, sweepMs);
  timer.unref();

  return {
    listener({ table, storeKey, after }) {
      const watch = watched.get(table.TableName);
      if (watch === undefined) return;
      const expiry = after && expiryOf(after, watch.attribute);
      if (expiry === undefined) watch.expiries.delete(storeKey);
      else watch.expiries.set(storeKey, expiry);
    },
    async update(table, { AttributeName, Enabled }) {
      const name = table.TableName;
      const current = watched.get(name);
      if (typeof AttributeName !== 'string' || AttributeName === '') {
        throw validationError('TimeToLiveSpecification.AttributeName is missing');
      }
      if (Enabled === true) {
        if (current !== undefined) throw validationError('TimeToLive is already enabled');
        kept?.put(name, AttributeName);
        await watchTable(table, AttributeName);
      } else {
        if (current === undefined) throw validationError('TimeToLive is already disabled');
        kept?.delete(name);
        watched.delete(name);
      }
      return { TimeToLiveSpecification: { AttributeName, Enabled: Enabled === true } };
    },
    describe(tableName) {
      const watch = watched.get(tableName);
      const status = watch
        ? { TimeToLiveStatus: 'ENABLED', AttributeName: watch.attribute }
        : { TimeToLiveStatus: 'DISABLED' };
      return { TimeToLiveDescription: status };
    },
    forget(tableName) {
      kept?.delete(tableName);
      watched.delete(tableName);
    },
    close: () => clearInterval(timer),
  };
}

function expiryOf(item: Item, attribute: string): number | undefined {
  const text = item[attribute]?.N;
  const seconds = typeof text === 'string' ? Number(text) : Number.NaN;
  return Number.isFinite(seconds) ? seconds : undefined;
}

/** Items that were there before expiry was switched on. */
async function addExisting({ db }: Store, table: Table, { attribute, expiries }: Watched): Promise<void> {
  const prefix = itemPrefix(table.TableName);
  const iterator = db.values(rangeOf(prefix));
  try {
    for (;;) {
      const items = (await iterator.nextv(1_000)) as Item[];
      if (items.length === 0) return;
      for (const item of items) {
        const expiry = expiryOf(item, attribute);
        const storeKey = prefix + createKey(item, table);
        // What was written since is newer than what the iterator sees.
        if (expiry !== undefined && !expiries.has(storeKey)) expiries.set(storeKey, expiry);
      }
    }
  } finally {
    await iterator.close();
  }
}
