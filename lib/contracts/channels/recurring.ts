import { declare, declareName } from '../declaring/declaration-error.ts';
import type { Duration } from '../declaring/duration.ts';
import type { AnyEventType, DataOf } from '../events/event.ts';
import type { Queue } from './channel.ts';

/** When something is due again and again. */
export type Recurrence = { readonly every: Duration } | { readonly cron: string; readonly timezone: string };

/**
 * Work that is due again and again: at each due time one event is put into a queue, on a FIFO queue into the event's message group. Its id is
 * made of the name and the due time, so that a schedule that fires twice has one effect.
 */
export interface Recurring<E extends AnyEventType = AnyEventType> {
  readonly name: string;
  readonly to: Queue;
  readonly event: E;
  readonly data: DataOf<E>;
  readonly when: Recurrence;
}

const MINUTE = 60;
const CRON_FIELDS = 6;

/**
 * Declares recurring work.
 * @throws DeclarationError for a queue that does not carry the event, a period that is not whole minutes, a cron expression that
 *   is not six fields
 */
export function recurring<E extends AnyEventType>(
  name: string,
  options: {
    readonly to: Queue;
    readonly event: E;
    /** The same every time; the due time is the event's `time`. */
    readonly data: DataOf<E>;
    /** Whole minutes. Either this or `cron`. */
    readonly every?: Duration;
    /** minutes hours day-of-month month day-of-week year, e.g. '0 9 * * ? *'. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html */
    readonly cron?: string;
    /** IANA name; summer time is kept. Only with `cron`. @default 'UTC' */
    readonly timezone?: string;
  },
): Recurring<E> {
  const thing = `recurring work '${name}'`;
  const { to, event, data, every, cron, timezone = 'UTC' } = options;
  declareName('recurring work', name);
  declareTarget(thing, to, event);
  declare(
    (every === undefined) !== (cron === undefined),
    thing,
    `either every or cron says when (given ${every === undefined ? 'neither' : 'both'})`,
    "Write every: hours(1), or cron: '0 9 * * ? *'",
  );
  if (every !== undefined) {
    declare(
      every.seconds >= MINUTE && every.seconds % MINUTE === 0,
      thing,
      `every must be whole minutes from 1 (given ${every.seconds} s)`,
      'Schedules know no seconds; for less let the handler send itself a message with a delay',
    );
    declare(
      options.timezone === undefined,
      thing,
      'a timezone goes with cron only: a period has none',
      'Leave timezone out, or write cron',
    );
    return { name, to, event, data, when: { every } };
  }
  const fields = (cron ?? '').trim().split(/\s+/);
  declare(
    fields.length === CRON_FIELDS && (fields[2] === '?') !== (fields[4] === '?'),
    thing,
    `cron must have ${CRON_FIELDS} fields, of which exactly one of day-of-month and day-of-week is '?' (given '${cron}')`,
    "Write for example '0 9 * * ? *' for every day at 9:00",
  );
  declare(isZone(timezone), thing, `timezone '${timezone}' is not known`, "Write an IANA name: 'Europe/London'");
  return { name, to, event, data, when: { cron: fields.join(' '), timezone } };
}

function isZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}

/** @throws DeclarationError when the queue does not carry the event */
export function declareTarget(thing: string, to: Queue, event: AnyEventType): void {
  declare(
    to.events.includes(event),
    thing,
    `queue '${to.name}' does not carry ${event.type}`,
    'Add the event to the queue',
  );
}
