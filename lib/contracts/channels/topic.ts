import { type AlarmSettings, CHANNEL_ALARMS, declareAlarms } from '../declaring/alarms.ts';
import { declareName } from '../declaring/declaration-error.ts';
import { SNS } from '../declaring/limits.ts';
import type { AnyEventType } from '../events/event.ts';
import type { GroupBy, Topic, Traffic } from './channel.ts';
import { byKey, declareEvents, declareNoTenants, type FairOptions } from './channel-checks.ts';
import { type SendingOptions, sending } from './sending.ts';

interface TopicOptions<E extends AnyEventType> extends SendingOptions<E> {
  readonly events: readonly E[];
  readonly traffic?: Traffic;
  /** Other thresholds of alarms, or reasons to have none. @default the defaults of each kind */
  readonly alarms?: AlarmSettings;
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
