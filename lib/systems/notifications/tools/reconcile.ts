import { countBy } from '../../../operations/systems/letters.ts';
import type { Sent, SystemInput } from '../../../operations/systems/system.ts';
import { CHANNELS, laneOf, type NotificationChannel, type NotificationData, SENDERS } from '../contract.ts';
import { decide, eventIdOf, type NotificationRequest, type Reply } from '../request.ts';
import { mostInASecond } from './rate.ts';
import type { BookEntry, Snapshot } from './snapshot.ts';

/** What was put in, as the sender knows it. */
export interface Input {
  readonly sent: readonly Sent<NotificationRequest, Reply>[];
  /** Requests a second that each provider takes. */
  readonly limits: Readonly<Record<NotificationChannel, number>>;
  readonly isDead: SystemInput['isDead'];
  /** Dead letters of each consumer that are there and were not seen. */
  readonly unseen: SystemInput['unseen'];
  /** Faults after which a notification may be sent once more. @default 0 */
  readonly atRisk?: number;
  /** Clocks were wrong: times say nothing about order and rate. @default false */
  readonly clocksWrong?: boolean;
}

/** What became of the notifications, in numbers. */
export interface NotificationFigures {
  readonly notifications: number;
  readonly accepted: number;
  readonly refused: Readonly<Record<string, number>>;
  /** By channel: notifications that were sent, each counted once. */
  readonly sentBy: Readonly<Record<string, number>>;
  readonly undeliverable: Readonly<Record<string, number>>;
  readonly givenUp: number;
  /** Sendings beyond the first. */
  readonly sentAgain: number;
  /** Of them, those that an answer explains which the provider lost. */
  readonly answersLost: number;
  /** Most requests that a provider got in any second, wherever it begins. */
  readonly mostInASecond: Readonly<Record<string, number>>;
  /** Requests that a provider refused for its rate. */
  readonly overTheRate: number;
}

export interface NotificationFindings {
  readonly figures: NotificationFigures;
  readonly lost: number;
  readonly duplicatedEffects: number;
  readonly outOfOrder: number;
  readonly problems: readonly string[];
}

/** Consumers whose effects are checked. */
export const RECONCILED: readonly string[] = [
  ...CHANNELS.flatMap((channel) => Object.values(SENDERS[channel]).map(({ name }) => name)),
  'triage',
];

