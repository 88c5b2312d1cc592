import { describe, expect, it } from 'vitest';
import { isZone, nextDaily } from '../../../lib/systems/reminders/due.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const YEAR = { from: Date.UTC(2026, 5, 1), to: Date.UTC(2027, 5, 3) };

/**
 * By looking at the clock every minute of the year, and nothing else: the first minute of each date that shows a time or a later one.
 * @returns by time of day, the instants in order
 */
function lookedUp(zone: string, times: readonly string[]): Map<string, number[]> {
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  const seen = new Set<string>();
  const found = new Map(times.map((at): [string, number[]] => [at, []]));
  for (let instant = YEAR.from - DAY_MS; instant < YEAR.to; instant += MINUTE_MS) {
    const [date = '', time = ''] = clock.format(instant).split(' ');
    for (const at of times) {
      if (time < at || seen.has(`${date} ${at}`)) continue;
      seen.add(`${date} ${at}`);
      // The first date has begun before anybody looked.
      if (instant >= YEAR.from) found.get(at)?.push(instant);
    }
  }
  return found;
}

const TIMES = ['00:00', '00:30', '01:30', '01:59', '02:00', '02:15', '02:30', '03:00', '09:00', '23:45'];

/** With how many minutes a day of the year has other than 24 hours, by the clock of the zone. */
const ZONES: readonly (readonly [zone: string, changes: readonly number[]])[] = [
  ['Europe/London', [60, -60]],
  ['America/New_York', [60, -60]],
  ['Australia/Lord_Howe', [-30, 30]],
  ['Africa/Cairo', [60, -60]],
  ['Asia/Kolkata', []],
];

describe.each(ZONES)('every day of a year in %s', (zone, changes) => {
  const expected = lookedUp(zone, TIMES);

  it.each(TIMES)('at %s', (at) => {
    const due: number[] = [];
    for (let next = nextDaily({ at, zone }, YEAR.from - 1); next < YEAR.to; next = nextDaily({ at, zone }, next))
      due.push(next);
    expect(due.map((time) => new Date(time).toISOString())).toEqual(
      expected.get(at)?.map((time) => new Date(time).toISOString()),
    );
    expect(due.length).toBeGreaterThanOrEqual(366);
  });

  it('has the changes of clocks that are meant to be tried', () => {
    const nine = expected.get('09:00') ?? [];
    const steps = nine.slice(1).map((time, i) => (time - (nine[i] ?? 0) - DAY_MS) / MINUTE_MS);
    expect(steps.filter((step) => step !== 0)).toEqual(changes);
  });
});

it.each([
  ['in the gap: the moment after it', 'Europe/London', '01:30', '2027-03-28', '2027-03-28T01:00:00.000Z'],
  ['twice: the first of them', 'Europe/London', '01:30', '2026-10-25', '2026-10-25T00:30:00.000Z'],
  ['a gap of half an hour', 'Australia/Lord_Howe', '02:15', '2026-10-04', '2026-10-03T15:30:00.000Z'],
  ['a gap at midnight', 'Africa/Cairo', '00:15', '2027-04-30', '2027-04-29T22:00:00.000Z'],
  ['a date that was left out', 'Pacific/Apia', '09:00', '2011-12-30', '2011-12-30T19:00:00.000Z'],
])('%s', (_, zone, at, date, due) => {
  const midnight = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' });
  let before = Date.parse(`${date}T00:00:00Z`) - DAY_MS;
  while (midnight.format(before) < date) before += MINUTE_MS;
  expect(new Date(nextDaily({ at, zone }, before - 1)).toISOString()).toBe(due);
});

it('a due time is not due again', () => {
  const daily = { at: '09:00', zone: 'Europe/Berlin' };
  const due = nextDaily(daily, Date.UTC(2026, 0, 1));
  expect(nextDaily(daily, due) - due).toBe(DAY_MS);
  expect(nextDaily(daily, due - 1)).toBe(due);
});

it('knows zones of the IANA database, and no others', () => {
  expect(['Europe/London', 'UTC', 'Asia/Kathmandu'].every(isZone)).toBe(true);
  expect(['Mars/Olympus', '', 'London'].some(isZone)).toBe(false);
});
