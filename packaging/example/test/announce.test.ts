import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, minutes, seconds } from 'sluice/contracts';
import { testConsumer } from 'sluice/testing';
import { announce, ParcelSent } from '../contract.ts';

/** The function's own file, with the table and the environment variable that `app.ts` gives it. */
const announcing = () =>
  testConsumer(
    announce,
    { load: () => import('../lambdas/parcels/announce.ts') },
    { tables: { announcements: { partitionKey: 'parcel' } }, env: { ANNOUNCEMENTS: 'announcements' } },
  );

test('a parcel is announced once, however often its event comes', async () => {
  const t = announcing();
  const sent = t.event(ParcelSent, { parcel: 'p1', to: 'Leith' });
  await t.given(t.twice(sent), t.broken('{"half":'));
  await t.advance(hours(1));
  await t.given(sent);
  assert.deepEqual(t.outcomes(), ['done', 'duplicate', 'dead-lettered: broken-json', 'duplicate']);
  assert.deepEqual(t.items('announcements'), [{ parcel: 'p1', times: 1, told: 'on its way to Leith' }]);
  assert.equal(t.deadLetters()[0]?.body, '{"half":');
});

test('a function that ends in the middle repeats nothing', async () => {
  const t = announcing();
  t.disturbCall('kill-after', { table: 'announcements' });
  await t.given(t.event(ParcelSent, { parcel: 'p1', to: 'Leith' }));
  assert.deepEqual(t.outcomes(), ['crashed']);
  await t.settle();
  assert.deepEqual(
    t.messages().map(({ deliveries }) => deliveries.map(({ as }) => as)),
    [['crashed', 'duplicate']],
  );
  assert.equal(t.items('announcements').length, 1);
});

test('what fails is tried again after the declared wait', async () => {
  let isDown = true;
  const t = testConsumer(announce, {
    [ParcelSent.type]: async ({ parcel }) => {
      if (isDown) throw new Error(`no answer about ${parcel}`);
      return [];
    },
  });
  await t.given(t.event(ParcelSent, { parcel: 'p1', to: 'Leith' }));
  assert.deepEqual(t.outcomes(), ['retried']);
  isDown = false;
  await t.advance(seconds(1));
  assert.deepEqual(t.outcomes(), ['done']);
  assert.ok(t.now().getTime() < Date.parse('2026-11-20T08:00:00Z') + minutes(1).seconds * 1_000);
});
