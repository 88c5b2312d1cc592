import { type AlarmSettings, alarmRule, CONSUMER_ALARMS, declareAlarms } from './alarms.ts';
import type { Log, Queue } from './channel.ts';
import { declare, declareName } from './declaration-error.ts';
import { type Duration, days, seconds } from './duration.ts';
import type { Envelope } from './envelope.ts';
import { LAMBDA, SQS } from './limits.ts';
import { exponential, type RetryPolicy } from './retry.ts';
import type { AnyTableChanges } from './table-changes.ts';

/** What can be subscribed to. */
export type Source = Queue | Log | AnyTableChanges;

/** What a consumer promises about the effect of each message. */
export type Guarantee =
  /** Acknowledged before it is handled: may be lost, never comes twice from a queue. Telemetry, presence. */
  | 'at-most-once'
  /** Delivered again after any failure; the handler must bear duplicates. */
  | 'at-least-once'
  /** At least once with an inbox: the effect happens once. */
  | 'effectively-once'
  /** The log position and the result commit in one transaction. Logs only. */
  | 'exactly-once-aggregation';

/** How the inbox makes a consumer idempotent. */
export type InboxMode =
  /** The handler returns writes; they commit with the inbox record in one transaction. A crash anywhere repeats nothing. */
  | 'effect'
  /** For effects outside the database: a fenced, renewed lease around the handler. A crash between effect and record may repeat it. */
  | 'lease'
  /** The handler's own write is idempotent (a version, or a key made from the event id): no record is kept. */
  | 'natural'
  | 'none';

/** When to stop consuming because a dependency is down (`Outage`), and for how long. */
export interface BreakerPolicy {
  /** Outages in a row that open the breaker; 1 to 100. */
  readonly failures: number;
  /** Pause before one message is tried again; doubles with each failed trial. */
  readonly coolDown: Duration;
  readonly maxCoolDown: Duration;
}

/** Breaker with sensible numbers. @default 5 outages in a row, 30 s of pause, at most 10 minutes */
export const breaker = (options: Partial<BreakerPolicy> = {}): BreakerPolicy => ({
  failures: 5,
  coolDown: seconds(30),
  maxCoolDown: seconds(600),
  ...options,
});

/** Who consumes what, and with which promise, with every default filled in: what `subscription()` makes. */
export interface Subscription<From extends Source = Source> {
  readonly name: string;
  readonly to: From;
  readonly guarantee: Guarantee;
  readonly inbox: InboxMode;
  /** Ask the inbox before the handler runs, not only when it commits. */
  readonly checkFirst: boolean;
  readonly order: 'none' | 'per-key';
  readonly retry: RetryPolicy;
  readonly deferrals: number;
  readonly timeout: Duration;
  readonly lease: Duration;
  readonly deduplicationWindow: Duration;
  readonly concurrency: number | undefined;
  readonly batchSize: number;
  readonly batchWindow: Duration;
  readonly breaker: BreakerPolicy | undefined;
  readonly failedKey: 'continue' | 'park';
  readonly fanOut: FanOut;
  /** undefined: nothing is too late. */
  readonly lateness: Lateness | undefined;
  /** What is different about its alarms. */
  readonly alarms: AlarmSettings;
  readonly duplicates: string | undefined;
  readonly toleratedOutage: Duration | undefined;
}

/**
 * Aggregations: when an event is too late for its result. The watermark of a shard is the latest event time read from it, but no later
 * than the event's arrival, so that a clock that runs ahead makes nobody late. It commits with the position: a batch that is
 * delivered again is judged as it was the first time.
 */
export interface Lateness {
  /** How far behind the watermark of its shard an event may be. */
  readonly allowed: Duration;
  /** When it happened, as ISO 8601. @default the envelope's `time` */
  readonly eventTime?: (event: Envelope) => string;
}

/** How a consumer reads a log: with the others out of 2 MB/s for each shard, or with 2 MB/s of its own. */
export type FanOut = 'shared' | 'enhanced';

