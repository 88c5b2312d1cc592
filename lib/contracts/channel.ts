import { type AlarmSettings, CHANNEL_ALARMS, declareAlarms } from './alarms.ts';
import { declare, declareName } from './declaration-error.ts';
import { type Duration, days } from './duration.ts';
import type { Envelope } from './envelope.ts';
import type { AnyEventType, DataOf } from './event.ts';
import { KINESIS, SNS, SQS } from './limits.ts';
import { type LogCapacity, type LogCapacityOptions, logCapacity, type ShardMetric } from './log-capacity.ts';
import { aggregatedBytes, type Sending, type SendingOptions, sending } from './sending.ts';
import { declareFilter, type EnvelopeFilter } from './subscription-filter.ts';

/** Expected load. Feeds the number of shards, the alarms and the cost. */
export interface Traffic {
  /** Messages per second at the peak. */
  readonly peakPerSecond: number;
  /** Size of a usual message with its envelope. */
  readonly averageBytes: number;
  /** Messages per second averaged over a month: what the cost is reckoned from, and the usual that a drop is told by. @default not known */
  readonly usualPerSecond?: number;
  /** Size of the largest message with its envelope; a channel that takes less needs a claim check. @default not known */
  readonly largestBytes?: number;
}

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

const byKey = (event: Envelope): string => event.partitionkey;

function declareEvents(thing: string, events: readonly AnyEventType[]): void {
  declare(events.length > 0, thing, 'events is empty', 'List the events that may travel here');
}

interface TopicOptions<E extends AnyEventType> extends SendingOptions<E> {
  readonly events: readonly E[];
  readonly traffic?: Traffic;
  /** Other thresholds of alarms, or reasons to have none. @default the defaults of each kind */
  readonly alarms?: AlarmSettings;
}

interface FairOptions<E extends AnyEventType> {
  /** Whose work a message is: with it a busy tenant does not delay the others (fair queues). 1 to 128 characters. @default none */
  readonly tenantBy?: GroupBy<E>;
}

/** Declares a standard topic: fan-out without order. */
export function topic<const E extends AnyEventType>(name: string, options: TopicOptions<E> & FairOptions<E>): Topic<E> {
  return makeTopic(name, options, 'none', byKey, options.tenantBy);
}

/** Declares a FIFO topic: fan-out in order per message group. */
export function fifoTopic<const E extends AnyEventType>(
  name: string,
  options: TopicOptions<E> & {
    /** @default the event's key */
    readonly groupBy?: GroupBy<E>;
  },
): Topic<E> {
  declareNoTenants(`topic '${name}'`, options);
  return makeTopic(name, options, 'per-key', options.groupBy ?? byKey, undefined);
}

function makeTopic<E extends AnyEventType>(
  name: string,
  options: TopicOptions<E>,
  order: Topic['order'],
  groupBy: GroupBy<E>,
  tenantBy: GroupBy<E> | undefined,
): Topic<E> {
  declareName('topic', name);
  declareEvents(`topic '${name}'`, options.events);
  return {
    kind: 'topic',
    name,
    order,
    events: options.events,
    ...sending(`topic '${name}'`, options.events, options),
    groupBy,
    tenantBy,
    maxMessageBytes: SNS.maxMessageBytes,
    traffic: options.traffic,
    alarms: declareAlarms(`topic '${name}'`, CHANNEL_ALARMS.topic, options.alarms),
  };
}

/** What a declaration of a queue may say. */
export interface QueueOptions<E extends AnyEventType> extends SendingOptions<E> {
  readonly events: readonly E[];
  /** @default none: producers send to the queue itself */
  readonly from?: Topic;
  /**
   * Which of the events the topic delivers, beyond their type, by SNS's matchers over the envelope: `{ data: { country: ['France'] } }`. What does not fit
   * never reaches the queue and costs nothing there. @default all of `events`
   */
  readonly filter?: EnvelopeFilter;
  /** 1 minute to 14 days. @default 4 days */
  readonly retention?: Duration;
  /** Longer than `retention`, at most 14 days. @default 14 days */
  readonly deadLetterRetention?: Duration;
  /** Expected load. @default not known: no cost, and no alarm that is told by it */
  readonly traffic?: Traffic;
  /** Other thresholds of alarms, or reasons to have none; a subscription's own come first. @default the defaults of each kind */
  readonly alarms?: AlarmSettings;
}

/** Declares a standard queue: competing consumers, no order. */
export function queue<const E extends AnyEventType>(name: string, options: QueueOptions<E> & FairOptions<E>): Queue<E> {
  return makeQueue(name, options, 'none', byKey, options.tenantBy ?? options.from?.tenantBy);
}

