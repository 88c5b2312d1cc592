import * as v from 'valibot';
import { outbox } from '../../contracts/channels/outbox.ts';
import { queue } from '../../contracts/channels/queue.ts';
import { recurring } from '../../contracts/channels/recurring.ts';
import { hours, minutes, seconds } from '../../contracts/declaring/duration.ts';
import { exponential } from '../../contracts/declaring/retry.ts';
import { type DataOf, event } from '../../contracts/events/event.ts';
import { subscription } from '../../contracts/subscriptions/subscription.ts';

/**
 * The reminders system as it is declared, for 5 million users with a reminder a day each: 58 a second over the day. A fifth of them live in one time zone and
 * have chosen 9:00; of these 400,000 the last is told four and a half minutes later, at 1,500 a second.
 */

const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,36}$/, 'must be 1 to 36 letters, digits or hyphens'));

/** A reminder that is due. Each due time of a reminder is told once. */
export const ReminderDue = event('reminders.reminder-due', {
  version: 1,
  data: v.object({
    userId: Id,
    reminderId: Id,
    /** Of the reminder, as it was set. */
    version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    /** ISO 8601, UTC: when it was due, not when it was told. */
    dueAt: v.pipe(v.string(), v.isoTimestamp()),
    text: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  }),
  key: ({ userId }) => userId,
});

export type ReminderDueData = DataOf<typeof ReminderDue>;

/**
 * The index of what is due is spread over so many buckets. One takes some 1,000 write units a second, which is 500 reminders told; each is taken by a function
 * of its own, all at once. More buckets need no move: a reminder keeps its bucket until it is set again.
 */
export const BUCKETS = 16;

/** A minute has begun: take what is due in a bucket. */
export const ScanDue = event('reminders.scan-due', {
  version: 1,
  data: v.object({ bucket: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) }),
  key: ({ bucket }) => String(bucket),
});

/** Ticks: the next one takes what an older one has missed, so that an old one is worth nothing. (Not less: one that crashes its function must become a dead letter.) */
export const scans = queue('scans', {
  events: [ScanDue],
  retention: hours(2),
  traffic: { peakPerSecond: BUCKETS, usualPerSecond: BUCKETS / 60, averageBytes: 500 },
});

/** Every minute one for each bucket, on a schedule of its own. */
export const ticks = Array.from({ length: BUCKETS }, (_, bucket) =>
  recurring(`tick-${bucket}`, { to: scans, event: ScanDue, data: { bucket }, every: minutes(1) }),
);

/** Tells what is due up to now, each reminder in a transaction that moves it on: again, twice at once or late is all the same. */
export const takeDue = subscription('take-due', {
  to: scans,
  guarantee: 'at-least-once',
  duplicates: 'a reminder moves on in the transaction that tells it, on condition that it has not moved',
  retry: exponential({ attempts: 3, base: seconds(2), cap: seconds(20) }),
  timeout: seconds(60),
  batchSize: 1,
  concurrency: 2 * BUCKETS,
});

const traffic = { peakPerSecond: 1_500, usualPerSecond: 58, averageBytes: 700 };

/** Reminders to be told. They depend on each other in nothing: no order. */
export const dueReminders = queue('due-reminders', {
  events: [ReminderDue],
  traffic,
  alarms: {
    // Some 400,000 come at nine; that they are told in time says oldest-message.
    'queue-depth': { threshold: 500_000 },
    'received-drop': { off: 'people set their reminders for the morning: most of the night is far below the usual' },
  },
});

export const remindersOutbox = outbox('reminder-outbox', { publishes: [dueReminders] });

/** Puts a reminder before its user: the key of the notification is made from the event, so that writing it is idempotent by itself. */
export const deliverReminder = subscription('deliver-reminder', {
  to: dueReminders,
  guarantee: 'effectively-once',
  inbox: 'natural',
  retry: exponential({ attempts: 5, base: seconds(1), cap: minutes(1) }),
  timeout: seconds(30),
  // What is taken by the minute can wait a second to travel in tens.
  batchWindow: seconds(1),
  concurrency: 50,
});

/** Names of the environment variables of this system's functions, beside those of the runtime. */
export const REMINDERS_ENV = {
  remindersTable: 'REMINDERS_TABLE',
  notificationsTable: 'NOTIFICATIONS_TABLE',
} as const;

/** Metrics of the scans, with the dimension `work`. */
export const REMINDERS_METRIC = {
  /** How long the oldest reminder of a bucket had been due when its scan began, seconds. */
  overdue: 'OldestOverdue',
  /** Reminders that a scan could not tell. They stay due: the next one tries again. */
  failed: 'RemindersFailed',
} as const;

/** Value of the dimension `work`. */
export const REMINDERS_WORK = 'reminders';
