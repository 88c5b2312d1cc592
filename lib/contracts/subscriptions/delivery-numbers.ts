import { alarmRule, settingsOf } from '../declaring/alarms.ts';
import { type Duration, days, seconds } from '../declaring/duration.ts';
import { SQS } from '../declaring/limits.ts';
import type { Subscription } from './subscription-shape.ts';

/** How long the dead letters of a stream's consumer are kept: as long as a queue can, to outlive most retentions. */
export const STREAM_DEAD_LETTER_RETENTION: Duration = days(14);

/**
 * How long a message can live: in its channel, and then in the dead letters, from where it may be sent again on the last day. On a FIFO queue, and with every
 * dead letter that the runtime sends, the second time begins when the first is over.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
 */
export function messageLifeOf({ to }: Pick<Subscription, 'to'>): Duration {
  const dead = to.kind === 'queue' ? to.deadLetterRetention : STREAM_DEAD_LETTER_RETENTION;
  return seconds(to.retention.seconds + dead.seconds);
}

/** Visibility timeout is six times the function timeout plus the batching window. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
export const VISIBILITY_FACTOR = 6;
export const visibilityOf = (s: Subscription): Duration =>
  seconds(s.timeout.seconds * VISIBILITY_FACTOR + s.batchWindow.seconds);

/**
 * The queue's own redrive stays as the last net: it allows this many receives more than the declared attempts. A message under which the function ends comes
 * twice before it is marked and once with the mark before its tries are counted, and a last time to be given up with its reason
 * (`runtime/suspects.ts`); the fifth is for what was received beside it.
 */
export const CRASH_ALLOWANCE = 5;

/** Messages of a batch under which the function ends, that the queue's redrive allows for: more are no few bad messages but a bad function. */
export const CRASHING_TOGETHER = 10;

/**
 * Whether a consumer reports the lag of each shard: a metric per shard, so only where there are several and somebody wants to hear
 * which one is hot.
 */
export const reportsShards = (s: Subscription): boolean =>
  s.to.kind === 'log' && s.to.shards > 1 && alarmRule('hot-shard', settingsOf(s)) !== undefined;

/** Receives an outage may cost a message: those under way when the breaker opens, and the trials of a half-open one. */
export const OUTAGE_ALLOWANCE = 50;

/**
 * Whether a subscription keeps anything in the inbox table. All that may fail do: failed attempts are counted there, because a
 * queue counts receives, tried or not, and a log counts nothing.
 */
export const usesTable = (s: Subscription): boolean =>
  s.guarantee !== 'at-most-once' && s.guarantee !== 'exactly-once-aggregation';

/** Retries of a batch before Lambda gives it up as a whole, for aggregations: only trouble with the table fails them. */
const AGGREGATION_RETRIES = 1_000;
/** The most that an event source mapping takes. */
const MAX_MAPPING_RETRIES = 10_000;

/**
 * Retries of a stream's event source mapping. The runtime decides about each record; when the mapping's own retries end, the
 * rest of the batch goes with the record that failed. So they are the net under crashes, and allow every record of a batch its
 * attempts, one after the other. Never infinite.
 */
export const mappingRetriesOf = (s: Subscription): number =>
  s.guarantee === 'exactly-once-aggregation'
    ? AGGREGATION_RETRIES
    : Math.min(MAX_MAPPING_RETRIES, s.retry.attempts * s.batchSize + OUTAGE_ALLOWANCE);

/**
 * Receives before the queue gives a message up by itself. On a FIFO queue a message is also received, without being tried,
 * each time one before it in its group and batch fails, is deferred or ends the function; it must not be given up for that. On a standard queue
 * it is received with nothing of its own each time another of its batch ends the function: those are tried one after the other, all their attempts.
 */
export function maxReceiveCountOf(s: Subscription): number {
  const ahead = s.to.kind === 'queue' && s.to.order === 'per-key' ? s.batchSize - 1 : 0;
  const handedBack = s.breaker === undefined ? 0 : OUTAGE_ALLOWANCE;
  const tried = (s.retry.attempts + s.deferrals + CRASH_ALLOWANCE) * (ahead + 1);
  const crashed = ahead === 0 ? s.retry.attempts * (Math.min(s.batchSize, CRASHING_TOGETHER) - 1) : 0;
  return Math.min(SQS.maxReceiveCount, tried + crashed + handedBack);
}