/** Declares a FIFO queue: order per message group, parallel across groups. */
export function fifoQueue<const E extends AnyEventType>(
  name: string,
  options: QueueOptions<E> & {
    /** Message group when a producer sends to the queue itself; a feeding topic's group counts otherwise. @default the event's key */
    readonly groupBy?: GroupBy<E>;
  },
): Queue<E> {
  const thing = `queue '${name}'`;
  declare(
    options.from === undefined || options.from.order === 'per-key',
    thing,
    `a FIFO queue cannot subscribe to the standard topic '${options.from?.name}'`,
    'Declare the topic with fifoTopic(), or the queue with queue()',
  );
  declareNoTenants(thing, options);
  return makeQueue(name, options, 'per-key', options.groupBy ?? options.from?.groupBy ?? byKey, undefined);
}

/** For declarations that the compiler has not seen. */
function declareNoTenants(thing: string, options: object): void {
  declare(
    !('tenantBy' in options),
    thing,
    'tenantBy belongs to standard queues and topics: with FIFO the message group decides the order',
    'Declare groupBy instead, or the channel without order',
  );
}

function makeQueue<E extends AnyEventType>(
  name: string,
  options: QueueOptions<E>,
  order: Queue['order'],
  groupBy: GroupBy<E>,
  tenantBy: GroupBy<E> | undefined,
): Queue<E> {
  const thing = `queue '${name}'`;
  const { from, filter, events, traffic, retention = days(4), deadLetterRetention = days(14) } = options;
  declareName('queue', name);
  declareEvents(thing, events);
  const strangers = from === undefined ? [] : events.filter((e) => !from.events.includes(e)).map((e) => e.type);
  declare(
    strangers.length === 0,
    thing,
    `topic '${from?.name}' does not carry ${strangers.join(', ')}`,
    'Add the events to the topic or take them from the queue',
  );
  declareFilter(
    thing,
    filter,
    events.map(({ type }) => type),
    from,
  );
  declare(
    retention.seconds >= SQS.minRetentionSeconds && deadLetterRetention.seconds <= SQS.maxRetentionSeconds,
    thing,
    `retention must be at least 60 s and deadLetterRetention at most 14 days (given ${retention.seconds} s and ${deadLetterRetention.seconds} s)`,
    'Choose durations inside these limits',
  );
  declare(
    deadLetterRetention.seconds > retention.seconds,
    thing,
    `deadLetterRetention (${deadLetterRetention.seconds} s) must exceed retention (${retention.seconds} s): a standard DLQ counts age from the first enqueue, so dead letters would expire early`,
    'Raise deadLetterRetention or lower retention',
  );
  return {
    kind: 'queue',
    name,
    order,
    events,
    from,
    filter,
    retention,
    deadLetterRetention,
    ...sending(thing, events, options),
    groupBy,
    tenantBy,
    traffic,
    alarms: declareAlarms(thing, CHANNEL_ALARMS.queue, options.alarms),
    maxMessageBytes: SQS.maxMessageBytes,
  };
}

/** What a declaration of a log may say. */
export interface LogOptions<E extends AnyEventType> extends SendingOptions<E>, LogCapacityOptions {
  readonly events: readonly E[];
  /** 24 hours to 365 days; longer than the longest outage of a consumer that you want to survive. @default 7 days */
  readonly retention?: Duration;
  /**
   * Sends small events of one key together, in the Kinesis Producer Library's format: bytes of such a record at most, 1 KiB to
   * 1 MiB; true for 50 KiB. @default every event is a record of its own
   */
  readonly aggregate?: boolean | number;
  /**
   * What it is read again for, by a new or a rebuilt consumer: `'the search index is rebuilt from it'`. The linter asks for it where one
   * consumer reads a log, because a queue would do otherwise. @default not said
   */
  readonly replay?: string;
  /** Expected load. @default not known: one shard, no cost */
  readonly traffic?: Traffic;
  /** Other thresholds of alarms, or reasons to have none; a subscription's own come first. @default the defaults of each kind */
  readonly alarms?: AlarmSettings;
}

/** Declares a log. */
export function log<const E extends AnyEventType>(name: string, options: LogOptions<E>): Log<E> {
  const thing = `log '${name}'`;
  const { events, traffic, retention = days(7) } = options;
  declareName('log', name);
  declareEvents(thing, events);
  declare(
    retention.seconds >= KINESIS.minRetentionSeconds && retention.seconds <= KINESIS.maxRetentionSeconds,
    thing,
    `retention must be from 24 hours to 365 days (given ${retention.seconds} s)`,
    'Write for example retention: days(7)',
  );
  declare(
    options.replay === undefined || options.replay.trim() !== '',
    thing,
    'replay is empty',
    'Say what the log is read again for, or leave it out',
  );
  return {
    kind: 'log',
    name,
    order: 'per-key',
    events,
    retention,
    ...logCapacity(thing, options, traffic),
    ...sending(thing, events, options),
    aggregate: aggregatedBytes(thing, options.aggregate),
    replay: options.replay,
    traffic,
    alarms: declareAlarms(thing, CHANNEL_ALARMS.log, options.alarms),
    maxMessageBytes: KINESIS.maxRecordBytes,
  };
}