/** Compares what was put in with the providers' books, the triage and the dead letters: each notification is in one of them. */
export function reconcile(input: Input, { book, undeliverable, seconds }: Snapshot): NotificationFindings {
  const problems: string[] = [];
  const accepted = acceptedOf(input.sent);
  const entries = new Map(book.map((entry) => [entry.key, entry]));
  const judged = new Set(undeliverable.map(({ notificationId }) => notificationId));
  const tally = { lost: 0, twice: 0, outOfOrder: 0, givenUp: 0, again: 0, answersLost: 0, unknown: 0 };
  const sent: NotificationData[] = [];
  for (const data of accepted) {
    const { channel, notificationId } = data;
    const entry = entries.get(keyOf(data));
    const times = entry?.sent?.length ?? 0;
    const worker = workerOf(data);
    const isDead = input.isDead(worker, eventIdOf(data));
    const ends = [times > 0, judged.has(notificationId), isDead].filter(Boolean).length;
    if (times > 0) sent.push(data);
    if (times === 0 && isDead) tally.givenUp += 1;
    const lostAnswers = Math.min(Math.max(0, times - 1), entry?.unanswered?.length ?? 0);
    tally.again += Math.max(0, times - 1);
    tally.answersLost += lostAnswers;
    tally.twice += Math.max(0, times - 1 - lostAnswers);
    if (ends === 0 && tally.unknown < (input.unseen[worker] ?? 0)) tally.unknown += 1;
    else if (ends === 0) {
      tally.lost += 1;
      problems.push(`lost: '${notificationId}' (${channel}) was neither sent nor found undeliverable nor given up`);
    } else if (times > 0 && judged.has(notificationId))
      problems.push(`'${notificationId}' (${channel}) was sent, and recorded as undeliverable`);
  }
  const unexplained = Math.max(0, tally.twice - (input.atRisk ?? 0));
  if (unexplained > 0)
    problems.push(`twice: ${unexplained} notifications were sent again, and no lost answer and no fault explains it`);
  const known = new Set(accepted.map(keyOf));
  const strangers = book.filter(({ key }) => !known.has(key));
  if (strangers.length > 0)
    problems.push(
      `${strangers.length} requests to providers for what nobody asked for, the first: ${strangers[0]?.key}`,
    );
  const most = Object.fromEntries(CHANNELS.map((channel) => [channel, mostInASecond(askedOf(channel, book))]));
  const overTheRate = Object.entries(seconds).reduce(
    (sum, [key, asked]) => sum + Math.max(0, asked - (input.limits[key.split('!')[0] as NotificationChannel] ?? 0)),
    0,
  );
  if (!input.clocksWrong) {
    for (const channel of CHANNELS)
      if ((most[channel] ?? 0) > input.limits[channel])
        problems.push(
          `${channel}: ${most[channel]} requests in a second, and the provider takes ${input.limits[channel]}`,
        );
    if (overTheRate > 0) problems.push(`${overTheRate} requests were refused for a provider's rate`);
    tally.outOfOrder = outOfOrder(accepted, entries, problems);
  }
  return {
    figures: {
      notifications: new Set(input.sent.map(({ request }) => request.notificationId)).size,
      accepted: accepted.length,
      refused: countBy([...refusalsOf(input.sent).values()]),
      sentBy: countBy(sent.map(({ channel }) => channel)),
      undeliverable: countBy(undeliverable.map(({ reason }) => reason)),
      givenUp: tally.givenUp,
      sentAgain: tally.again,
      answersLost: tally.answersLost,
      mostInASecond: most,
      overTheRate,
    },
    lost: tally.lost,
    duplicatedEffects: unexplained,
    outOfOrder: tally.outOfOrder,
    problems,
  };
}

const keyOf = (data: NotificationData): string => `${data.channel}/${eventIdOf(data)}`;
const workerOf = ({ channel, priority }: NotificationData): string => SENDERS[channel][laneOf(priority)].name;

const askedOf = (channel: NotificationChannel, book: readonly BookEntry[]): number[] =>
  book.filter(({ key }) => key.startsWith(`${channel}/`)).flatMap(({ asked }) => asked);

/** Each once, in the order in which they were accepted. */
function acceptedOf(sent: Input['sent']): NotificationData[] {
  const accepted = new Map<string, NotificationData>();
  for (const { request, reply } of sent) {
    if (reply.status !== 'accepted' || accepted.has(reply.notificationId)) continue;
    accepted.set(reply.notificationId, decide(request).data);
  }
  return [...accepted.values()];
}

const refusalsOf = (sent: Input['sent']): Map<string, string> =>
  new Map(
    sent.flatMap(({ request, reply }) =>
      reply.status === 'refused' ? [[request.notificationId, reply.reason] as const] : [],
    ),
  );

/** Urgent SMS of one user are sent in the order in which they were accepted. @returns how many were not */
function outOfOrder(
  accepted: readonly NotificationData[],
  entries: ReadonlyMap<string, BookEntry>,
  problems: string[],
): number {
  const last = new Map<string, number>();
  let count = 0;
  for (const data of accepted) {
    if (data.channel !== 'sms' || data.priority !== 'urgent') continue;
    const at = entries.get(keyOf(data))?.sent?.[0];
    if (at === undefined) continue;
    if (at < (last.get(data.user) ?? 0)) {
      count += 1;
      problems.push(`out of order: SMS '${data.notificationId}' came before an earlier one of the same user`);
    }
    last.set(data.user, Math.max(at, last.get(data.user) ?? 0));
  }
  return count;
}
