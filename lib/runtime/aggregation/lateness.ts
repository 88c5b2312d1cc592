import { toMillis } from '../../contracts/declaring/duration.ts';
import type { Envelope } from '../../contracts/events/envelope.ts';
import type { Lateness } from '../../contracts/subscriptions/subscription.ts';
import { Reject } from '../invocation/outcomes.ts';

/** The dead letter's reason of an event that came too late for its result. */
export const LATE = 'late';

/** Before anything was read. */
export const NO_WATERMARK = Number.NEGATIVE_INFINITY;

/**
 * When an event happened, epoch milliseconds.
 * @throws Reject when the declared event time is none
 */
export function eventTimeOf(event: Envelope, { eventTime = ({ time }) => time }: Lateness): number {
  const text = eventTime(event);
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new Reject('no-event-time', `the event time '${text}' is not an ISO 8601 timestamp`);
  return at;
}

interface Timed {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly message: { readonly firstReceived: number };
}

export interface Judged<T> {
  readonly inTime: readonly T[];
  readonly late: readonly T[];
  /** After the last one, epoch milliseconds. */
  readonly watermark: number;
}

/**
 * Tells the events that are in time from those that are late. Looks at one event after the other, in the order of the shard, so that
 * it does not matter how the shard is cut into batches.
 * @param watermark of everything before, epoch milliseconds
 */
export function judge<T extends Timed>(events: readonly T[], watermark: number, { allowed }: Lateness): Judged<T> {
  const inTime: T[] = [];
  const late: T[] = [];
  let mark = watermark;
  for (const event of events) {
    (event.at < mark - toMillis(allowed) ? late : inTime).push(event);
    // A producer whose clock runs ahead does not make the others late.
    mark = Math.max(mark, Math.min(event.at, event.message.firstReceived));
  }
  return { inTime, late, watermark: mark };
}
