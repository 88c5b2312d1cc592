import { CONSUMER_METRIC } from '../../contracts/agreed/metrics.ts';
import { reportsShards } from '../../contracts/subscriptions/delivery-numbers.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { count, emitMetrics, type Measured, type Metric } from '../invocation/telemetry.ts';
import { checkpointOf, comesAgain, type Message, type Outcome } from '../messages/message.ts';
import type { Batch } from '../messages/sources.ts';
import type { Observed } from './handle-message.ts';

/** Which metric counts which outcome. Messages handed back untouched count as received only. */
const COUNTED = {
  done: CONSUMER_METRIC.done,
  duplicate: CONSUMER_METRIC.duplicates,
  retry: CONSUMER_METRIC.retried,
  rejected: CONSUMER_METRIC.rejected,
  deferred: CONSUMER_METRIC.deferred,
  outage: CONSUMER_METRIC.outages,
  parked: CONSUMER_METRIC.parked,
} as const satisfies Partial<Record<Outcome['kind'], string>>;

/** Reports a batch: one line of metrics. */
export function measure(
  s: Subscription,
  batch: Batch,
  outcomes: ReadonlyMap<Message, Outcome>,
  { ages, durations }: Observed,
  runtime: Runtime,
): void {
  const kinds = [...outcomes.values()].map(({ kind }) => kind);
  const lost = s.guarantee === 'at-most-once' ? kinds.filter((kind) => kind !== 'done').length : 0;
  const counts = Object.entries(COUNTED).map(([kind, name]) => [
    name,
    count(kinds.filter((other) => other === kind).length),
  ]);
  emitMetrics(
    {
      dimensions: { subscription: s.name },
      metrics: {
        [CONSUMER_METRIC.received]: count(outcomes.size),
        ...Object.fromEntries(counts),
        ...(lost > 0 ? { [CONSUMER_METRIC.dropped]: count(lost) } : {}),
        ...(s.to.kind === 'log' ? { [CONSUMER_METRIC.consumed]: count(consumedOf(s, batch, outcomes)) } : {}),
        [CONSUMER_METRIC.age]: { unit: 'Milliseconds', values: ages },
        [CONSUMER_METRIC.duration]: { unit: 'Milliseconds', values: durations },
      },
      ...shardLag(s, batch, runtime.now()),
    },
    runtime,
  );
}

/** The lag of a batch's shard, for logs that have several. */
function shardLag(s: Subscription, { messages, shard }: Batch, now: number): Pick<Measured, 'ofPart'> {
  const last = messages.at(-1);
  if (shard === undefined || last === undefined || !reportsShards(s)) return {};
  const lag: Metric = { unit: 'Milliseconds', values: [Math.max(0, now - last.firstReceived)] };
  return { ofPart: { dimensions: { shard }, metrics: { [CONSUMER_METRIC.shardLag]: lag } } };
}

/** What became of a batch whose shard's position commits with its result (`aggregate()`, `archive()`). */
export interface ShardCounts {
  readonly received: number;
  readonly done: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** @default not looked at: subscriptions that declare no `lateness` */
  readonly late?: number;
  /** Records that the position has moved over. */
  readonly consumed: number;
}

/** Reports such a batch: one line of metrics. */
export function measureShard(s: Subscription, batch: Batch, counts: ShardCounts, runtime: Runtime): void {
  emitMetrics(
    {
      dimensions: { subscription: s.name },
      metrics: {
        [CONSUMER_METRIC.received]: count(counts.received),
        [CONSUMER_METRIC.done]: count(counts.done),
        [CONSUMER_METRIC.duplicates]: count(counts.duplicates),
        [CONSUMER_METRIC.rejected]: count(counts.rejected),
        [CONSUMER_METRIC.consumed]: count(counts.consumed),
        [CONSUMER_METRIC.stateFailures]: count(0),
        ...(counts.late === undefined ? {} : { [CONSUMER_METRIC.lateDropped]: count(counts.late) }),
      },
      ...shardLag(s, batch, runtime.now()),
    },
    runtime,
  );
}

/** Records before the one that stops the batch: by so many the position moves on. */
function consumedOf(s: Subscription, { messages }: Batch, outcomes: ReadonlyMap<Message, Outcome>): number {
  const stop =
    s.guarantee === 'at-most-once'
      ? undefined
      : messages.find((message) => comesAgain(outcomes.get(message) ?? { kind: 'held' }));
  return recordsOf(stop === undefined ? messages : messages.slice(0, messages.indexOf(stop)), stop);
}

/** How many records messages came in; an aggregated record holds several. @param until its record is not complete, and not counted */
export function recordsOf(messages: readonly Message[], until?: Message): number {
  const records = new Set(messages.map(checkpointOf));
  if (until !== undefined) records.delete(checkpointOf(until));
  return records.size;
}
