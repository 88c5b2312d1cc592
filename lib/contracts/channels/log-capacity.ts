import { declare } from '../declaring/declaration-error.ts';
import { shardsFor } from '../declaring/shards.ts';
import type { Traffic } from '../declaring/traffic.ts';

/**
 * How a log scales. `provisioned`: as many shards as declared, paid by the hour whether used or not. `on-demand`: AWS adds shards, up to twice
 * the highest write rate of the last 30 days; about twice the price of a provisioned log that is used well, less for one that mostly idles.
 * https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
 */
export type LogCapacity = 'provisioned' | 'on-demand';

/** CloudWatch's metrics of single shards. https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html#kinesis-metrics-shard */
export const SHARD_METRICS = [
  'IncomingBytes',
  'IncomingRecords',
  'IteratorAgeMilliseconds',
  'OutgoingBytes',
  'OutgoingRecords',
  'ReadProvisionedThroughputExceeded',
  'WriteProvisionedThroughputExceeded',
] as const;

/** The name of one of them. */
export type ShardMetric = (typeof SHARD_METRICS)[number];

/** What a log's declaration says about its shards. */
export interface LogCapacityOptions {
  /** @default 'provisioned': the declared traffic says how many shards it takes */
  readonly capacity?: LogCapacity;
  /** Provisioned logs only; 1 or more. @default from `traffic`: what twice its peak needs, or three times what is usual (`shardsFor`); 1 without traffic */
  readonly shards?: number;
  /**
   * Metrics that CloudWatch keeps for every single shard, by CloudWatch's names. Each is charged as a custom metric for each shard: seven of them on
   * 40 shards are 280 metrics, 84 USD a month at 0.30 USD. To find a hot shard, IncomingBytes, IncomingRecords and WriteProvisionedThroughputExceeded
   * do; IteratorAgeMilliseconds shows which shard's readers lag. @default none: those of the whole log, which cost nothing
   */
  readonly shardMetrics?: readonly ShardMetric[];
}

/** What a new on-demand stream has: 4 MB/s and 4,000 records/s. https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html */
const ON_DEMAND_START_SHARDS = 4;

/** @throws DeclarationError for shards of an on-demand log, a number of shards or a metric that there is not */
export function logCapacity(
  thing: string,
  { capacity = 'provisioned', shards, shardMetrics = [] }: LogCapacityOptions,
  traffic: Traffic | undefined,
): { readonly capacity: LogCapacity; readonly shards: number; readonly shardMetrics: readonly ShardMetric[] } {
  declare(
    capacity === 'provisioned' || capacity === 'on-demand',
    thing,
    `capacity must be 'provisioned' or 'on-demand' (given '${capacity}')`,
    'Choose one of them',
  );
  declare(
    capacity === 'provisioned' || shards === undefined,
    thing,
    `shards is declared (${shards}), but capacity 'on-demand' leaves their number to AWS`,
    "Leave shards out, or choose capacity: 'provisioned'",
  );
  const unknown = shardMetrics.filter((name) => !SHARD_METRICS.includes(name));
  declare(
    unknown.length === 0 && new Set(shardMetrics).size === shardMetrics.length,
    thing,
    `shardMetrics must name metrics of a shard, each once (given ${shardMetrics.join(', ')})`,
    `Choose from ${SHARD_METRICS.join(', ')}`,
  );
  const count =
    capacity === 'on-demand' ? ON_DEMAND_START_SHARDS : (shards ?? (traffic === undefined ? 1 : shardsFor(traffic)));
  declare(
    Number.isInteger(count) && count >= 1,
    thing,
    `shards must be a whole number from 1 (given ${count})`,
    'Leave shards out to have them computed from traffic',
  );
  return { capacity, shards: count, shardMetrics };
}
