import { describe, expect, it } from 'vitest';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import {
  effectUnits,
  outboxRowBytes,
  outboxUnits,
  transactionsOf,
} from '../../../lib/contracts/subscriptions/table-units.ts';
import { workQueue } from '../sample-declarations.ts';

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