/** What a declaration of a subscription may say. */
export interface SubscriptionOptions<From extends Source> {
  readonly to: From;
  /** @default 'at-least-once' */
  readonly guarantee?: Guarantee;
  /** @default 'effect' for effectively-once, 'none' otherwise */
  readonly inbox?: InboxMode;
  /** For `effect` handlers that also call something outside: one read more per message spares that call for duplicates. @default false */
  readonly checkFirst?: boolean;
  /** @default the order the channel keeps */
  readonly order?: 'none' | 'per-key';
  /** @default 3 attempts, exponential from 1 s to 1 min */
  readonly retry?: RetryPolicy;
  /**
   * Queues: how often a message may be handed back without a failure (`Defer`, a lease that somebody holds) before the queue gives it
   * up by itself. A deferral spends no attempt, but a queue counts every receive. 0 to 900. @default 5
   */
  readonly deferrals?: number;
  /** The function's timeout, 1 s to 15 min. @default 30 s */
  readonly timeout?: Duration;
  /** `lease` only: how long a silent holder keeps the key; it is renewed while the handler lives. @default the timeout */
  readonly lease?: Duration;
  /** How long a message is recognised as a duplicate. @default 14 days, the longest a message can stay in a queue */
  readonly deduplicationWindow?: Duration;
  /** Most batches in work at once: 2 to 1,000 for queues; a log, or a table's stream, has one per shard. @default unlimited */
  readonly concurrency?: number;
  /** @default 10 for queues, 100 for logs and table changes */
  readonly batchSize?: number;
  /** How long to gather a batch. @default 0 */
  readonly batchWindow?: Duration;
  /** Stops consumption while a dependency is down. @default none: an outage is a failure like another */
  readonly breaker?: BreakerPolicy;
  /**
   * Ordered channels: what happens to a key whose message is given up. `continue`: what follows goes on. `park`: the message and
   * everything that follows it under its key is set aside, other keys flow, and `resume` handles the key in order.
   * @default 'continue'
   */
  readonly failedKey?: 'continue' | 'park';
  /**
   * Logs: `enhanced` gives this consumer 2 MB/s of each shard for itself and records within some 70 ms, where those that share are polled
   * for once a second; it costs by shard-hour and by GB read. At most 20 consumers of a log. A change makes a new event source mapping, which begins
   * at the oldest record: the consumer must know duplicates.
   * https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html @default 'shared'
   */
  readonly fanOut?: FanOut;
  /**
   * Aggregations: what comes later is left out of the result, counted, and sent to the dead letters with the reason `late`.
   * @default none: nothing is too late
   */
  readonly lateness?: Lateness;
  /** Other thresholds of alarms, or reasons to have none. @default those of the channel */
  readonly alarms?: AlarmSettings;
  /** At-least-once without an inbox: why it does no harm when the handler runs twice for a message. The linter asks for it. @default not said */
  readonly duplicates?: string;
  /** The longest time that nobody may consume without a loss; the channel must keep messages for longer. @default not said */
  readonly toleratedOutage?: Duration;
}

/**
 * Declares who consumes what, and with which promise.
 * @throws DeclarationError for a combination that AWS refuses or that would break the promise
 */
export function subscription<From extends Source>(
  name: string,
  options: SubscriptionOptions<From>,
): Subscription<From> {
  const { to, guarantee = 'at-least-once' } = options;
  const made: Subscription<From> = {
    name,
    to,
    guarantee,
    inbox: options.inbox ?? (guarantee === 'effectively-once' ? 'effect' : 'none'),
    checkFirst: options.checkFirst ?? false,
    order: options.order ?? to.order,
    retry: options.retry ?? exponential({ attempts: 3, base: seconds(1), cap: seconds(60) }),
    deferrals: options.deferrals ?? 5,
    timeout: options.timeout ?? seconds(30),
    lease: options.lease ?? options.timeout ?? seconds(30),
    deduplicationWindow: options.deduplicationWindow ?? days(14),
    concurrency: options.concurrency,
    batchSize: options.batchSize ?? (to.kind === 'queue' ? 10 : 100),
    batchWindow: options.batchWindow ?? seconds(0),
    breaker: options.breaker,
    failedKey: options.failedKey ?? 'continue',
    fanOut: options.fanOut ?? 'shared',
    lateness: options.lateness,
    alarms: declareAlarms(`subscription '${name}'`, CONSUMER_ALARMS[to.kind], options.alarms),
    duplicates: options.duplicates,
    toleratedOutage: options.toleratedOutage,
  };
  declareName('subscription', name);
  for (const { holds, problem, fix } of rules(made)) declare(holds, `subscription '${name}'`, problem, fix);
  return made;
}

interface Rule {
  readonly holds: boolean;
  readonly problem: string;
  readonly fix: string;
}

