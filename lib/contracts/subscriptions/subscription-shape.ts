import type { Log, Queue } from '../channels/channel.ts';
import type { AnyTableChanges } from '../channels/table-changes.ts';
import type { AlarmSettings } from '../declaring/alarms.ts';
import type { Duration } from '../declaring/duration.ts';
import type { RetryPolicy } from '../declaring/retry.ts';
import type { Envelope } from '../events/envelope.ts';

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
  readonly undeliverable: 'stop' | 'continue';
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
