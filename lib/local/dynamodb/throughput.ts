import type { Account } from '../account/account.ts';
import type { Table } from './dynalite.ts';
import { DynamodbError } from './errors.ts';

/** What is done with capacity units. */
export type Use = 'write' | 'read';

/** What a table was told to take from the start on, units a second. */
export type Warm = Readonly<Partial<Record<Use, number>>>;

/**
 * Limits what on-demand tables and their partition keys take in a second. Provisioned tables are not limited here. What alone costs more than a
 * second has is taken when nothing else of the second is used, and the seconds after it pay: such an item is slow and not impossible.
 */
export interface Throughput {
  /** The table has at least this warm throughput from now on. */
  warm(table: Table, units: Warm): void;
  /**
   * Takes units of a table and of a partition key.
   * @param key the key's value, as text; undefined: of several
   * @returns why they cannot be had; nothing is taken then
   */
  take(use: Use, table: Table, key: string | undefined, units: number): Exceeded | undefined;
  /** Takes units that have been used whatever is left: what a read costs is known when it is done. */
  charge(use: Use, table: Table, units: number): void;
}

/** A limit that was hit. */
export interface Exceeded {
  /** As DynamoDB names it: `TableWriteKeyRangeThroughputExceeded`. */
  readonly reason: string;
  /** ARN of the table. */
  readonly resource: string;
}

const SECOND_MS = 1_000;
/** A table takes double of what it took so long ago. */
const GROWTH_MS = 30 * 60 * 1_000;
const GROWTH = 2;

export interface ThroughputOptions {
  readonly limits: Account['dynamodb'];
  /** Divides the time after which a table takes more. */
  readonly timeScale: number;
  readonly onThrottled: (what: string) => void;
}

/** Uses of one second. */
interface Meter {
  /** Number of the second. */
  second: number;
  used: number;
  /** By partition key. */
  readonly keys: Map<string, number>;
  /** Most units of a second, as far as that is long enough ago; and the higher ones since, in their order. */
  peak: number;
  readonly recent: { readonly at: number; readonly used: number }[];
}

/** The most of a second. */
interface Limits {
  readonly table: number;
  readonly key: number;
}

export function createThroughput({ limits, timeScale, onThrottled }: ThroughputOptions): Throughput {
  const meters = new Map<string, Meter>();
  const warmed = new Map<string, Warm>();
  const of: Readonly<Record<Use, { readonly fresh: number; readonly most: number; readonly key: number }>> = {
    write: { fresh: limits.newTableWrites, most: limits.tableWrites, key: limits.keyWrites },
    read: { fresh: limits.newTableReads, most: limits.tableReads, key: limits.keyReads },
  };

  function meterOf(use: Use, table: Table): Meter {
    const name = `${use} ${idOf(table)}`;
    const now = Date.now();
    const second = Math.floor(now / SECOND_MS);
    let meter = meters.get(name);
    if (meter === undefined) {
      meter = { second, used: 0, keys: new Map(), peak: 0, recent: [] };
      meters.set(name, meter);
    }
    if (meter.second === second) return meter;
    const before = limitsOf(use, table, meter);
    const over = owed(meter, before, second - meter.second);
    const used = Math.min(meter.used, before.table);
    if (used > Math.max(meter.peak, meter.recent.at(-1)?.used ?? 0))
      meter.recent.push({ at: meter.second * SECOND_MS, used });
    for (let [oldest] = meter.recent; oldest !== undefined; [oldest] = meter.recent) {
      if (oldest.at > now - GROWTH_MS / timeScale) break;
      meter.peak = oldest.used;
      meter.recent.shift();
    }
    meter.second = second;
    meter.used = over.used;
    meter.keys.clear();
    for (const [key, units] of over.keys) meter.keys.set(key, units);
    return meter;
  }

  function limitsOf(use: Use, table: Table, { peak }: Meter): Limits {
    const { fresh, most, key } = of[use];
    const warm = (warmed.get(idOf(table))?.[use] ?? 0) * limits.warmShare;
    return { table: Math.min(most, Math.max(fresh, warm, GROWTH * peak)), key };
  }

  function exceeded(use: Use, table: Table, what: string, kind: string): Exceeded {
    onThrottled(`table ${table.TableName}: ${what} a second.`);
    const operation = use === 'write' ? 'Write' : 'Read';
    return { reason: `Table${operation}${kind}`, resource: table.TableArn };
  }

  return {
    warm(table, units) {
      warmed.set(idOf(table), units);
    },
    take(use, table, key, units) {
      if (!isOnDemand(table)) return undefined;
      const meter = meterOf(use, table);
      const { table: limit, key: mostOfKey } = limitsOf(use, table, meter);
      const ofKey = key === undefined ? 0 : (meter.keys.get(key) ?? 0);
      if (isTooMuch(meter.used, units, limit))
        return exceeded(
          use,
          table,
          `no more than ${limit} ${use} units`,
          limit === of[use].most ? 'AccountLimitExceeded' : KEY_RANGE,
        );
      if (key !== undefined && isTooMuch(ofKey, units, mostOfKey))
        return exceeded(use, table, `no more than ${mostOfKey} ${use} units of one partition key`, KEY_RANGE);
      meter.used += units;
      if (key !== undefined) meter.keys.set(key, ofKey + units);
      return undefined;
    },
    charge(use, table, units) {
      if (isOnDemand(table)) meterOf(use, table).used += units;
    },
  };
}

/** What costs more than a whole second has goes when nothing else of the second is used. */
const isTooMuch = (used: number, units: number, limit: number): boolean => used > 0 && used + units > limit;

/** What was used beyond the limits and is still to be paid so many seconds later. */
function owed({ used, keys }: Meter, limits: Limits, seconds: number): Pick<Meter, 'used' | 'keys'> {
  const left = (units: number, limit: number): number => Math.max(0, units - limit * seconds);
  const beyond = [...keys].flatMap(([key, units]): [string, number][] => {
    const rest = left(units, limits.key);
    return rest > 0 ? [[key, rest]] : [];
  });
  return { used: left(used, limits.table), keys: new Map(beyond) };
}

const idOf = ({ TableArn, CreationDateTime }: Table): string => `${TableArn} ${String(CreationDateTime)}`;

const KEY_RANGE = 'KeyRangeThroughputExceeded';

const isOnDemand = ({ BillingModeSummary }: Table): boolean =>
  (BillingModeSummary as { BillingMode?: string } | undefined)?.BillingMode === 'PAY_PER_REQUEST';

/** In AWS's words for on-demand tables. */
export const THROUGHPUT_EXCEEDED =
  'Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly. If exceptions persist, check if you have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html */
export const throttling = ({ reason, resource }: Exceeded): DynamodbError =>
  new DynamodbError('ThrottlingException', THROUGHPUT_EXCEEDED, { throttlingReasons: [{ reason, resource }] });