function rules(s: Subscription): Rule[] {
  const isFifo = s.to.kind === 'queue' && s.to.order === 'per-key';
  const maxBatch = isFifo ? LAMBDA.maxFifoBatch : LAMBDA.maxStandardBatch;
  return [
    {
      holds: s.timeout.seconds >= 1 && s.timeout.seconds <= LAMBDA.maxTimeoutSeconds,
      problem: `timeout must be from 1 s to ${LAMBDA.maxTimeoutSeconds} s (given ${s.timeout.seconds} s)`,
      fix: 'Split longer work, or keep its lease with a heartbeat',
    },
    {
      holds: Number.isInteger(s.deferrals) && s.deferrals >= 0 && s.deferrals <= MAX_DEFERRALS,
      problem: `deferrals must be a whole number from 0 to ${MAX_DEFERRALS} (given ${s.deferrals})`,
      fix: 'For work that is due much later, use later() instead of deferring it again and again',
    },
    {
      holds: s.order === 'none' || s.to.order === 'per-key',
      problem: `order 'per-key' needs a FIFO queue or a log, and '${s.to.name}' is a standard queue`,
      fix: 'Declare the channel with fifoQueue() or log(), or leave order out',
    },
    {
      holds: s.guarantee !== 'effectively-once' || s.inbox !== 'none',
      problem: "guarantee 'effectively-once' needs an inbox (given 'none')",
      fix: "Choose inbox 'effect', 'lease' or 'natural', or guarantee 'at-least-once'",
    },
    {
      holds: s.guarantee !== 'exactly-once-aggregation' || (s.to.kind === 'log' && s.inbox === 'none'),
      problem: "guarantee 'exactly-once-aggregation' needs a log and takes no inbox: the log position is its record",
      fix: "Subscribe to a log and leave inbox out, or choose guarantee 'effectively-once'",
    },
    {
      holds: Number.isInteger(s.batchSize) && s.batchSize >= 1 && s.batchSize <= maxBatch,
      problem: `batchSize must be a whole number from 1 to ${maxBatch} (given ${s.batchSize})`,
      fix: `Choose a size up to ${maxBatch}`,
    },
    {
      holds:
        s.batchWindow.seconds >= 0 &&
        s.batchWindow.seconds <= LAMBDA.maxBatchWindowSeconds &&
        !(isFifo && s.batchWindow.seconds > 0),
      problem: `batchWindow must be at most ${LAMBDA.maxBatchWindowSeconds} s, and 0 on a FIFO queue (given ${s.batchWindow.seconds} s)`,
      fix: 'Lower batchWindow or leave it out',
    },
    {
      holds:
        s.to.kind !== 'queue' || isFifo || s.batchSize <= LAMBDA.maxBatchWithoutWindow || s.batchWindow.seconds >= 1,
      problem: `batchSize above ${LAMBDA.maxBatchWithoutWindow} needs a batchWindow of at least 1 s (given ${s.batchSize} and ${s.batchWindow.seconds} s)`,
      fix: 'Write batchWindow: seconds(1), or lower batchSize',
    },
    {
      holds: s.concurrency === undefined || s.to.kind === 'queue',
      problem:
        s.to.kind === 'log'
          ? `concurrency cannot be set on log '${s.to.name}': a log has one batch per shard`
          : `concurrency cannot be set on table changes '${s.to.name}': DynamoDB decides about the shards of its streams`,
      fix: s.to.kind === 'log' ? 'Leave concurrency out and choose the number of shards on the log' : 'Leave it out',
    },
    {
      holds:
        s.concurrency === undefined ||
        (Number.isInteger(s.concurrency) &&
          s.concurrency >= LAMBDA.minMappingConcurrency &&
          s.concurrency <= LAMBDA.maxMappingConcurrency),
      problem: `concurrency must be a whole number from ${LAMBDA.minMappingConcurrency} to ${LAMBDA.maxMappingConcurrency} (given ${s.concurrency})`,
      fix: 'Lambda takes no lower ceiling than 2 on a queue; order per key comes from a FIFO queue',
    },
    {
      holds: s.guarantee !== 'at-most-once' || s.order === 'none',
      problem:
        "guarantee 'at-most-once' takes no order 'per-key': a batch acknowledged first frees its group for the next one",
      fix: "Subscribe to a standard queue, or choose guarantee 'at-least-once'",
    },
    {
      holds:
        s.guarantee !== 'at-most-once' || (s.inbox === 'none' && s.breaker === undefined && s.failedKey === 'continue'),
      problem: "guarantee 'at-most-once' takes no inbox, breaker or parking: nothing comes back that they could act on",
      fix: "Leave them out, or choose guarantee 'at-least-once'",
    },
    {
      holds:
        s.breaker === undefined ||
        (Number.isInteger(s.breaker.failures) && s.breaker.failures >= 1 && s.breaker.failures <= 100),
      problem: `breaker.failures must be a whole number from 1 to 100 (given ${s.breaker?.failures})`,
      fix: 'Write breaker: breaker() for 5 failures and 30 s of pause',
    },
    {
      holds:
        s.breaker === undefined ||
        (s.breaker.coolDown.seconds >= 1 && s.breaker.coolDown.seconds <= s.breaker.maxCoolDown.seconds),
      problem: `breaker.coolDown must be at least 1 s and not above maxCoolDown (given ${s.breaker?.coolDown.seconds} s and ${s.breaker?.maxCoolDown.seconds} s)`,
      fix: 'Raise coolDown or maxCoolDown',
    },
    {
      holds: s.failedKey === 'continue' || s.order === 'per-key',
      problem: "failedKey 'park' needs order 'per-key': without order nothing has to wait behind a failed message",
      fix: 'Subscribe to a FIFO queue or a log, or leave failedKey out',
    },
    {
      holds: s.fanOut === 'shared' || (s.fanOut === 'enhanced' && s.to.kind === 'log'),
      problem: `fanOut must be 'shared', or 'enhanced' on a log (given '${s.fanOut}' on ${s.to.kind} '${s.to.name}')`,
      fix: 'Leave fanOut out: only Kinesis has readers with a throughput of their own',
    },
    {
      holds: s.lateness === undefined || s.guarantee === 'exactly-once-aggregation',
      problem: `lateness needs guarantee 'exactly-once-aggregation' (given '${s.guarantee}'): only an aggregation keeps a watermark`,
      fix: 'Leave lateness out, or look at the time of the event in the handler',
    },
    {
      holds: s.inbox !== 'lease' || s.lease.seconds >= 1,
      problem: `lease must be at least 1 s (given ${s.lease.seconds} s)`,
      fix: 'Leave lease out to have the timeout',
    },
    {
      holds:
        s.duplicates === undefined ||
        (s.guarantee === 'at-least-once' && s.inbox === 'none' && s.duplicates.trim() !== ''),
      problem: `duplicates says why they do no harm to a handler that is at-least-once without an inbox (given '${s.duplicates}' with guarantee '${s.guarantee}' and inbox '${s.inbox}')`,
      fix: "Write the reason, or leave it out: an inbox keeps duplicates away and 'at-most-once' has none",
    },
    {
      holds: s.to.kind !== 'queue' || s.deduplicationWindow.seconds >= s.to.retention.seconds,
      problem: `deduplicationWindow (${s.deduplicationWindow.seconds} s) must not be below the retention of '${s.to.name}': a message may come back until then`,
      fix: 'Raise deduplicationWindow or lower the retention of the queue',
    },
  ];
}

