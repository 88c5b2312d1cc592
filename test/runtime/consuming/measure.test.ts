import { describe, expect, it } from 'vitest';
import { log } from '../../../lib/contracts/channels/log.ts';
import { type Subscription, subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { measure } from '../../../lib/runtime/consuming/measure.ts';
import type { Message, Outcome } from '../../../lib/runtime/messages/message.ts';
import { events, workQueue } from '../../contracts/sample-declarations.ts';

const NOW = 1_763_625_600_000;
const one = log('one', { events, shards: 1 });
const two = log('two', { events, shards: 2 });

const message = (id: string, record?: string): Message => ({
  ...{ id, body: '', unit: undefined, source: '', receives: undefined, firstReceived: NOW - 1_500, attributes: {} },
  ...(record === undefined ? {} : { within: { sequenceNumber: record, part: 0 } }),
});

function measured(s: Subscription, given: readonly (readonly [Message, Outcome['kind']])[]): Record<string, unknown> {
  const lines: string[] = [];
  const messages = given.map(([one]) => one);
  const outcomes = new Map(given.map(([one, kind]) => [one, { kind } as Outcome]));
  const runtime = { env: () => undefined, now: () => NOW, write: (line: string) => void lines.push(line) };
  const batch = { stops: 'batch', messages, shard: 'shardId-000000000001' } as const;
  measure(s, batch, outcomes, { ages: [], durations: [] }, runtime as never);
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? '');
}

describe('Consumed', () => {
  const reader = subscription('reader', { to: one });
  it.each<[string, [Message, Outcome['kind']][], number]>([
    [
      'all records when none comes again',
      [
        [message('1'), 'done'],
        [message('2'), 'rejected'],
      ],
      2,
    ],
    [
      'those before the one that stops the batch',
      [
        [message('1'), 'done'],
        [message('2'), 'retry'],
        [message('3'), 'done'],
      ],
      1,
    ],
    [
      'none when the first stops it',
      [
        [message('1'), 'outage'],
        [message('2'), 'held'],
      ],
      0,
    ],
    [
      'records, not the events in them, and none that is not complete',
      [
        [message('1.0', '1'), 'done'],
        [message('1.1', '1'), 'duplicate'],
        [message('2.0', '2'), 'done'],
        [message('2.1', '2'), 'retry'],
      ],
      1,
    ],
  ])('is %s', (_, given, consumed) => {
    expect(measured(reader, given).Consumed).toEqual([consumed]);
  });

  it('is everything at most once: nothing comes again', () => {
    const telemetry = subscription('reader', { to: one, guarantee: 'at-most-once', order: 'none' });
    expect(measured(telemetry, [[message('1'), 'retry']])).toMatchObject({ Consumed: [1], Dropped: [1] });
  });

  it('is of logs only', () => {
    expect(measured(subscription('worker', { to: workQueue }), [[message('1'), 'done']])).not.toHaveProperty(
      'Consumed',
    );
  });
});

describe('ShardLag', () => {
  it('is the age of the last record, for a log of several shards', () => {
    const line = measured(subscription('reader', { to: two }), [[message('1'), 'done']]);
    expect(line).toMatchObject({ shard: 'shardId-000000000001', ShardLag: [1_500] });
  });

  it('is not there for a log of one shard: a metric for each shard costs money', () => {
    expect(measured(subscription('reader', { to: one }), [[message('1'), 'done']])).not.toHaveProperty('ShardLag');
  });
});
