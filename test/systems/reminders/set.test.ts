import { describe, expect, it } from 'vitest';
import type { ReminderRequest } from '../../../lib/systems/reminders/request.ts';
import { bucketOf } from '../../../lib/systems/reminders/stored.ts';
import type { SentReminder } from '../../../lib/systems/reminders/tools/due-times.ts';
import { reconcile } from '../../../lib/systems/reminders/tools/reconcile.ts';
import { eventIn, type RemindersInMemory, remindersInMemory } from './memory.ts';

const SECOND_MS = 1_000;
const DAY_MS = 86_400 * SECOND_MS;

const base = { userId: 'ada', reminderId: 'pills', version: 1 };
const once = (inSeconds: number, version = 1): ReminderRequest => ({
  action: 'set',
  ...base,
  version,
  text: 'Take the pills',
  when: { inSeconds },
});
const cancel = (version = 2): ReminderRequest => ({ action: 'cancel', ...base, version });

/** Runs what is to happen until nothing is left to do. */
async function inTime<T>(app: RemindersInMemory, work: () => Promise<T>): Promise<T> {
  let result: { readonly value: T } | { readonly error: unknown } | undefined;
  app.world.after(0, () => {
    work().then(
      (value) => {
        result = { value };
      },
      (error) => {
        result = { error };
      },
    );
  });
  await app.world.run(400 * DAY_MS);
  if (result === undefined) throw new Error('it has not come to an end');
  if ('error' in result) throw result.error;
  return result.value;
}

const later = (app: RemindersInMemory, millis: number) =>
  new Promise<void>((resolve) => app.world.after(millis, resolve));

describe('a request', () => {
  const replies = (...requests: readonly unknown[]) => {
    const app = remindersInMemory(1);
    return inTime(app, async () => {
      const all = [];
      for (const request of requests) {
        all.push(await app.set(request));
        await later(app, SECOND_MS);
      }
      return all;
    });
  };
  const reasons = async (...requests: readonly unknown[]) =>
    (await replies(...requests)).map((reply) => (reply.status === 'refused' ? reply.reason : 'accepted'));

  it('that comes again is answered as before, relative times too', async () => {
    const [first, second] = await replies(once(60), { ...once(60), traceparent: 'another' });
    expect(first).toMatchObject({ status: 'accepted', duplicate: false, toldBefore: null });
    expect(second).toEqual({ ...first, duplicate: true });
  });

  it('that comes again after its time is answered as before', async () => {
    const app = remindersInMemory(1);
    const at = new Date(app.world.now() + 5 * SECOND_MS).toISOString();
    const request = { ...once(1), when: { at } };
    const again = await inTime(app, async () => {
      await app.set(request);
      await later(app, 60 * SECOND_MS);
      await app.tickAll();
      return app.set(request);
    });
    expect(again).toMatchObject({ status: 'accepted', duplicate: true, dueAt: at });
  });

  it('with a version that was something else, or is older, is refused', async () => {
    expect(await reasons(once(60, 2), once(90, 2), once(60, 1), once(60, 3))).toEqual([
      'accepted',
      'conflicting-version',
      'stale-version',
      'accepted',
    ]);
  });

  it('cancels what is due later, once, and nothing else', async () => {
    expect(await reasons(cancel(1), once(60), cancel(2), cancel(2), cancel(3), once(60, 4))).toEqual([
      'unknown-reminder',
      'accepted',
      'accepted',
      'accepted',
      'nothing-due',
      'accepted',
    ]);
  });

  it.each([
    ['past', { at: '2020-01-01T00:00:00Z' }],
    ['too-far', { at: '2030-01-01T00:00:00Z' }],
    ['unknown-zone', { daily: { at: '09:00', zone: 'Mars/Olympus' } }],
    ['malformed', { daily: { at: '24:00', zone: 'UTC' } }],
    ['malformed', { inSeconds: 0.5 }],
    ['malformed', { inSeconds: 60, at: '2027-01-01T00:00:00Z' }],
  ])('is refused: %s', async (reason, when) => {
    expect(await reasons({ ...once(1), when })).toEqual([reason]);
  });

  it('is refused with what is wrong with it', async () => {
    const [reply] = await replies({ ...base, action: 'set', userId: 'a b', text: '', when: { inSeconds: 1 } });
    expect(reply).toMatchObject({ status: 'refused', reason: 'malformed' });
    expect(reply).toMatchObject({ message: expect.stringMatching(/userId: must be 1 to 36 letters.*text/) });
  });
});

/** Versions, notifications and what they come to, when a change comes in the moments in which the reminder is told. */
async function race(seed: number, change: ReminderRequest) {
  const events: string[] = [];
  const app = remindersInMemory(seed, (changes) => {
    for (const one of changes) {
      const body = eventIn(one);
      if (body === undefined) continue;
      events.push(body);
      app.world.after(app.world.chance.between(1, 50), () => app.deliver(body));
    }
  });
  const sent: SentReminder[] = [];
  const ask = async (request: ReminderRequest) => sent.push({ request, reply: await app.set(request) });
  const { chance } = app.world;
  const bucket = Number(bucketOf(base));
  await inTime(app, async () => {
    await ask(once(60));
    await later(app, 61 * SECOND_MS);
    await Promise.all([
      later(app, chance.between(0, 60)).then(() => app.tick(bucket)),
      later(app, chance.between(0, 60)).then(() => app.tick(bucket)),
      later(app, chance.between(0, 120)).then(() => ask(change)),
    ]);
    await later(app, 3 * 60 * SECOND_MS);
    await app.tick(bucket);
  });
  const last = sent.at(-1)?.reply;
  return {
    became: last?.status === 'refused' ? last.reason : last?.toldBefore === null ? 'in time' : 'told before',
    told: events.length,
    problems: reconcile({ sent, isDead: () => false, unseen: {} }, app.snapshot()).problems,
  };
}

