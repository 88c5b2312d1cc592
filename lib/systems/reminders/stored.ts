import { createHash } from 'node:crypto';
import { BUCKETS } from './contract.ts';
import type { Daily } from './due.ts';

/** Keys of the tables, as the stack makes them and the functions use them. */
export const REMINDERS_TABLE = {
  partitionKey: 'userId',
  sortKey: 'reminderId',
  expiry: 'expiresAt',
  /** Sparse: only what is to be due has a bucket. */
  dueIndex: { name: 'due', partitionKey: 'bucket', sortKey: 'dueAt' },
} as const;

export const NOTIFICATIONS_TABLE = { partitionKey: 'userId', sortKey: 'notificationId', expiry: 'expiresAt' } as const;

/** An item of the table of reminders. */
export interface StoredReminder {
  readonly userId: string;
  readonly reminderId: string;
  readonly version: number;
  /** Of what was asked in this version. */
  readonly fingerprint: string;
  /** Absent: cancelled. */
  readonly text?: string;
  /** Absent: due once. */
  readonly daily?: Daily;
  /** When this version was due first, ISO 8601. Absent: cancelled. */
  readonly firstDue?: string;
  /** The last due time that was told before this version. */
  readonly toldBefore?: string;
  /** The last due time that was told. */
  readonly toldUntil?: string;
  /** Due times told so far, of all versions: the sequence of its newest event. */
  readonly told: number;
  /** When it is due next, ISO 8601. Absent with `bucket`: nothing is due any more. */
  readonly dueAt?: string;
  readonly bucket?: string;
  /** Epoch seconds; only when nothing is due any more. */
  readonly expiresAt?: number;
}

/** Whose events a reminder's are, in the outbox. */
export const aggregateOf = ({ userId, reminderId }: Pick<StoredReminder, 'userId' | 'reminderId'>): string =>
  `${userId}/${reminderId}`;

/** Spreads reminders evenly over the index. */
export const bucketOf = (reminder: Pick<StoredReminder, 'userId' | 'reminderId'>): string =>
  String((createHash('sha256').update(aggregateOf(reminder)).digest()[0] ?? 0) % BUCKETS);

const KEPT_DAYS = 30;
const SECONDS_PER_DAY = 86_400;
const MILLIS_PER_SECOND = 1_000;

/** How long what is over is remembered, so that a request that comes again late is known. @param now epoch milliseconds @returns epoch seconds */
export const expiryOf = (now: number, days = KEPT_DAYS): number =>
  Math.floor(now / MILLIS_PER_SECOND) + days * SECONDS_PER_DAY;
