import { expect, test } from 'vitest';
import { parseSchedule } from '../../../lib/local/schedules/expression.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const YEAR = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2027, 0, 1) };

const offsetName = (zone: string) => {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'longOffset' });
  return (instant: number) => format.format(instant).split('GMT')[1];
};

/** Days of 2026 within which the clocks of a zone change. */
function changesOf(zone: string): number[] {
  const offset = offsetName(zone);
  const changes: number[] = [];
  for (let day = YEAR.from; day < YEAR.to; day += DAY) if (offset(day) !== offset(day + DAY)) changes.push(day);
  return changes;
}

const CHANGING = Intl.supportedValuesOf('timeZone')
  .map((zone) => ({ zone, changes: changesOf(zone) }))
  .filter(({ changes }) => changes.length > 0);

/** Walks through the time that passes, and looks at the clock: a run is whenever it shows a wanted time that it has not shown before. */
function runsByLooking(zone: string, from: number, to: number): number[] {
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  const shown = new Set<string>();
  const runs: number[] = [];
  for (let instant = from; instant < to; instant += 5 * MINUTE) {
    const text = clock.format(instant);
    const isNew = !shown.has(text);
    shown.add(text);
    if (isNew && /:[03]0$/.test(text)) runs.push(instant);
  }
  return runs;
}

test('every half hour around every change of 2026, in every zone that changes: skipped in the gap, once in the overlap', () => {
  expect(CHANGING.length).toBeGreaterThan(100);
  for (const { zone, changes } of CHANGING) {
    const next = parseSchedule('cron(0/30 * * * ? *)', 0, { timezone: zone });
    for (const day of changes) {
      const [from, to] = [day - DAY, day + 2 * DAY];
      const runs: number[] = [];
      for (let at = next(from - 1); at !== undefined && at < to; at = next(at)) runs.push(at);
      expect(runs, `${zone} around ${new Date(day).toISOString()}`).toEqual(runsByLooking(zone, from, to));
    }
  }
});

const at = (text: string) => Date.parse(text);
test.each([
  ['cron(0 9 * * ? *)', '2026-03-28T12:00:00Z', '2026-03-29T08:00:00Z'],
  ['cron(0 9 * * ? *)', '2026-10-24T12:00:00Z', '2026-10-25T09:00:00Z'],
  ['cron(30 1 * * ? *)', '2026-03-28T12:00:00Z', '2026-03-30T00:30:00Z'],
  ['cron(30 1 * * ? *)', '2026-10-24T12:00:00Z', '2026-10-25T00:30:00Z'],
  ['cron(30 1 * * ? *)', '2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z'],
  ['cron(30 1 * * ? *)', '2026-10-25T01:00:00Z', '2026-10-26T01:30:00Z'],
  ['cron(0 0 ? * MON *)', '2026-06-13T12:00:00Z', '2026-06-14T23:00:00Z'],
  ['at(2026-07-01T09:00:00)', '2026-06-13T12:00:00Z', '2026-07-01T08:00:00Z'],
  ['at(2026-03-29T01:30:00)', '2026-03-28T12:00:00Z', undefined],
  ['rate(1 day)', '2026-03-28T12:00:00Z', '2026-03-29T12:00:00Z'],
])('in London %s runs after %s at %s', (expression, after, expected) => {
  const due = parseSchedule(expression, at(after), { timezone: 'Europe/London' })(at(after));
  expect(due === undefined ? undefined : new Date(due).toISOString()).toBe(expected?.replace('Z', '.000Z'));
});

test('a zone that there is not is refused', () => {
  expect(() => parseSchedule('cron(0 9 * * ? *)', 0, { timezone: 'Europe/Camelot' })).toThrow(
    'Europe/Camelot is not a time zone',
  );
});
