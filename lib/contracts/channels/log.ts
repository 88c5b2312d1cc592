import { type AlarmSettings, CHANNEL_ALARMS, declareAlarms } from '../declaring/alarms.ts';
import { declare, declareName } from '../declaring/declaration-error.ts';
import { type Duration, days } from '../declaring/duration.ts';
import { KINESIS } from '../declaring/limits.ts';
import type { AnyEventType } from '../events/event.ts';
import type { Log, Traffic } from './channel.ts';
import { declareEvents } from './channel-checks.ts';
import { type LogCapacityOptions, logCapacity } from './log-capacity.ts';
import { aggregatedBytes, type SendingOptions, sending } from './sending.ts';

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
  /**
   * Largest record that the stream takes, partition key included, in KiB: 1,024 to 10,240, and at most 4,600 where a subscription reads it,
   * because a function is given no more. Large records are for now and then: under 2 % of the traffic. What is larger still is refused, or
   * goes to S3 with `oversized: 'claim-check'`. @default 1,024, as Kinesis
   */
  readonly maxRecordKiB?: number;
  /** Expected load. @default not known: one shard, no cost */
  readonly traffic?: Traffic;
  /** Other thresholds of alarms, or reasons to have none; a subscription's own come first. @default the defaults of each kind */
  readonly alarms?: AlarmSettings;
}

const BYTES_PER_KIB = 1_024;

/** Declares a log. */
export function log<const E extends AnyEventType>(name: string, options: LogOptions<E>): Log<E> {
  const thing = `log '${name}'`;
  const { events, traffic, retention = days(7), maxRecordKiB = KINESIS.defaultRecordKiB } = options;
  declareName('log', name);
  declareEvents(thing, events);
  declare(
    retention.seconds >= KINESIS.minRetentionSeconds && retention.seconds <= KINESIS.maxRetentionSeconds,
    thing,
    `retention must be from 24 hours to 365 days (given ${retention.seconds} s)`,
    'Write for example retention: days(7)',
  );
  declare(
    Number.isInteger(maxRecordKiB) && maxRecordKiB >= KINESIS.defaultRecordKiB && maxRecordKiB <= KINESIS.maxRecordKiB,
    thing,
    `maxRecordKiB must be a whole number from ${KINESIS.defaultRecordKiB} to ${KINESIS.maxRecordKiB} (given ${maxRecordKiB})`,
    'Leave it out for 1 MiB; send what is larger than a record by claim check',
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
    maxMessageBytes: maxRecordKiB * BYTES_PER_KIB,
  };
}
