import { type DeadMessage, lookAtDeadLetters, messagesIn } from '../dead-letters/dead-letter-queue.ts';
import type { MalformedSent } from './malformed.ts';
import type { World } from './system.ts';

/** What lies in the dead-letter queues of a stack: all of them, whoever added them. */
export interface Letters {
  /** By who gave up: a consumer's name, or that of a queue without a consumer. */
  readonly seen: Readonly<Record<string, readonly DeadMessage[]>>;
  /** How many more each has: a FIFO queue shows ten of a group. */
  readonly unseen: Readonly<Record<string, number>>;
  /** Messages in queues that nothing reads. */
  readonly unread: Readonly<Record<string, number>>;
}

/** Looks at all of them; nothing is consumed. */
export async function lettersOf({ clients, deployed }: Pick<World, 'clients' | 'deployed'>): Promise<Letters> {
  const { sqs, s3 } = clients;
  const looked = await Promise.all(
    deployed.deadLetterQueues.map(async ({ url, owner }) => {
      const letters = await lookAtDeadLetters(sqs, url, undefined, s3);
      return { owner, letters, more: (await messagesIn(sqs, url)) - letters.length };
    }),
  );
  const unread = await Promise.all(
    deployed.unread.map(async ({ url, name }) => [name, await messagesIn(sqs, url)] as const),
  );
  // Somebody may give up into two queues: its own, and that of its function.
  const owners = [...Map.groupBy(looked, ({ owner }) => owner)];
  const unseen = owners.map(
    ([owner, ofOwner]) => [owner, sumOf(ofOwner.map(({ more }) => Math.max(0, more)))] as const,
  );
  return {
    seen: Object.fromEntries(owners.map(([owner, ofOwner]) => [owner, ofOwner.flatMap(({ letters }) => letters)])),
    unseen: Object.fromEntries(unseen.filter(([, count]) => count > 0)),
    unread: Object.fromEntries(unread.filter(([, count]) => count > 0)),
  };
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** In the place of a reason: whoever only looks takes none away, and does not see more. */
export const NOT_SEEN = 'not-seen';

/** Why a message was given up; the queue's own redrive and Lambda give no reason. */
export const reasonOf = ({ letter }: DeadMessage): string => letter?.reason ?? NO_REASON;

const NO_REASON = 'no-reason';

export function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** Reasons by owner, with what was not seen; owners without letters are left out. */
export const reasonsOf = ({ seen, unseen }: Letters): Record<string, Record<string, number>> =>
  Object.fromEntries(
    Object.entries(seen)
      .map(([owner, letters]): [string, Record<string, number>] => [
        owner,
        { ...countBy(letters.map(reasonOf)), ...(unseen[owner] && { [NOT_SEEN]: unseen[owner] }) },
      ])
      .filter(([, reasons]) => Object.keys(reasons).length > 0),
  );

/** Event ids in the dead letters, by consumer. */
export const deadEventIds = ({ seen }: Pick<Letters, 'seen'>): ReadonlyMap<string, ReadonlySet<string>> =>
  new Map(
    Object.entries(seen).map(([owner, letters]) => [
      owner,
      new Set(letters.flatMap(({ letter }) => (letter?.eventId === undefined ? [] : [letter.eventId]))),
    ]),
  );

/** What excuses a dead letter. */
export interface Due {
  readonly malformed: MalformedSent;
  /** Reasons that the samples cause on purpose, by consumer. */
  readonly deliberate: Readonly<Record<string, readonly string[]>>;
  /** Times that something happened after which a consumer may give a message up once more: a standard queue drops no copies. */
  readonly atRisk: Readonly<Record<string, number>>;
}

/** Every malformed message is there with its reason, and nothing else is but what is done on purpose. @returns what is not so, in words */
export function wrongLetters({ seen }: Pick<Letters, 'seen'>, { malformed, deliberate, atRisk }: Due): string[] {
  const owners = new Set([...Object.keys(seen), ...malformed.consumers]);
  return [...owners].flatMap((owner) => {
    const reasons = countBy((seen[owner] ?? []).map(reasonOf));
    const due = malformed.consumers.includes(owner) ? countBy(malformed.reasons) : {};
    let excused = atRisk[owner] ?? 0;
    const wrong = Object.entries(due).flatMap(([reason, count]) => {
      const copies = Math.min(excused, Math.max(0, (reasons[reason] ?? 0) - count));
      excused -= copies;
      return (reasons[reason] ?? 0) - copies === count
        ? []
        : [`dead letters of ${owner}: ${reasons[reason] ?? 0} with reason '${reason}' instead of ${count}`];
    });
    // Whose function died with a message each time has it redriven by the queue, which gives no reason.
    const isRedriven = (reason: string) => reason === NO_REASON && (reasons[reason] ?? 0) <= excused;
    const strangers = Object.keys(reasons).filter(
      (reason) => !(reason in due) && !(deliberate[owner] ?? []).includes(reason) && !isRedriven(reason),
    );
    if (strangers.length > 0)
      wrong.push(
        `dead letters of ${owner} that nobody expects: ${strangers.map((reason) => `${reasons[reason]} ${reason}`).join(', ')}`,
      );
    return wrong;
  });
}
