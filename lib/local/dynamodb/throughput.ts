import type { Account } from '../account/account.ts';
import type { Table } from './dynalite.ts';
import { DynamodbError } from './errors.ts';

/** What is done with capacity units. */
export type Use = 'write' | 'read';

/** Limits what on-demand tables and their partition keys take in a second. Provisioned tables are not limited here. */
export interface Throughput {
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

export function createThroughput({ limits, timeScale, onThrottled }: ThroughputOptions): Throughput {
  const meters = new Map<string, Meter>();
  const of: Readonly<Record<Use, { readonly fresh: number; readonly most: number; readonly key: number }>> = {
    write: { fresh: limits.newTableWrites, most: limits.tableWrites, key: limits.keyWrites },
    read: { fresh: limits.newTableReads, most: limits.tableReads, key: limits.keyReads },
  };

  function meterOf(use: Use, { TableArn, CreationDateTime }: Table): Meter {
    const name = `${use} ${TableArn} ${String(CreationDateTime)}`;
    const now = Date.now();
    const second = Math.floor(now / SECOND_MS);
    let meter = meters.get(name);
    if (meter === undefined) {
      meter = { second, used: 0, keys: new Map(), peak: 0, recent: [] };
      meters.set(name, meter);
    }
    if (meter.second === second) return meter;
    if (meter.used > Math.max(meter.peak, meter.recent.at(-1)?.used ?? 0))
      meter.recent.push({ at: meter.second * SECOND_MS, used: meter.used });
    for (let [oldest] = meter.recent; oldest !== undefined; [oldest] = meter.recent) {
      if (oldest.at > now - GROWTH_MS / timeScale) break;
      meter.peak = oldest.used;
      meter.recent.shift();
    }
    meter.second = second;
    meter.used = 0;
    meter.keys.clear();
    return meter;
  }

  function exceeded(use: Use, table: Table, what: string, kind: string): Exceeded {
    onThrottled(`table ${table.TableName}: ${what} a second.`);
    const operation = use === 'write' ? 'Write' : 'Read';
    return { reason: `Table${operation}${kind}`, resource: table.TableArn };
  }

  return {
    take(use, table, key, units) {
      if (!isOnDemand(table)) return undefined;
      const meter = meterOf(use, table);
      const { fresh, most, key: mostOfKey } = of[use];
      const limit = Math.min(most, Math.max(fresh, GROWTH * meter.peak));
      const ofKey = key === undefined ? 0 : (meter.keys.get(key) ?? 0);
      if (meter.used + units > limit)
        return exceeded(
          use,
          table,
          `no more than ${limit} ${use} units`,
          limit === most ? 'AccountLimitExceeded' : KEY_RANGE,
        );
      if (key !== undefined && ofKey + units > mostOfKey)
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

const KEY_RANGE = 'KeyRangeThroughputExceeded';

const isOnDemand = ({ BillingModeSummary }: Table): boolean =>
  (BillingModeSummary as { BillingMode?: string } | undefined)?.BillingMode === 'PAY_PER_REQUEST';

/** In AWS's words for on-demand tables. */
export const THROUGHPUT_EXCEEDED =
  'Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly. If exceptions persist, check if you have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html */
export const throttling = ({ reason, resource }: Exceeded): DynamodbError =>
  new DynamodbError('ThrottlingException', THROUGHPUT_EXCEEDED, { throttlingReasons: [{ reason, resource }] });
