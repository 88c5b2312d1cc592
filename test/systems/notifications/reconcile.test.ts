import { describe, expect, it } from 'vitest';
import type { NotificationData } from '../../../lib/systems/notifications/contract.ts';
import { eventIdOf, type Reply } from '../../../lib/systems/notifications/request.ts';
import { mostInASecond } from '../../../lib/systems/notifications/tools/rate.ts';
import { type Input, reconcile } from '../../../lib/systems/notifications/tools/reconcile.ts';
import { rowsOf, wrongSums } from '../../../lib/systems/notifications/tools/rows.ts';
import type { BookEntry, Snapshot } from '../../../lib/systems/notifications/tools/snapshot.ts';
import { riskOf } from '../../../lib/systems/notifications/tools/tools.ts';
import { notification } from './sample-notifications.ts';

const accepted = (data: NotificationData, duplicate = false) => ({
  request: data,
  reply: { status: 'accepted', notificationId: data.notificationId, duplicate } satisfies Reply,
});

const entry = (data: NotificationData, change: Partial<BookEntry> = {}): BookEntry => ({
  key: `${data.channel}/${eventIdOf(data)}`,
  lane: 'bulk',
  asked: [1_000],
  sent: [1_000],
  ...change,
});

const one = notification();

function found(snapshot: Partial<Snapshot>, input: Partial<Input> = {}) {
  return reconcile(
    {
      sent: [accepted(one)],
      limits: { push: 10, email: 10, sms: 10 },
      isDead: () => false,
      unseen: {},
      ...input,
    },
    { book: [], seconds: {}, undeliverable: [], ...snapshot },
  );
}

describe('what was accepted', () => {
  it('was sent', () => {
    expect(found({ book: [entry(one)] })).toMatchObject({ lost: 0, duplicatedEffects: 0, problems: [] });
  });

  it('is undeliverable, which the triage has recorded', () => {
    const { sent: _, ...asked } = entry(one);
    const result = found({ book: [asked], undeliverable: [{ notificationId: 'N1', reason: 'unsubscribed' }] });
    expect(result).toMatchObject({ lost: 0, problems: [], figures: { undeliverable: { unsubscribed: 1 } } });
  });

  it('was given up by its worker', () => {
    const isDead = (consumer: string, id: string) => consumer === 'send-email-bulk' && id === 'notifications/N1';
    expect(found({}, { isDead })).toMatchObject({ lost: 0, problems: [], figures: { givenUp: 1 } });
  });

  it('is lost when it is nowhere', () => {
    const { lost, problems } = found({});
    expect(lost).toBe(1);
    expect(problems).toEqual(["lost: 'N1' (email) was neither sent nor found undeliverable nor given up"]);
  });

  it('is not known to be lost behind dead letters that nobody has seen', () => {
    expect(found({}, { unseen: { 'send-email-bulk': 1 } })).toMatchObject({ lost: 0, problems: [] });
    expect(found({}, { unseen: { 'send-push-bulk': 1 } })).toMatchObject({ lost: 1 });
  });

  it.each([
    ['nothing explains it', {}, {}, 1],
    ['the answer was lost', { unanswered: [1] }, {}, 0],
    ['a worker was killed', {}, { atRisk: 1 }, 0],
  ] as const)('was sent again: %s', (_, change, input, twice) => {
    const result = found({ book: [entry(one, { asked: [1, 2], sent: [1, 2], ...change })] }, input);
    expect(result.duplicatedEffects).toBe(twice);
    expect(result.problems).toHaveLength(twice);
    expect(result.figures.sentAgain).toBe(1);
  });

  it('cannot be sent and undeliverable', () => {
    const { problems } = found({
      book: [entry(one)],
      undeliverable: [{ notificationId: 'N1', reason: 'bad-address' }],
    });
    expect(problems).toEqual(["'N1' (email) was sent, and recorded as undeliverable"]);
  });

  it('is all that was sent', () => {
    const { problems } = found({ book: [entry(one), entry(notification({ notificationId: 'X' }))] });
    expect(problems).toEqual(['1 requests to providers for what nobody asked for, the first: email/notifications/X']);
  });

  it('counts once however often it was asked for, and refusals by their reason', () => {
    const refused = { request: notification({ notificationId: 'R' }), reply: REFUSED };
    const { figures } = found({ book: [entry(one)] }, { sent: [accepted(one), accepted(one, true), refused, refused] });
    expect(figures).toMatchObject({ notifications: 2, accepted: 1, refused: { malformed: 1 } });
  });
});

