import { type AlarmSettings, CONSUMER_ALARMS, declareAlarms } from '../declaring/alarms.ts';
import { declare, declareName } from '../declaring/declaration-error.ts';
import { type Duration, seconds } from '../declaring/duration.ts';
import { exponential, type RetryPolicy } from '../declaring/retry.ts';
import { messageLifeOf } from './delivery-numbers.ts';
import { subscriptionRules } from './subscription-rules.ts';
import type {
  BreakerPolicy,
  FanOut,
  Guarantee,
  InboxMode,
  Lateness,
  Source,
  Subscription,
} from './subscription-shape.ts';

export type * from './subscription-shape.ts';

/** Breaker with sensible numbers. @default 5 outages in a row, 30 s of pause, at most 10 minutes */
export const breaker = (options: Partial<BreakerPolicy> = {}): BreakerPolicy => ({
  failures: 5,
  coolDown: seconds(30),
  maxCoolDown: seconds(600),
  ...options,
});

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
  /**
   * How long a message is recognised as a duplicate. Not below what a message can live: the retention of its channel and then that of the dead letters, which
   * is 14 days for a log and for table changes. @default that long: 18 days for a queue with the default retentions
   */
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
   * When even the dead letter cannot be sent (the queue refuses it, a permission is missing): `stop`: the message comes again, without
   * spending an attempt, and a log waits at it until its mapping's retries end. `continue`: it is left, what follows goes on, and a line
   * of the log says which it was. The alarm `dead-letters-failed` tells of both.
   * @default 'stop'
   */
  readonly undeliverable?: 'stop' | 'continue';
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
    deduplicationWindow: options.deduplicationWindow ?? messageLifeOf({ to }),
    concurrency: options.concurrency,
    batchSize: options.batchSize ?? (to.kind === 'queue' ? 10 : 100),
    batchWindow: options.batchWindow ?? seconds(0),
    breaker: options.breaker,
    failedKey: options.failedKey ?? 'continue',
    undeliverable: options.undeliverable ?? 'stop',
    fanOut: options.fanOut ?? 'shared',
    lateness: options.lateness,
    alarms: declareAlarms(`subscription '${name}'`, CONSUMER_ALARMS[to.kind], options.alarms),
    duplicates: options.duplicates,
    toleratedOutage: options.toleratedOutage,
  };
  declareName('subscription', name);
  for (const { holds, problem, fix } of subscriptionRules(made)) declare(holds, `subscription '${name}'`, problem, fix);
  return made;
}
