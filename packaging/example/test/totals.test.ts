import assert from 'node:assert/strict';
import { test } from 'node:test';
import { log, minutes, subscription } from 'sluice/contracts';
import { testAggregation } from 'sluice/testing';
import { ParcelSent } from '../contract.ts';

const parcelLog = log('parcel-log', { events: [ParcelSent] });
const totals = subscription('totals', {
  to: parcelLog,
  guarantee: 'exactly-once-aggregation',
  lateness: { allowed: minutes(5) },
});

test('every parcel is counted once, over copies, crashes and a reshard; what is late is not', async () => {
  const t = testAggregation(
    totals,
    (events) =>
      [...Map.groupBy(events, ({ data }) => data.to)].map(([to, all]) => ({
        Update: {
          TableName: 'totals',
          Key: { to },
          UpdateExpression: 'ADD parcels :parcels',
          ExpressionAttributeValues: { ':parcels': all.length },
        },
      })),
    { tables: { totals: { partitionKey: 'to' } } },
  );
  const sent = (parcel: string) => t.event(ParcelSent, { parcel, to: 'Leith' });
  t.disturbCall('kill-after', { table: 'totals' });
  await t.given(t.twice(sent('p1')), sent('p2'));
  await t.advance(minutes(10));
  await t.given(sent('p3'), t.late(sent('p4'), minutes(6)));
  t.reshard('split');
  await t.given(t.twice(sent('p5')), sent('p6'));
  await t.settle();
  assert.deepEqual(t.item('totals', { to: 'Leith' }), { to: 'Leith', parcels: 5 });
  assert.deepEqual(
    t.deadLetters().map(({ reason, event }) => [reason, event?.subject]),
    [['late', 'p4']],
  );
});
