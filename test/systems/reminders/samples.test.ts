import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readSamples } from '../../../lib/operations/systems/samples.ts';
import { samplesText } from '../../../lib/systems/reminders/tools/make-samples.ts';
import { reminders } from '../../../lib/systems/reminders/tools/producer.ts';
import { SAMPLE_FILE, withTimes } from '../../../lib/systems/reminders/tools/samples.ts';

it('are as they are made (else: node lib/systems/reminders/tools/make-samples.ts)', () => {
  expect(readFileSync(SAMPLE_FILE, 'utf8')).toBe(samplesText());
});

it('are some 300 requests, the versions of a reminder in order', () => {
  const requests = readSamples(reminders);
  expect(requests).toHaveLength(295);
  const last = new Map<string, number>();
  for (const request of requests) {
    const key = reminders.keyOf(request);
    if (!key.includes('stale')) expect(request.version).toBe((last.get(key) ?? (key.includes('never') ? 1 : 0)) + 1);
    last.set(key, request.version);
  }
});

it('get the times that they leave open from when they are read', () => {
  const now = Date.parse('2026-11-20T08:59:30Z');
  const base = { action: 'set', userId: 'ada', reminderId: 'pills', version: 1, text: 'Pills' } as const;
  const whens = (['Europe/London', 'Asia/Kathmandu'] as const).map((zone) => ({ daily: { at: 'soon', zone } }));
  expect(withTimes([...whens, { inDays: 2 }, { inSeconds: 5 }].map((when) => ({ ...base, when }))).length).toBe(4);
  const made = withTimes(
    [...whens, { inDays: 2 }, { inSeconds: 5 }].map((when) => ({ ...base, when })),
    now,
  );
  expect(made.map((request) => request.action === 'set' && request.when)).toEqual([
    { daily: { at: '09:00', zone: 'Europe/London' } },
    { daily: { at: '14:45', zone: 'Asia/Kathmandu' } },
    { at: '2026-11-22T08:59:30.000Z' },
    { inSeconds: 5 },
  ]);
});

it('renewed, they are other reminders', () => {
  const [first] = readSamples(reminders);
  if (first === undefined) throw new Error('no samples');
  expect(reminders.keyOf(reminders.renewed(first, 'x'))).toBe(`${reminders.keyOf(first)}-x`);
});
