import { describe, expect, it } from 'vitest';
import { envelope, hours, minutes } from '../../lib/contracts/index.ts';
import {
  dynamodb,
  later,
  occurred,
  outboxWriter,
  PublishFailed,
  publisher,
  SequenceConflict,
} from '../../lib/runtime/index.ts';
import { testProducer } from '../../lib/testing/index.ts';
import { announcements, parcelBox, parcelLog, parcels, parcelsInOrder, Sent, tables } from './parcels.ts';

const event = (parcel: string, to = 'Leith') =>
  envelope(Sent, { parcel, to }, { id: parcel, source: '/shop', time: new Date() });
const publishing = (channel: typeof announcements | typeof parcelLog | typeof parcels | typeof parcelsInOrder) =>
  testProducer(
    (runtime, ...names: readonly string[]) => publisher(channel, {}, runtime)(names.map((name) => event(name))),
    { channels: [channel] },
  );

describe.each([announcements, parcelLog, parcels, parcelsInOrder])('a publisher to $kind $name', (channel) => {
  it('has sent what it was given', async () => {
    const t = publishing(channel);
    await t.call('p1', 'p2');
    expect(t.published(channel).map(({ data }) => data.parcel)).toEqual(['p1', 'p2']);
  });

  it('tries again what a busy service has refused', async () => {
    const t = publishing(channel);
    t.disturbCall('throttle');
    await t.call('p1', 'p2');
    await t.settle();
    expect(t.published(channel)).toHaveLength(2);
  });

  it('hears of what could not be sent', async () => {
    const t = publishing(channel);
    t.disturbCall('refuse', { times: 20 });
    await expect(t.call('p1')).rejects.toThrow(PublishFailed);
    expect(t.published(channel)).toEqual([]);
  });
});

it('entries that are refused one by one are sent again', async () => {
  const t = publishing(parcels);
  t.disturbCall('partial');
  await t.call('p1', 'p2', 'p3');
  expect(new Set(t.published(parcels).map(({ id }) => id))).toEqual(new Set(['p1', 'p2', 'p3']));
});

it('large data travels by way of the bucket, and is read from there', async () => {
  const t = testProducer((runtime, to: string) => publisher(parcelLog, {}, runtime)([event('p1', to)]), {
    channels: [parcelLog],
  });
  const to = Array.from({ length: 400_000 }, (_, i) => ((i * 2_654_435_761) % 4_294_967_296).toString(36)).join('');
  await t.call(to);
  expect(t.published(parcelLog)[0]?.data.to.length).toBe(to.length);
});

it('what readers could not read is told to who publishes it', async () => {
  const t = testProducer(
    (runtime) => publisher(announcements, {}, runtime)([{ ...event('p1'), data: { parcel: 7 } }]),
    { channels: [announcements] },
  );
  await expect(t.call()).rejects.toThrow("what was published to topic 'announcements' cannot be read there: ");
});

describe('an outbox', () => {
  const placing = () =>
    testProducer(
      async (runtime, parcel: string) => {
        await outboxWriter(
          parcelBox,
          runtime,
        )({
          aggregate: parcel,
          after: 0,
          events: [occurred(Sent, { parcel, to: 'Leith' })],
          writes: [{ Put: { TableName: 'said', Item: { parcel, at: new Date().toISOString() } } }],
        });
        return (await dynamodb('GetItem', { TableName: 'said', Key: { parcel } })).Item?.at as string;
      },
      { outbox: parcelBox, tables },
    );

  it('commits the event with its write, and the relay sends it', async () => {
    const t = placing();
    expect(await t.call('p1')).toMatch(/^2026-11-20T08:00/);
    expect(t.outboxRows()).toMatchObject([{ aggregate: 'p1', sequence: 1, waits: false }]);
    expect(t.published(announcements)).toMatchObject([{ data: { parcel: 'p1' }, sequence: expect.any(String) }]);
  });

  it('waits for a channel that is gone, and sends then', async () => {
    const t = placing();
    t.disturbCall('refuse', { service: 'sns', times: 30 });
    await t.call('p1');
    expect(t.outboxRows()).toMatchObject([{ waits: true }]);
    await t.settle();
    expect(t.outboxRows()).toMatchObject([{ waits: false }]);
    expect(t.published(announcements)).toHaveLength(1);
  });

  it('lets one of two writers win', async () => {
    const t = placing();
    await t.call('p1');
    await expect(t.call('p1')).rejects.toThrow(SequenceConflict);
    expect(t.outboxRows()).toHaveLength(1);
  });

  it('has nothing when the writer ended before it committed', async () => {
    const t = placing();
    t.disturbCall('kill-before', { operation: 'TransactWriteItems' });
    await expect(t.call('p1')).rejects.toThrow('the producer ended in the middle of the call');
    expect([t.outboxRows(), t.items('said')]).toEqual([[], []]);
  });
});

it('work that is put off comes when it is due', async () => {
  const t = testProducer(
    async (runtime, at: Date) =>
      later(parcels, runtime).schedule({ key: 'p1/remind', event: Sent, data: { parcel: 'p1', to: 'Leith' }, at }),
    { channels: [parcels] },
  );
  const due = new Date(t.now().getTime() + 3 * 3_600_000);
  expect(await t.call(due)).toBe('scheduled');
  expect(await t.call(due)).toBe('already');
  await t.advance(hours(2));
  expect(t.published(parcels)).toEqual([]);
  await t.advance(minutes(61));
  expect(t.published(parcels).map(({ time }) => time)).toEqual([due.toISOString()]);
});
