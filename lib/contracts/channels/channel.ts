import type { AlarmSettings } from '../declaring/alarms.ts';
import type { Duration } from '../declaring/duration.ts';
import type { Traffic } from '../declaring/traffic.ts';
import type { Envelope } from '../events/envelope.ts';
import type { AnyEventType, DataOf } from '../events/event.ts';
import type { LogCapacity, ShardMetric } from './log-capacity.ts';
import type { Sending } from './sending.ts';
import type { EnvelopeFilter } from './subscription-filter.ts';

export type { Traffic } from '../declaring/traffic.ts';

/** Chooses the message group of an event: order is kept within a group. */
export type GroupBy<E extends AnyEventType> = (event: Envelope<DataOf<E>>) => string;

interface ChannelBase<E extends AnyEventType> extends Sending {
  readonly name: string;
  readonly events: readonly E[];
  readonly traffic?: Traffic | undefined;
  /** Largest message the channel's service takes, in bytes. */
  readonly maxMessageBytes: number;
  /** What is different about the alarms of the channel and of its consumers. */
  readonly alarms: AlarmSettings;
}

/** Fan-out: one publish, any number of subscribed queues (SNS). */
export interface Topic<E extends AnyEventType = AnyEventType> extends ChannelBase<E> {
  readonly kind: 'topic';
  /** `per-key` makes it a FIFO topic: needed to feed FIFO queues; standard queues may subscribe as well. */
  readonly order: 'none' | 'per-key';
  /** Message group on a FIFO topic. The event's key unless declared otherwise. */
  readonly groupBy: GroupBy<E>;
  /** Standard topics: the tenant, for fair queues. */
  readonly tenantBy: GroupBy<E> | undefined;
}

/** Work that is gone when done (SQS). */
export interface Queue<E extends AnyEventType = AnyEventType> extends ChannelBase<E> {
  readonly kind: 'queue';
  readonly order: 'none' | 'per-key';
  /** The topic that feeds it; the queue's `events` become the subscription's filter. */
  readonly from?: Topic | undefined;
  /** Which of these events the topic delivers, beyond their type. */
  readonly filter?: EnvelopeFilter | undefined;
  readonly retention: Duration;
  /** How long dead letters are kept; longer than `retention`, because a standard DLQ counts from the first enqueue. */
  readonly deadLetterRetention: Duration;
  readonly groupBy: GroupBy<E>;
  /**
   * Standard queues: whose work a message is. A tenant with a backlog then does not delay the others' messages (fair queues).
   * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
   */
  readonly tenantBy: GroupBy<E> | undefined;
}

/** What happened, kept for a time, read by any number of consumers at positions of their own (Kinesis). */
export interface Log<E extends AnyEventType = AnyEventType> extends ChannelBase<E> {
  readonly kind: 'log';
  readonly order: 'per-key';
  readonly retention: Duration;
  readonly capacity: LogCapacity;
  /** Provisioned: how many there are. On demand: how many a new stream has; AWS changes that. */
  readonly shards: number;
  /** Metrics that are kept, and charged, for each shard. */
  readonly shardMetrics: readonly ShardMetric[];
  /** Small events of one key travel together in records of at most so many bytes (KPL's format); undefined: each in its own. */
  readonly aggregate: number | undefined;
  /** What the log is read again for; undefined: not said. */
  readonly replay: string | undefined;
}

/** Where events travel. */
export type Channel = Topic | Queue | Log;

/** What a channel is declared to carry; a queue without traffic of its own has that of the topic that feeds it. */
export const trafficOf = (channel: Channel): Traffic | undefined =>
  channel.traffic ?? (channel.kind === 'queue' ? channel.from?.traffic : undefined);