describe.each([
  ['a cancellation', cancel(), { 'in time': 0, 'nothing-due': 1 }],
  ['a change', once(30, 2), { 'in time': 1, 'told before': 2 }],
])('%s in the moment in which the reminder is told', (_, change, toldBy) => {
  it('is before or after it, and says which', async () => {
    const all = await Promise.all(Array.from({ length: 100 }, (_, seed) => race(seed, change)));
    expect(all.flatMap(({ problems }) => problems)).toEqual([]);
    const seen = new Set(all.map(({ became, told }) => `${became}: ${told}`));
    expect([...seen].toSorted()).toEqual(Object.entries(toldBy).map(([became, told]) => `${became}: ${told}`));
  });
});

it('a reminder whose text is changed just before it is told is told as it is then, however late the index is', async () => {
  const all = await Promise.all(
    Array.from({ length: 100 }, async (_, seed) => {
      const app = remindersInMemory(seed);
      const { chance } = app.world;
      const at = new Date(app.world.now() + 60 * SECOND_MS).toISOString();
      const bucket = Number(bucketOf(base));
      const changed = await inTime(app, async () => {
        await app.set({ ...once(1), when: { at } });
        await later(app, 60 * SECOND_MS - chance.between(100, 300));
        const [reply] = await Promise.all([
          app.set({ ...once(1, 2), text: 'Two of them', when: { at } }),
          later(app, chance.between(100, 400)).then(() => app.tick(bucket)),
        ]);
        await later(app, 60 * SECOND_MS);
        await app.tick(bucket);
        return reply.status === 'accepted';
      });
      const told = app.snapshot().events.map(({ body }) => JSON.parse(body).data.version);
      return { changed, told };
    }),
  );
  expect(all.filter(({ changed }) => changed).length).toBeGreaterThan(50);
  for (const { changed, told } of all) expect(told).toEqual([changed ? 2 : 1]);
});

describe('a scan', () => {
  const daily = (user: string): ReminderRequest => ({
    action: 'set',
    ...base,
    userId: user,
    text: 'every day',
    when: { daily: { at: '09:00', zone: 'Europe/London' } },
  });

  it('takes what it can when one of them cannot be told, says which, and that one stays due', async () => {
    const users = Array.from({ length: 40 }, (_, i) => `user-${i}`);
    const app = remindersInMemory(1);
    app.poison.add('user-7');
    await inTime(app, async () => {
      await Promise.all(users.map((user) => app.set(daily(user))));
      await later(app, DAY_MS);
      await app.tickAll();
    });
    expect(app.snapshot().events).toHaveLength(39);
    const errors = app.lines.filter((line) => line.includes('could not be told'));
    expect(errors.map((line) => JSON.parse(line).userId)).toEqual(['user-7']);
    expect(app.lines.join('\n')).not.toContain('every day');
    app.poison.clear();
    await inTime(app, () => app.tickAll());
    expect(app.snapshot().events).toHaveLength(40);
  });

  it('tells how long the oldest has been due, and how many failed', async () => {
    const app = remindersInMemory(1);
    await inTime(app, async () => {
      await app.set(once(60));
      await later(app, 660 * SECOND_MS);
      await app.tickAll();
    });
    const metrics = app.lines.flatMap((line) => (line.includes('OldestOverdue') ? [JSON.parse(line)] : []));
    expect(metrics).toHaveLength(16);
    const overdue = metrics.map(({ OldestOverdue }) => OldestOverdue[0]);
    expect(overdue.filter((seconds) => seconds === 0)).toHaveLength(15);
    expect(Math.max(...overdue)).toBeCloseTo(600, -1);
  });

  it('after days without one tells every due time once', async () => {
    const app = remindersInMemory(1);
    await inTime(app, async () => {
      await app.set(daily('ada'));
      await later(app, 5 * DAY_MS);
      await Promise.all([app.tickAll(), app.tickAll()]);
      await later(app, 60 * SECOND_MS);
      await app.tickAll();
    });
    const dueTimes = app.snapshot().events.map(({ body }) => JSON.parse(body).data.dueAt);
    expect(dueTimes.toSorted()).toEqual(['20', '21', '22', '23', '24'].map((day) => `2026-11-${day}T09:00:00.000Z`));
  });

  it('tells a reminder that was forgotten and set anew, although its events go on from older ones', async () => {
    const app = remindersInMemory(1);
    await inTime(app, async () => {
      for (const wait of [40 * DAY_MS, 0]) {
        await app.set(once(60));
        await later(app, 120 * SECOND_MS);
        await app.tickAll();
        await later(app, wait);
        app.db.expire();
      }
    });
    expect(app.reminders()).toMatchObject([{ told: 2 }]);
    expect(app.snapshot().events.map(({ body }) => JSON.parse(body).sequence)).toHaveLength(2);
  });
});
