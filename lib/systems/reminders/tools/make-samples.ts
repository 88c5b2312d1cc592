import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SAMPLE_FILE } from './samples.ts';

/** Makes `samples/reminders.ndjson`: `node lib/systems/reminders/tools/make-samples.ts`. The same lines every time. */

const TEXTS = ['Take the pills', 'Water the plants', 'Call mum', 'Stand up', 'Tea is ready', 'Bins out', 'Vocabulary'];
const ZONES = [
  'Europe/London',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Europe/Berlin',
  'Asia/Tokyo',
  'America/Los_Angeles',
  'Asia/Kathmandu',
];
const TIMES = ['09:00', '09:00', '07:30', '02:30', '22:00'];

const pick = <T>(values: readonly T[], i: number): T => values[i % values.length] as T;

type Sample = Record<string, unknown>;

/** One user has up to three reminders. */
const of = (kind: string, i: number, version = 1): Sample => ({
  userId: `user-${kind}-${Math.floor(i / 3)}`,
  reminderId: `${kind}-${i}`,
  version,
});

const set = (kind: string, i: number, when: unknown, version?: number): Sample => ({
  action: 'set',
  ...of(kind, i, version),
  text: pick(TEXTS, i),
  when,
});

const cancel = (kind: string, i: number, version = 2): Sample => ({ action: 'cancel', ...of(kind, i, version) });

const many = (count: number, make: (i: number) => readonly Sample[]): Sample[] =>
  Array.from({ length: count }, (_, i) => make(i)).flat();

/** What every group of samples is for. */
const GROUPS: readonly Sample[][] = [
  // Due while the demo runs.
  many(100, (i) => [set('in', i, { inSeconds: 5 + (i % 50) })]),
  many(24, (i) => [set('soon', i, { daily: { at: 'soon', zone: pick(ZONES, i) } })]),
  // Put off, and brought forward.
  many(24, (i) => [
    set('changed', i, { inSeconds: i % 2 === 0 ? 30 : 86_400 }),
    set('changed', i, { inSeconds: 40 + (i % 10) }, 2),
  ]),
  many(20, (i) => [
    set('cancelled', i, i % 2 === 0 ? { inSeconds: 35 } : { daily: { at: 'soon', zone: 'UTC' } }),
    cancel('cancelled', i),
  ]),
  // A daily reminder that becomes one of once, and the other way round.
  many(6, (i) => [
    set('turned', i, i % 2 === 0 ? { daily: { at: 'soon', zone: pick(ZONES, i) } } : { inSeconds: 45 }),
    set('turned', i, i % 2 === 0 ? { inSeconds: 50 } : { daily: { at: '09:00', zone: pick(ZONES, i) } }, 2),
  ]),
  // Due after the demo.
  many(40, (i) => [set('daily', i, { daily: { at: pick(TIMES, i), zone: pick(ZONES, i) } })]),
  many(10, (i) => [set('some-day', i, { inDays: 3 + 30 * i })]),
  // Refused.
  many(4, (i) => [set('zone', i, { daily: { at: '09:00', zone: pick(['Mars/Olympus', 'London', 'GMT+25', ''], i) } })]),
  many(4, (i) => [set('past', i, { inDays: -1 - i })]),
  many(3, (i) => [set('far', i, { inDays: 800 + i })]),
  many(3, (i) => [set('time', i, { daily: { at: pick(['24:00', '9am', '09:00:30'], i), zone: 'Europe/London' } })]),
  many(3, (i) => [cancel('never-set', i)]),
  many(2, (i) => [set('stale', i, { inDays: 2 }, 3), set('stale', i, { inSeconds: 20 }, 2)]),
];

/** One group does not come after the other: one of each, as long as there are any. */
function mixed(groups: readonly Sample[][]): Sample[] {
  const all = groups.flatMap((group) => group.map((sample, i) => ({ sample, place: i / group.length })));
  return all.toSorted((a, b) => a.place - b.place).map(({ sample }) => sample);
}

export const samplesText = (): string =>
  mixed(GROUPS)
    .map((sample) => `${JSON.stringify(sample)}\n`)
    .join('');

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(SAMPLE_FILE, samplesText());
