import { CONSUMER_METRIC, PRODUCER_METRIC } from '../../contracts/agreed/metrics.ts';
import type { Channel } from '../../contracts/channels/channel.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';

/** Metrics that only some consumers write; all write the others. */
const ONLY: Partial<Record<keyof typeof CONSUMER_METRIC, (s: Subscription) => boolean>> = {
  dropped: ({ guarantee }) => guarantee === 'at-most-once',
  consumed: ({ to }) => to.kind === 'log',
  shardLag: ({ to }) => to.kind === 'log' && to.shards > 1,
  lateDropped: ({ lateness }) => lateness !== undefined,
  stateFailures: ({ guarantee }) => guarantee === 'exactly-once-aggregation',
};

const SECONDS_PER_HOUR = 3_600;

/** Share of the hours in which something that is written so often is written at all: CloudWatch charges for no others. */
export const hoursWritten = (perSecond: number): number => Math.min(1, perSecond * SECONDS_PER_HOUR);

/** Custom metrics that a consumer may write; `ShardLag` has one for each shard as well. */
export function consumerMetrics(s: Subscription): number {
  const written = (Object.keys(CONSUMER_METRIC) as (keyof typeof CONSUMER_METRIC)[]).filter(
    (name) => ONLY[name]?.(s) ?? true,
  );
  return written.length + (written.includes('shardLag') && s.to.kind === 'log' ? s.to.shards : 0);
}

/**
 * Custom metrics of whoever sends to a channel, as far as somebody sends, and those of single shards, which Kinesis always writes. A topic feeds its queues
 * without a word.
 * @param sendsPerSecond calls of producers
 */
export function channelMetrics(channel: Channel, sendsPerSecond: number): number {
  const sent = channel.kind === 'queue' && channel.from !== undefined ? 0 : Object.keys(PRODUCER_METRIC).length;
  return (
    sent * hoursWritten(sendsPerSecond) + (channel.kind === 'log' ? channel.shardMetrics.length * channel.shards : 0)
  );
}
