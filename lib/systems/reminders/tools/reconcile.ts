import { countBy } from '../../../operations/systems/letters.ts';
import type { FigureRow, SystemInput } from '../../../operations/systems/system.ts';
import { aggregateOf } from '../stored.ts';
import { type Owed, owedBy, type SentReminder, versionsOf } from './due-times.ts';
import type { Snapshot } from './snapshot.ts';

/** Subscriptions whose effects are checked: of the scans, that all that is due was told. */
export const RECONCILED = ['take-due', 'deliver-reminder'];

/** What the reconciliation finds, in figures. */
export interface RemindersFigures {
  readonly requests: number;
  readonly set: number;
  readonly changed: number;
  readonly cancelled: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Due times that are past and were neither changed nor cancelled before they were told. */
  readonly owed: number;
  readonly notified: number;
  /** Of the owed ones, those whose event is among the dead letters. */
  readonly givenUp: number;
  /** Accepted versions that are due after this. */
  readonly waiting: number;
  /** From the due time to the notification, seconds: the middle, and the longest. */
  readonly lateSeconds: { readonly median: number; readonly most: number };
}

export interface Reconciled {
  readonly figures: RemindersFigures;
  readonly lost: number;
  readonly duplicatedEffects: number;
  readonly outOfOrder: 0;
  readonly problems: readonly string[];
}

const MILLIS_PER_SECOND = 1_000;
const MAX_NAMED = 5;

export interface ReconcileInput extends Pick<SystemInput, 'isDead' | 'unseen'> {
  readonly sent: readonly SentReminder[];
  /** Clocks of functions were wrong: when they say something happened tells nothing. @default false */
  readonly clocksWrong?: boolean;
}

/** Each due time that has passed has one notification, and there is no other. */
export function reconcile(
  { sent, isDead, unseen, clocksWrong = false }: ReconcileInput,
  snapshot: Snapshot,
): Reconciled {
  const versions = versionsOf(sent);
  const got = countBy(snapshot.notifications.map((one) => effectOf(aggregateOf(one), one)));
  const missing: string[] = [];
  const owed = new Set<string>();
  let givenUp = 0;
  for (const [id, all] of versions) {
    owedBy(all, snapshot.at).forEach((one, i) => {
      const effect = effectOf(id, one);
      owed.add(effect);
      if (effect in got) return;
      // The n-th due time of a reminder is the n-th event of its aggregate.
      if (isDead('deliver-reminder', `reminder-outbox/${id}/${i + 1}`)) givenUp += 1;
      else missing.push(effect);
    });
  }
  const twice = Object.entries(got).filter(([, count]) => count > 1);
  const strangers = Object.keys(got).filter((effect) => !owed.has(effect));
  const unknown = Math.min(missing.length, unseen['deliver-reminder'] ?? 0);
  const unpublished = snapshot.events.filter((event) => event.unpublished).length;
  const forgotten = [...versions.keys()].filter((id) => !snapshot.reminders.some((one) => aggregateOf(one) === id));
  const late = snapshot.notifications
    .map(({ dueAt, notifiedAt }) => (Date.parse(notifiedAt) - Date.parse(dueAt)) / MILLIS_PER_SECOND)
    .toSorted((a, b) => a - b);
  const early = late.filter((seconds) => seconds < 0).length;
  return {
    figures: {
      ...requestsOf(sent, versions),
      owed: owed.size,
      notified: snapshot.notifications.length,
      givenUp,
      waiting: snapshot.reminders.filter(({ bucket }) => bucket !== undefined).length,
      lateSeconds: { median: round(late[Math.floor(late.length / 2)]), most: round(late.at(-1)) },
    },
    lost: missing.length - unknown + unpublished + forgotten.length,
    duplicatedEffects: twice.reduce((sum, [, count]) => sum + count - 1, 0),
    outOfOrder: 0,
    problems: [
      ...problem(missing.slice(unknown), 'lost: due and not notified'),
      ...problem(
        missing.slice(0, unknown),
        'lost or given up: due and not notified, and not all dead letters were seen',
      ),
      ...problem(forgotten, 'lost: accepted and not stored'),
      ...(unpublished > 0 ? [`lost: ${unpublished} events are still unpublished`] : []),
      ...problem(
        twice.map(([effect]) => effect),
        'twice: notified more than once',
      ),
      ...problem(strangers, 'notified although changed, cancelled or never due'),
      ...(early > 0 && !clocksWrong ? [`notified before they were due: ${early}`] : []),
    ],
  };
}

/** Its version too: a reminder must be told as it is, not as it was. */
const effectOf = (id: string, { version, dueAt }: Owed): string => `${id} v${version} ${dueAt}`;

const round = (seconds = 0): number => Math.round(seconds * 10) / 10;

const problem = (effects: readonly string[], text: string): string[] =>
  effects.length === 0 ? [] : [`${text}: ${effects.length}, ${effects.slice(0, MAX_NAMED).join(', ')}`];

function requestsOf(sent: readonly SentReminder[], versions: ReturnType<typeof versionsOf>) {
  const all = [...versions.values()];
  const accepted = all.flatMap((ofOne) => ofOne.map(({ request }, i) => ({ request, isFirst: i === 0 })));
  const refused = new Map(
    sent.flatMap(({ request, reply }) =>
      reply.status === 'refused' ? [[`${aggregateOf(request)}/${request.version}`, reply.reason] as const] : [],
    ),
  );
  return {
    requests: accepted.length + refused.size,
    set: accepted.filter(({ request, isFirst }) => request.action === 'set' && isFirst).length,
    changed: accepted.filter(({ request, isFirst }) => request.action === 'set' && !isFirst).length,
    cancelled: accepted.filter(({ request }) => request.action === 'cancel').length,
    refused: countBy([...refused.values()]),
  };
}

const inWords = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name.replaceAll('-', ' ')}`)
    .join(', ') || 'none';

/** The figures for people. */
export function rowsOf(figures: RemindersFigures): FigureRow[] {
  const { requests, set, changed, cancelled, refused, owed, notified, givenUp, waiting, lateSeconds } = figures;
  const turnedDown = Object.values(refused).reduce((sum, count) => sum + count, 0);
  const sum = `${set} set + ${changed} changed + ${cancelled} cancelled + ${turnedDown} refused = ${requests}`;
  return [
    ['requests in', requests, `${sum} (refused: ${inWords(refused)})`],
    ['due and owed', owed, `due times that are past, and not changed or cancelled before they were told`],
    [
      'notified',
      notified,
      `${notified} notified${givenUp > 0 ? ` + ${givenUp} given up` : ''} = ${notified + givenUp}`,
    ],
    ['to come', waiting, 'reminders that are due later'],
    [
      'late',
      lateSeconds.most,
      `seconds after its time the last was notified; half of them within ${lateSeconds.median} s`,
    ],
  ];
}
