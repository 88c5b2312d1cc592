import { describe, expect, it } from 'vitest';
import type { ReminderRequest, When } from '../../../lib/systems/reminders/request.ts';
import type { SentReminder } from '../../../lib/systems/reminders/tools/due-times.ts';
import { reconcile, rowsOf } from '../../../lib/systems/reminders/tools/reconcile.ts';
import type { Snapshot } from '../../../lib/systems/reminders/tools/snapshot.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const at = (time: string) => `2026-11-${time}.000Z`;
const [PAST, LATER] = [at('22T11:00:00'), at('22T13:00:00')];

const request = (reminderId: string, version: number, when?: When): ReminderRequest => {
  const base = { userId: 'ada', reminderId, version };
  return when === undefined ? { action: 'cancel', ...base } : { action: 'set', ...base, text: 'Pills', when };
};

const accepted = (asked: ReminderRequest, dueAt: string | null, toldBefore: string | null = null): SentReminder => ({
  request: asked,
  reply: {
    status: 'accepted',
    ...{ userId: asked.userId, reminderId: asked.reminderId, version: asked.version },
    ...{ dueAt, toldBefore, duplicate: false },
  },
});

const DAILY: When = { daily: { at: '09:00', zone: 'UTC' } };

/** One of once, a daily one, one that was changed after it had been told, one cancelled in time, and one that is due later. */
const SENT: readonly SentReminder[] = [
  accepted(request('once', 1, { inSeconds: 60 }), PAST),
  accepted(request('once', 1, { inSeconds: 60 }), PAST),
  accepted(request('daily', 1, DAILY), at('20T09:00:00')),
  accepted(request('changed', 1, { inSeconds: 60 }), PAST),
  accepted(request('changed', 2, { inSeconds: 60 }), at('22T11:30:00'), PAST),
  accepted(request('cancelled', 1, { inSeconds: 60 }), PAST),
  accepted(request('cancelled', 2), null),
  accepted(request('later', 1, { inSeconds: 60 }), LATER),
  {
    request: request('wrong', 1, { daily: { at: '09:00', zone: 'Mars' } }),
    reply: { status: 'refused', reason: 'unknown-zone', message: '' },
  },
];

const notified = (reminderId: string, dueAt: string, version = 1): Snapshot['notifications'][number] => ({
  ...{ userId: 'ada', reminderId, version, dueAt },
  notifiedAt: new Date(Date.parse(dueAt) + 30_000).toISOString(),
});

const stored = (reminderId: string, waits = false): Snapshot['reminders'][number] => ({
  ...{ userId: 'ada', reminderId, version: 1, fingerprint: '', told: 1 },
  ...(waits && { bucket: '0' }),
});

const WORLD: Snapshot = {
  at: NOW,
  reminders: [stored('once'), stored('daily', true), stored('changed'), stored('cancelled'), stored('later', true)],
  notifications: [
    notified('once', PAST),
    ...['20', '21', '22'].map((day) => notified('daily', at(`${day}T09:00:00`))),
    notified('changed', PAST),
    notified('changed', at('22T11:30:00'), 2),
  ],
  events: [],
};

type Input = Parameters<typeof reconcile>[0];

const found = (change: Partial<Snapshot> = {}, input: Partial<Input> = {}) =>
  reconcile({ sent: SENT, isDead: () => false, unseen: {}, ...input }, { ...WORLD, ...change });

const without = (index: number) => WORLD.notifications.filter((_, i) => i !== index);
const more = (one: Snapshot['notifications'][number]) => [...WORLD.notifications, one];

describe('reconcile', () => {
  it('finds nothing wrong where nothing is', () => {
    expect(found()).toEqual({
      figures: {
        ...{ requests: 8, set: 5, changed: 1, cancelled: 1, refused: { 'unknown-zone': 1 } },
        ...{ owed: 6, notified: 6, givenUp: 0, waiting: 2, lateSeconds: { median: 30, most: 30 } },
      },
      ...{ lost: 0, duplicatedEffects: 0, outOfOrder: 0, problems: [] },
    });
  });

  it.each<[string, Partial<Snapshot>, string]>([
    ['a reminder was not told', { notifications: without(0) }, 'lost: due and not notified: 1, ada/once v1'],
    ['a daily one was not told once', { notifications: without(2) }, `ada/daily v1 ${at('21T09:00:00')}`],
    ['what was told before a change is missing', { notifications: without(4) }, `ada/changed v1 ${PAST}`],
    ['the change is missing', { notifications: without(5) }, 'ada/changed v2'],
    ['an event was not published', { events: [{ body: '{}', unpublished: true }] }, '1 events are still unpublished'],
    ['a reminder was not stored', { reminders: WORLD.reminders.slice(1) }, 'accepted and not stored: 1, ada/once'],
  ])('what is lost: %s', (_, change, text) => {
    expect(found(change)).toMatchObject({ lost: 1, problems: [expect.stringContaining(text)] });
  });

  it('what was told twice', () => {
    const twice = found({ notifications: more(notified('once', PAST)) });
    expect(twice).toMatchObject({ duplicatedEffects: 1, problems: [expect.stringContaining('twice')] });
  });

  it.each([
    ['was cancelled', notified('cancelled', PAST)],
    ['is due later', notified('later', LATER)],
    ['nobody has set', notified('never', PAST)],
    ['was refused', notified('wrong', PAST)],
  ])('what was told and %s', (_, one) => {
    expect(found({ notifications: more(one) }).problems).toEqual([expect.stringContaining('never due: 1')]);
  });

  it('what was told as it was before a change', () => {
    const old = found({ notifications: [...without(5), notified('changed', at('22T11:30:00'), 1)] });
    expect(old).toMatchObject({ lost: 1 });
    expect(old.problems.join()).toContain('never due: 1, ada/changed v1');
  });

  it('what was told before its time', () => {
    const early = { ...notified('once', PAST), notifiedAt: at('22T10:59:59') };
    expect(found({ notifications: [early, ...without(0)] }).problems).toEqual(['notified before they were due: 1']);
    expect(found({ notifications: [early, ...without(0)] }, { clocksWrong: true }).problems).toEqual([]);
  });

  it('what was given up is not lost, and what was not seen is not known', () => {
    const isDead = (consumer: string, id: string) =>
      `${consumer} ${id}` === 'deliver-reminder reminder-outbox/ada/daily/2';
    expect(found({ notifications: without(2) }, { isDead })).toMatchObject({
      lost: 0,
      problems: [],
      figures: { givenUp: 1, notified: 5 },
    });
    expect(found({ notifications: without(2) }, { unseen: { 'deliver-reminder': 1 } })).toMatchObject({
      lost: 0,
      problems: [expect.stringContaining('lost or given up')],
    });
  });

  it('has a line for each figure', () => {
    expect(rowsOf(found().figures)).toEqual([
      ['requests in', 8, '5 set + 1 changed + 1 cancelled + 1 refused = 8 (refused: 1 unknown zone)'],
      ['due and owed', 6, expect.any(String)],
      ['notified', 6, '6 notified = 6'],
      ['to come', 2, expect.any(String)],
      ['late', 30, expect.stringContaining('half of them within 30 s')],
    ]);
  });
});
