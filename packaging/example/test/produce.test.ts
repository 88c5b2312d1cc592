import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envelope } from 'sluice/contracts';
import { PublishFailed, publisher } from 'sluice/runtime';
import { testProducer } from 'sluice/testing';
import { ParcelSent, parcels } from '../contract.ts';

const producing = () =>
  testProducer(
    async (runtime, parcel: string) => {
      const event = envelope(ParcelSent, { parcel, to: 'Skye' }, { id: parcel, source: '/counter', time: new Date() });
      await publisher(parcels, {}, runtime)([event]);
    },
    { channels: [parcels] },
  );

test('an event that a busy queue has refused is sent again', async () => {
  const t = producing();
  t.disturbCall('throttle', { service: 'sqs' });
  await t.call('p1');
  assert.deepEqual(
    t.published(parcels).map(({ data }) => data),
    [{ parcel: 'p1', to: 'Skye' }],
  );
});

test('the caller hears of what could not be sent', async () => {
  const t = producing();
  t.disturbCall('refuse', { service: 'sqs', times: 10 });
  await assert.rejects(t.call('p1'), PublishFailed);
  assert.deepEqual(t.published(parcels), []);
});
