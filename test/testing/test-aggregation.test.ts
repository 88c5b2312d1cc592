import { describe, expect, it } from 'vitest';
import { minutes, seconds, subscription } from '../../lib/contracts/index.ts';
import { testAggregation } from '../../lib/testing/index.ts';
import { announce, parcelLog, Returned, Sent } from './parcels.ts';

const totals = subscription('totals', {
  to: parcelLog,
  guarantee: 'exactly-once-aggregation',
  timeout: seconds(10),
  lateness: { allowed: minutes(5) },
});
const tables = { totals: { partitionKey: 'to' } };

const counting = (options: { readonly shards?: number; readonly seed?: number } = {}) =>
  testAggregation(
    totals,
    (events) =>
      [...Map.groupBy(events, ({ data }) => data.to)].map(([to, all]) => ({
        Update: {
          TableName: 'totals',
          Key: { to },
          UpdateExpression: 'ADD parcels :parcels',
          ExpressionAttributeValues: {
            ':parcels': all.reduce((sum, { type }) => sum + (type === Sent.type ? 1 : -1), 0),
          },
        },
      })),
    { tables, ...options },
  );
const to = (place: string, n: number) => ({ parcel: `p${n}`, to: place });

describe('an aggregation', () => {
  it('counts each event once, also one that was published twice', async () => {
    const t = counting();
    await t.given(t.twice(t.event(Sent, to('Leith', 1))), t.event(Sent, to('Leith', 2)), t.event(Sent, to('Skye', 3)));
    await t.given(t.event(Returned, to('Leith', 2)));
    expect(t.items('totals')).toEqual([
      { to: 'Leith', parcels: 1 },
      { to: 'Skye', parcels: 1 },
    ]);
    expect(t.counts()).toEqual({ done: 4, duplicates: 1, rejected: 0, late: 0 });
  });

  it('leaves out what is later than it allows', async () => {
    const t = counting();
    await t.given(t.event(Sent, to('Leith', 1)));
    await t.advance(minutes(10));
    await t.given(t.event(Sent, to('Leith', 2)));
    await t.given(t.late(t.event(Sent, to('Leith', 3)), minutes(4)), t.late(t.event(Sent, to('Leith', 4)), minutes(6)));
    expect(t.item('totals', { to: 'Leith' })).toEqual({ to: 'Leith', parcels: 3 });
    expect(t.deadLetters()).toMatchObject([{ reason: 'late', event: { subject: 'p4' } }]);
    expect(t.counts()).toMatchObject({ done: 3, late: 1 });
  });

  it('loses and repeats nothing over crashes and reshards, whatever comes first', async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const t = counting({ seed, shards: 2 });
      const events = Array.from({ length: 20 }, (_, n) => t.event(Sent, to('Leith', n)));
      t.disturbCall('kill-after', { operation: 'TransactWriteItems' });
      await t.given(...events.slice(0, 10));
      t.reshard('split');
      await t.given(...events.slice(10), t.twice(events[3] as (typeof events)[number]));
      t.reshard('merge');
      await t.given(...Array.from({ length: 5 }, (_, n) => t.event(Sent, to('Leith', 20 + n))));
      await t.settle();
      expect(t.item('totals', { to: 'Leith' }), `seed ${seed}`).toEqual({ to: 'Leith', parcels: 25 });
    }
  });

  it('waits for a table that is gone for a while', async () => {
    const t = counting();
    t.disturbCall('broken-before', { table: 'totals', times: 3 });
    await t.given(t.event(Sent, to('Leith', 1)));
    await t.settle();
    expect(t.items('totals')).toEqual([{ to: 'Leith', parcels: 1 }]);
  });

  it('gives up what it cannot read, and goes on', async () => {
    const t = counting();
    await t.given(t.broken(Buffer.from([0xff, 0x00])), t.event(Sent, to('Leith', 1)));
    expect(t.deadLetters()).toMatchObject([{ reason: 'broken-json' }]);
    expect(t.items('totals')).toEqual([{ to: 'Leith', parcels: 1 }]);
  });

  it('is none, when it declares none', () => {
    expect(() => testAggregation({ ...totals, guarantee: announce.guarantee }, () => [])).toThrow(
      "testAggregation('totals'): its guarantee is 'effectively-once'. Test it with testConsumer().",
    );
  });
});
