import { type AlarmSettings, CHANNEL_ALARMS, declareAlarms } from '../declaring/alarms.ts';
import { declare, declareName } from '../declaring/declaration-error.ts';
import { type Duration, days } from '../declaring/duration.ts';
import { SQS } from '../declaring/limits.ts';
import type { AnyEventType } from '../events/event.ts';
import type { GroupBy, Queue, Topic, Traffic } from './channel.ts';
import { byKey, declareEvents, declareNoTenants, type FairOptions } from './channel-checks.ts';
import { type SendingOptions, sending } from './sending.ts';
import { declareFilter, type EnvelopeFilter } from './subscription-filter.ts';

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