/** Visibility timeout is six times the function timeout plus the batching window. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
export const VISIBILITY_FACTOR = 6;
export const visibilityOf = (s: Subscription): Duration =>
  seconds(s.timeout.seconds * VISIBILITY_FACTOR + s.batchWindow.seconds);

/**
 * The queue's own redrive stays as the net under crashes and timeouts, which the runtime cannot see: it allows this many
 * receives more than the declared attempts, so that ordinary failures always leave with their reason.
 */
export const CRASH_ALLOWANCE = 2;

/**
 * Whether a consumer reports the lag of each shard: a metric per shard, so only where there are several and somebody wants to hear
 * which one is hot.
 */
export const reportsShards = ({ to, alarms }: Subscription): boolean =>
  to.kind === 'log' && to.shards > 1 && alarmRule('hot-shard', [alarms, to.alarms]) !== undefined;

/** A queue takes no maxReceiveCount above 1,000. */
const MAX_DEFERRALS = 900;

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
 * each time one before it in its group and batch fails or is deferred; it must not be given up for that.
 */
export function maxReceiveCountOf(s: Subscription): number {
  const ahead = s.to.kind === 'queue' && s.to.order === 'per-key' ? s.batchSize - 1 : 0;
  const handedBack = s.breaker === undefined ? 0 : OUTAGE_ALLOWANCE;
  const tried = (s.retry.attempts + s.deferrals) * (ahead + 1);
  return Math.min(SQS.maxReceiveCount, tried + CRASH_ALLOWANCE + handedBack);
}