const REFUSED = { status: 'refused', reason: 'malformed', message: 'wrong' } as const;

describe("a provider's rate", () => {
  it('is kept in any second, wherever it begins', () => {
    const times = Array.from({ length: 11 }, (_, i) => 500 + i * 90);
    const { problems } = found({ book: [entry(one, { asked: times })] });
    expect(problems).toEqual(['email: 11 requests in a second, and the provider takes 10']);
    expect(found({ book: [entry(one, { asked: times.slice(1) })] }).problems).toEqual([]);
    expect(found({ book: [entry(one, { asked: times })] }, { clocksWrong: true }).problems).toEqual([]);
  });

  it('is not asked beyond it', () => {
    const { problems, figures } = found({ book: [entry(one)], seconds: { 'email!5': 12, 'email!6': 10 } });
    expect(problems).toEqual(["2 requests were refused for a provider's rate"]);
    expect(figures.overTheRate).toBe(2);
  });

  it.each([
    [[], 0],
    [[5], 1],
    [[0, 999, 1_000], 2],
    [[2_000, 0, 1_500, 1_000, 500], 2],
  ])('of %j is %d', (times, most) => {
    expect(mostInASecond(times)).toBe(most);
  });
});

describe('urgent SMS', () => {
  const sms = (notificationId: string, user = 'u') =>
    notification({ notificationId, user, channel: 'sms', priority: 'urgent' });

  it.each([
    ['in their order', 1, 2, 0],
    ['out of it', 2, 1, 1],
  ])('of one user come %s', (_, first, second, wrong) => {
    const [a, b] = [sms('A'), sms('B')];
    const book = [entry(a, { sent: [first] }), entry(b, { sent: [second] })];
    expect(found({ book }, { sent: [accepted(a), accepted(b)] })).toMatchObject({ outOfOrder: wrong });
  });

  it('of different users come in any', () => {
    const [a, b] = [sms('A'), sms('B', 'v')];
    const book = [entry(a, { sent: [2] }), entry(b, { sent: [1] })];
    expect(found({ book }, { sent: [accepted(a), accepted(b)] }).problems).toEqual([]);
  });
});

it('faults excuse so many repetitions of workers, and wrong clocks the times', () => {
  const functionName = 'sluice-dev-notifications-send-push-bulk';
  const made = [
    { kind: 'kill', functionName },
    { kind: 'lose-response', functionName, service: 'dynamodb' },
    { kind: 'kill', functionName: 'sluice-dev-notifications-notify' },
    { kind: 'throttle', functionName },
  ];
  expect(riskOf(made)).toEqual({ atRisk: 2, clocksWrong: false });
  expect(riskOf([{ kind: 'skew-clock', functionName }])).toEqual({ atRisk: 1, clocksWrong: true });
});

describe('the report', () => {
  it('says what the figures are made of', () => {
    const { figures } = found({ book: [entry(one)] });
    const rows = rowsOf(figures).map(([name, value]) => [name, value]);
    expect(rows).toContainEqual(['sent', 1]);
    expect(wrongSums(figures, 0)).toEqual([]);
  });

  it('does not add up when something is missing', () => {
    const { figures } = found({});
    expect(wrongSums(figures, 0)).toEqual([
      'the figures do not add up: 0 sent + 0 undeliverable + 0 given up are not 1',
    ]);
    expect(wrongSums(figures, 1)).toEqual([]);
  });
});
