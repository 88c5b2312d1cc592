import type { Write } from '../../../lib/runtime/inbox/inbox.ts';
import { WriteRefused } from '../../../lib/runtime/inbox/inbox.ts';
import type { Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { occurred, outboxWriter, SequenceConflict } from '../../../lib/runtime/outbox/outbox.ts';
import { ReminderDue, remindersOutbox } from '../../../lib/systems/reminders/contract.ts';
import { nextDaily } from '../../../lib/systems/reminders/due.ts';
import { aggregateOf, expiryOf, type StoredReminder } from '../../../lib/systems/reminders/stored.ts';

/** How many due times were told; whether somebody else was first: another tick, or its user has changed or cancelled it. */
export interface Told {
  readonly told: number;
  readonly moved: boolean;
}

type Scheduled = StoredReminder & { readonly dueAt: string };

/**
 * Tells every due time of a reminder up to now. Each moves it on and puts its event into the outbox, in one transaction, on condition that the reminder is
 * as it was read: who reads the index late, or comes second, changes nothing.
 */
export function telling(table: string, runtime: Runtime) {
  const transact = outboxWriter(remindersOutbox, runtime);

  /** The reminder as it is after one due time; undefined when it is not as it was read. */
  async function tellOne(reminder: Scheduled, after: number): Promise<StoredReminder | undefined> {
    const { userId, reminderId, version, dueAt, text = '', daily } = reminder;
    const next = daily && new Date(nextDaily(daily, Date.parse(dueAt))).toISOString();
    const told = after + 1;
    try {
      await transact({
        aggregate: aggregateOf(reminder),
        after,
        events: [occurred(ReminderDue, { userId, reminderId, version, dueAt, text })],
        writes: [movingOn(table, reminder, { told, next, now: runtime.now() })],
      });
    } catch (error) {
      if (error instanceof WriteRefused) return undefined;
      if (!(error instanceof SequenceConflict)) throw error;
      // Two met, and nobody knows who was first: the other one has told it, or the next tick does.
      if (error.newest === undefined || error.newest === after) return undefined;
      // It was forgotten and set anew, and its events go on from there. That nobody tells it twice is seen to by its own condition.
      return tellOne(reminder, error.newest);
    }
    const { dueAt: _, ...done } = reminder;
    return { ...done, told, ...(next === undefined ? {} : { dueAt: next }) };
  }

  return async function tell(reminder: StoredReminder, now: number): Promise<Told> {
    let told = 0;
    for (let one = reminder; isDue(one, now); told++) {
      const after = await tellOne(one, one.told);
      if (after === undefined) return { told, moved: true };
      one = after;
    }
    return { told, moved: false };
  };
}

const isDue = (reminder: StoredReminder, now: number): reminder is Scheduled =>
  reminder.dueAt !== undefined && Date.parse(reminder.dueAt) <= now;

function movingOn(
  table: string,
  { userId, reminderId, version, dueAt }: Scheduled,
  { told, next, now }: { readonly told: number; readonly next: string | undefined; readonly now: number },
): Write {
  const moved =
    next === undefined
      ? { set: 'expiresAt = :expiresAt', remove: ' REMOVE #bucket, dueAt', values: { ':expiresAt': expiryOf(now) } }
      : { set: 'dueAt = :next', remove: '', values: { ':next': next } };
  return {
    Update: {
      TableName: table,
      Key: { userId, reminderId },
      UpdateExpression: `SET told = :told, toldUntil = :dueAt, ${moved.set}${moved.remove}`,
      ConditionExpression: 'version = :version AND dueAt = :dueAt AND attribute_exists(#bucket)',
      ExpressionAttributeNames: { '#bucket': 'bucket' },
      ExpressionAttributeValues: { ':told': told, ':version': version, ':dueAt': dueAt, ...moved.values },
    },
  };
}
