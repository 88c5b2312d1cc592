import * as v from 'valibot';
import { RequestRefused } from '../request-refused.ts';
import { isZone, nextDaily } from './due.ts';

/** What the app of a user sends to set, change or cancel a reminder, and what is decided about it. */

const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,36}$/, 'must be 1 to 36 letters, digits or hyphens'));

const When = v.union([
  /** `inSeconds: 1800`: in 30 minutes, counted from the first time that the request is answered. */
  v.strictObject({ inSeconds: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) }),
  v.strictObject({ at: v.pipe(v.string(), v.isoTimestamp()) }),
  v.strictObject({
    daily: v.strictObject({
      at: v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day: 09:00')),
      zone: v.string(),
    }),
  }),
]);

const common = {
  userId: Id,
  reminderId: Id,
  /** Counted up by the app with every change: the higher one counts, the same one again changes nothing. */
  version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  /** W3C trace context of the caller. */
  traceparent: v.optional(v.string()),
};

export const ReminderRequest = v.variant('action', [
  v.strictObject({
    action: v.literal('set'),
    ...common,
    text: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
    when: When,
  }),
  v.strictObject({ action: v.literal('cancel'), ...common }),
]);

export type ReminderRequest = v.InferOutput<typeof ReminderRequest>;
export type When = v.InferOutput<typeof When>;

/** Why a request is refused: answered to the caller at once, nothing is written. */
export type Refusal =
  | 'malformed'
  /** No such time zone. */
  | 'unknown-zone'
  /** It would have been due already. */
  | 'past'
  /** More than two years ahead. */
  | 'too-far'
  /** A later change is there already. */
  | 'stale-version'
  /** The version was used before for something else. */
  | 'conflicting-version'
  /** To cancel: it was never set, or long ago. */
  | 'unknown-reminder'
  /** To cancel: it was told or cancelled already. */
  | 'nothing-due';

/** What `set-reminder` answers: from here on this is what counts. */
export type Reply =
  | {
      readonly status: 'accepted';
      readonly userId: string;
      readonly reminderId: string;
      readonly version: number;
      /** When this version is due first; null: it is cancelled. */
      readonly dueAt: string | null;
      /** Up to which due time the versions before it have been told; null: none was. What was due later is never told. */
      readonly toldBefore: string | null;
      readonly duplicate: boolean;
    }
  | { readonly status: 'refused'; readonly reason: Refusal; readonly message: string };

export class Refused extends RequestRefused<Refusal> {}

/** @throws Refused when it is malformed */
export function readRequest(input: unknown): ReminderRequest {
  const parsed = v.safeParse(ReminderRequest, input);
  if (parsed.success) return parsed.output;
  const issues = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'request'}: ${issue.message}`);
  throw new Refused('malformed', issues.join('; '));
}

const FARTHEST_DAYS = 731;
const DAY_MS = 86_400_000;
const SECOND_MS = 1_000;

/**
 * When a reminder that is set now is due for the first time, epoch milliseconds.
 * @param now epoch milliseconds
 * @throws Refused for a zone that there is not, a time that is past, or one that is more than two years ahead
 */
export function firstDue(when: When, now: number): number {
  if ('daily' in when) {
    if (isZone(when.daily.zone)) return nextDaily(when.daily, now);
    throw new Refused('unknown-zone', `zone '${when.daily.zone}' is not known; write an IANA name: 'Europe/London'`);
  }
  const due = 'inSeconds' in when ? now + when.inSeconds * SECOND_MS : Date.parse(when.at);
  if (due <= now) {
    throw new Refused('past', `${new Date(due).toISOString()} is past; a reminder is set for a time to come`);
  }
  if (due - now > FARTHEST_DAYS * DAY_MS) {
    throw new Refused('too-far', `it would be due more than ${FARTHEST_DAYS} days from now; set it later`);
  }
  return due;
}
