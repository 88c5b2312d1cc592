import { describe, expect, it } from 'vitest';
import { log } from '../../../lib/contracts/channels/log.ts';
import { outbox } from '../../../lib/contracts/channels/outbox.ts';
import { queue } from '../../../lib/contracts/channels/queue.ts';
import { fifoTopic } from '../../../lib/contracts/channels/topic.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import {
  effectUnits,
  inboxLoad,
  outboxLoad,
  outboxRowBytes,
  outboxUnits,
  peakOf,
  transactionsOf,
} from '../../../lib/contracts/subscriptions/table-units.ts';
import { events, ticketTopic, workQueue } from '../sample-declarations.ts';

describe('units of a table', () => {
  // A row has 120 bytes beside its event; it is written twice, each time in a transaction, with a head and a cursor.
  it.each([
    [0, 8],
    [1_024 - 120, 8],
    [1_024 - 119, 12],
    [2_048 - 120, 12],
    [2_048 - 119, 16],
  ])('an event of %i bytes takes %i to be told', (bytes, write) => {
    expect(outboxRowBytes(bytes)).toBe(bytes + 120);
    expect(outboxUnits(bytes)).toEqual({ write, read: 2, indexWrite: 2 });
  });

  it('an effect takes two an item', () => {
    expect([0, 1, 3].map(effectUnits)).toEqual([0, 2, 6]);
  });

  it.each([
    [1, 1],
    [45, 1],
    [46, 2],
    [90, 2],
    [91, 3],
  ])('an aggregation of %i events commits %i times, and others not at all', (messages, times) => {
    const consumer = subscription('worker', { to: workQueue });
    const counting = { ...consumer, guarantee: 'exactly-once-aggregation' } as typeof consumer;
    expect([transactionsOf(counting, messages), transactionsOf(consumer, messages)]).toEqual([times, 0]);
  });
});

describe('what a declared peak asks of a table', () => {
  const busy = log('busy', { events, traffic: { peakPerSecond: 200, averageBytes: 3_000 } });
  const large = fifoTopic('large', { events, traffic: { peakPerSecond: 100, averageBytes: 10_000 } });

  it.each([
    ['one channel', [busy], { write: 200 * 20, read: 400 }],
    ['its busiest in units', [busy, large], { write: 100 * 44, read: 200 }],
    ['channels that nobody said anything about', [ticketTopic], { write: 0, read: 0 }],
  ])('an outbox: %s', (_, publishes, load) => {
    const box = outbox('box', { publishes });
    expect(outboxLoad(box)).toEqual(load);
  });

  it('a consumer: a record for each message, and what is moved for each batch', () => {
    const effect = { guarantee: 'effectively-once', inbox: 'effect' } as const;
    const traffic = { peakPerSecond: 50, averageBytes: 1_000 };
    const worker = subscription('worker', { to: queue('own', { events, traffic }), ...effect, checkFirst: true });
    expect([peakOf(worker), inboxLoad(worker)]).toEqual([50, { write: 100, read: 50 }]);
    const fed = subscription('fed', { to: queue('fed', { events, from: large }), ...effect });
    expect([peakOf(fed), inboxLoad(fed)]).toEqual([100, { write: 200, read: 0 }]);
    const silent = subscription('silent', { to: workQueue, ...effect });
    expect([peakOf(silent), inboxLoad(silent)]).toEqual([0, { write: 0, read: 0 }]);
    const counting = subscription('counting', { to: busy, guarantee: 'exactly-once-aggregation', batchSize: 100 });
    // A record for each; for a hundred three transactions of two units, and one read for each batch: of one record at worst.
    expect(inboxLoad(counting)).toEqual({ write: 200 * 2 + 2 * 3 * 2, read: 200 });
  });
});
