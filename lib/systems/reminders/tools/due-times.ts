import type { Sent } from '../../../operations/systems/system.ts';
import { nextDaily } from '../due.ts';
import type { ReminderRequest, Reply } from '../request.ts';
import { aggregateOf } from '../stored.ts';

export type SentReminder = Sent<ReminderRequest, Reply>;

type Accepted = Extract<Reply, { status: 'accepted' }>;

/** A version of a reminder as it was accepted. */
export interface Version {
  readonly request: ReminderRequest;
  readonly reply: Accepted;
}

/** Accepted versions by reminder, the oldest first. The same version sent twice is one. */
export function versionsOf(sent: readonly SentReminder[]): ReadonlyMap<string, readonly Version[]> {
  const accepted = sent.flatMap(({ request, reply }) => (reply.status === 'accepted' ? [{ request, reply }] : []));
  const byReminder = Map.groupBy(accepted, ({ request }) => aggregateOf(request));
  return new Map(
    [...byReminder].map(([id, all]) => {
      const versions = new Map(all.map((one) => [one.request.version, one]));
      return [id, [...versions.values()].toSorted((a, b) => a.request.version - b.request.version)];
    }),
  );
}

/** When a version is due, the first time first; endless for a daily one. Reckoned from the request, not from what the system keeps. */
export function* dueTimesOf({ request, reply }: Version): Generator<string> {
  if (reply.dueAt === null || request.action === 'cancel') return;
  yield reply.dueAt;
  if (!('daily' in request.when)) return;
  for (let due = Date.parse(reply.dueAt); ; ) {
    due = nextDaily(request.when.daily, due);
    yield new Date(due).toISOString();
  }
}

/** Those of a version up to a time, ISO 8601, that one included. */
export function dueUpTo(version: Version, until: string): string[] {
  const due: string[] = [];
  for (const time of dueTimesOf(version)) {
    if (time > until) return due;
    due.push(time);
  }
  return due;
}

/** An effect that must be there: the reminder as it was when it was due. */
export interface Owed {
  readonly version: number;
  readonly dueAt: string;
}

/**
 * What a reminder owes, in order: of its newest version all that is past; of those before it what had been told when the next one was accepted, which its
 * answer says. What was due later was changed or cancelled, and owes nothing.
 * @param now epoch milliseconds
 */
export function owedBy(versions: readonly Version[], now: number): Owed[] {
  return versions.flatMap((version, i) => {
    const next = versions[i + 1];
    const until = next === undefined ? new Date(now).toISOString() : next.reply.toldBefore;
    if (until === null) return [];
    return dueUpTo(version, until).map((dueAt) => ({ version: version.request.version, dueAt }));
  });
}
