import { describe, expect, it } from 'vitest';
import type { ReminderRequest } from '../../../lib/systems/reminders/request.ts';
import type { SentReminder } from '../../../lib/systems/reminders/tools/due-times.ts';
import { reconcile } from '../../../lib/systems/reminders/tools/reconcile.ts';
import { dueIn, eventIn, remindersInMemory } from './memory.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 366 * DAY_MS;

const ZONES = ['Europe/London', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'];
const TIMES = ['09:00', '01:30', '02:15'];
const ONCE = 150;
const CHANGED = 60;

/**
 * A year of the functions themselves. Ticks come late, twice, three times at once, and for hours not at all; the relay publishes late and some events
 * twice; some reminders are changed or cancelled in the minute in which they are due.
 */
async function yearOf(seed: number) {
  const outages: { readonly from: number; readonly to: number }[] = [];
  const events: string[] = [];
  const counts = { ticks: 0, delivered: 0 };
  const app = remindersInMemory(seed, (changes) => {
    for (const change of changes) {
      const body = eventIn(change);
      if (body !== undefined) publish(body);
      const due = dueIn(change);
      if (due !== undefined) scheduleTick(due.bucket, due.at);
    }
  });
  const { world } = app;
  const { chance } = world;
  const start = world.now();
  for (let day = 7; day < 360; day += chance.between(5, 20)) {
    const from = start + day * DAY_MS + chance.between(0, DAY_MS);
    outages.push({ from, to: from + chance.between(HOUR_MS, 12 * HOUR_MS) });
  }

  function publish(body: string): void {
    events.push(body);
    for (let copies = chance.is(0.1) ? 2 : 1; copies > 0; copies--)
      world.after(chance.between(10, 20_000), () => {
        counts.delivered += 1;
        app.deliver(body);
      });
  }

  /** The first minute after it is due, or after the outage in which that falls. Minutes in which nothing is due would find nothing. */
  function scheduleTick(bucket: number, due: number): void {
    const minute = Math.ceil(Math.max(due, world.now()) / MINUTE_MS) * MINUTE_MS;
    const outage = outages.find(({ from, to }) => from <= minute && minute < to);
    world.after((outage?.to ?? minute) - world.now() + chance.between(0, 50_000), () => tickAtOnce(bucket));
  }

  function tickAtOnce(bucket: number): void {
    for (
      let copies = chance.weighted([
        [6, 1],
        [3, 2],
        [1, 3],
      ]);
      copies > 0;
      copies--
    )
      world.after(chance.is(0.8) ? chance.between(0, 10) : chance.between(0, 90_000), () => {
        counts.ticks += 1;
        // Whoever met another one leaves it to the next minute.
        app.tick(bucket).then(() => {
          if (app.isDue(bucket)) world.after(MINUTE_MS, () => app.tick(bucket));
        });
      });
  }

  const sent: SentReminder[] = [];
  const ask = async (request: ReminderRequest) => {
    const reply = await app.set(request);
    sent.push({ request, reply });
    return reply;
  };
  const base = (id: string, version = 1) => ({ userId: `user-${id}`, reminderId: `r-${id}`, version });
  const at = (millis: number, run: () => unknown) => world.after(millis, () => void run());

  for (const zone of ZONES)
    for (const time of TIMES)
      at(chance.between(0, HOUR_MS), () =>
        ask({
          action: 'set',
          ...base(`${ZONES.indexOf(zone)}-${time.replace(':', '')}`),
          text: 'daily',
          when: { daily: { at: time, zone } },
        }),
      );
  for (let i = 0; i < ONCE; i++)
    at(chance.between(0, 364 * DAY_MS), () =>
      ask({
        action: 'set',
        ...base(`once-${i}`),
        text: 'once',
        when: { inSeconds: chance.between(1, DAY_MS / 1_000) },
      }),
    );
  for (let i = 0; i < CHANGED; i++)
    at(chance.between(0, 360 * DAY_MS), async () => {
      const inSeconds = chance.between(60, 7_200);
      await ask({ action: 'set', ...base(`changed-${i}`), text: 'first', when: { inSeconds } });
      const again = () =>
        chance.is(0.5)
          ? ask({ action: 'cancel', ...base(`changed-${i}`, 2) })
          : ask({
              action: 'set',
              ...base(`changed-${i}`, 2),
              text: 'then',
              when: { inSeconds: chance.between(1, 3_600) },
            });
      at(inSeconds * 1_000 + chance.between(-5_000, 110_000), again);
    });
  await world.run(YEAR_MS);
  return { app, sent, events, counts, found: reconcile({ sent, isDead: () => false, unseen: {} }, app.snapshot()) };
}

describe.each([1])('a year of ticks that come late, twice at once, and for hours not at all (seed %i)', (seed) => {
  it('has exactly one effect per due time, and none of what was changed or cancelled in time', async () => {
    const { app, sent, events, counts, found } = await yearOf(seed);
    expect(found.problems).toEqual([]);
    expect(app.failures).toEqual([]);
    const { figures } = found;
    // Every zone has the last day of the year before or after the end of the run.
    expect(figures.owed).toBeGreaterThan(365 * ZONES.length * TIMES.length + ONCE);
    expect(figures.notified).toBe(figures.owed);
    expect(events).toHaveLength(figures.owed);
    // It was what it says it was.
    expect(counts.ticks).toBeGreaterThan(1.2 * figures.owed);
    expect(counts.delivered).toBeGreaterThan(1.05 * figures.owed);
    expect(figures.lateSeconds.most).toBeGreaterThan(3_600);
    expect(app.db.conflicts()).toBeGreaterThan(100);
    const toldFirst = sent.filter(
      ({ request, reply }) => request.version === 2 && reply.status === 'accepted' && reply.toldBefore !== null,
    );
    const inTime = sent.filter(
      ({ request, reply }) => request.version === 2 && reply.status === 'accepted' && reply.toldBefore === null,
    );
    const tooLate = sent.filter(({ reply }) => reply.status === 'refused' && reply.reason === 'nothing-due');
    expect([toldFirst.length, inTime.length, tooLate.length].every((count) => count > 3)).toBe(true);
  });
});
