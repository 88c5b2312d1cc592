import type { Channel } from '../../contracts/channel.ts';
import { CONSUMER_METRIC, PRODUCER_METRIC } from '../../contracts/metrics.ts';
import type { Subscription } from '../../contracts/subscription.ts';

/** Metrics that only some consumers write; all write the others. */
const ONLY: Partial<Record<keyof typeof CONSUMER_METRIC, (s: Subscription) => boolean>> = {
  dropped: ({ guarantee }) => guarantee === 'at-most-once',
  consumed: ({ to }) => to.kind === 'log',
  shardLag: ({ to }) => to.kind === 'log' && to.shards > 1,
  lateDropped: ({ lateness }) => lateness !== undefined,
  stateFailures: ({ guarantee }) => guarantee === 'exactly-once-aggregation',
};

/** Custom metrics that a consumer may write; `ShardLag` has one for each shard as well. */
export function consumerMetrics(s: Subscription): number {
  const written = (Object.keys(CONSUMER_METRIC) as (keyof typeof CONSUMER_METRIC)[]).filter(
    (name) => ONLY[name]?.(s) ?? true,
  );
  return written.length + (written.includes('shardLag') && s.to.kind === 'log' ? s.to.shards : 0);
}

/** Custom metrics of whoever sends to a channel, and those of single shards. A topic feeds its queues without a word. */
export function channelMetrics(channel: Channel): number {
  const sent = channel.kind === 'queue' && channel.from !== undefined ? 0 : Object.keys(PRODUCER_METRIC).length;
  return sent + (channel.kind === 'log' ? channel.shardMetrics.length * channel.shards : 0);
}
