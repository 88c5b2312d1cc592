import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../lib/contracts/channels/channel.ts';
import { log } from '../../../lib/contracts/channels/log.ts';
import { fifoQueue, queue } from '../../../lib/contracts/channels/queue.ts';
import { topic } from '../../../lib/contracts/channels/topic.ts';
import type { Envelope } from '../../../lib/contracts/events/envelope.ts';
import { aggregated, EVENT_OVERHEAD_BYTES, recordOverhead } from '../../../lib/runtime/messages/aggregated-record.ts';
import { sizeOf } from '../../../lib/runtime/messages/body.ts';
import { entriesOf } from '../../../lib/runtime/messages/entries.ts';
import { InvalidKey } from '../../../lib/runtime/messages/keys.ts';
import { events, opened, ticketLog } from '../../contracts/sample-declarations.ts';

const options = { bucket: () => 'claims', deduplicationId: ({ id }: { id: string }) => id };
const bodyOf = (event: object) => JSON.stringify(event);

/** Names, types and values: type (4 + 6 + 21), version (7 + 6 + 2), traceparent (11 + 6 + 55). */
const ATTRIBUTES = 118;

it('a record counts its partition key in bytes, a message its attributes and not its group', () => {
  const [abroad, plain] = [opened('ticket-ü'), opened('ticket-1')];
  expect(entriesOf(ticketLog, [abroad], options)[0]?.bytes).toBe(sizeOf(bodyOf(abroad)) + 9);
  for (const channel of [fifoQueue('q', { events }), topic('t', { events })]) {
    expect(entriesOf(channel, [plain], options)[0]?.bytes).toBe(sizeOf(bodyOf(plain)) + ATTRIBUTES);
  }
});

it('a message counts the attributes that it has', () => {
  const { traceparent: _, ...foreign } = { ...opened('ticket-1'), type: 'é', dataschema: 'urn:other:v10' };
  const [entry] = entriesOf(queue('q', { events }), [foreign as Envelope], options);
  // type (4 + 6 + 2), version (7 + 6 + 3), no traceparent.
  expect(entry?.bytes).toBe(sizeOf(bodyOf(foreign)) + 28);
});

describe('what fits to the byte', () => {
  /** An event of which the channel counts so many bytes. */
  const ofBytes = (bytes: number, beside: number, key = 'A') => {
    const empty = opened(key, 'e-1', '');
    return { ...empty, data: { ...empty.data, text: 'x'.repeat(bytes - beside - sizeOf(bodyOf(empty))) } };
  };
  const claiming = { events, oversized: 'claim-check' } as const;
  const KEY = 'schlüssel';

  it.each<[string, Channel, number, number, string]>([
    ['a message of a queue', queue('c', claiming), 1_048_576, ATTRIBUTES, 'A'],
    ['a message of a topic', topic('c', claiming), 262_144, ATTRIBUTES, 'A'],
    ['a record of a log', log('c', claiming), 1_048_576, 10, KEY],
    ['a record of a log that declares more', log('c', { ...claiming, maxRecordKiB: 2_000 }), 2_048_000, 10, KEY],
  ])('%s is sent as it is; one byte more is claimed, or refused', (_, channel, limit, beside, key) => {
    const [fits, over] = [ofBytes(limit, beside, key), ofBytes(limit + 1, beside, key)];
    expect(entriesOf(channel, [fits], options)).toMatchObject([{ bytes: limit, claims: [] }]);
    expect(entriesOf(channel, [over], options)[0]?.claims).toHaveLength(1);
    const refusing = { ...channel, oversized: 'refuse' } as const;
    expect(() => entriesOf(refusing, [over], options)).toThrow(
      `is ${limit + 1} bytes; ${channel.kind} 'c' takes ${limit}.`,
    );
  });

  it('an aggregated record counts the partition key that is sent beside it', () => {
    const channel = log('l', { events, aggregate: 1_048_576 });
    const key = 'k'.repeat(256);
    const half = (id: string, bytes: number) => ({ ...ofBytes(bytes, 0, key), id });
    // Both texts, what stands around each, what stands around the record with the key in it, and the key.
    const room = 1_048_576 - 256 - recordOverhead(key) - 2 * EVENT_OVERHEAD_BYTES;
    const records = (bytes: number) =>
      entriesOf(channel, [half('e-1', 500_000), half('e-2', bytes - 500_000)], options);
    expect(records(room)).toHaveLength(1);
    expect(records(room)[0]?.bytes).toBeLessThanOrEqual(1_048_576);
    expect(records(room + 1)).toHaveLength(2);
  });
});

describe('keys and ids are counted as AWS counts them', () => {
  const keyed = (partitionkey: string) => () => entriesOf(ticketLog, [{ ...opened('A'), partitionkey }], options);
  it('a partition key in characters of Unicode', () => {
    expect(keyed('😀'.repeat(256))()).toHaveLength(1);
    expect(keyed('😀'.repeat(257))).toThrow(InvalidKey);
    expect(keyed(`${'x'.repeat(255)}😀`)()).toHaveLength(1);
    expect(keyed(`${'x'.repeat(256)}😀`)).toThrow(InvalidKey);
  });

  it.each([ticketLog, queue('q', { events })])(
    'an id in bytes, for the inboxes that will hold it: $kind',
    (channel) => {
      const withId = (id: string) => () => entriesOf(channel, [opened('A', id)], options);
      expect(withId('é'.repeat(512))()).toHaveLength(1);
      expect(withId(`${'é'.repeat(512)}x`)).toThrow('it must have at most 1024 bytes');
    },
  );
});

it('events travel alone unless the log says otherwise', () => {
  const three = ['e-1', 'e-2', 'e-3'].map((id) => opened('A', id));
  expect(entriesOf(ticketLog, three, options).map(({ body }) => body)).toEqual(three.map(bodyOf));
  expect(entriesOf(fifoQueue('q', { events }), three, options)).toHaveLength(3);
});

it('small events of one key share a record up to its limit, to the byte', () => {
  const two = ['e-1', 'e-2'].map((id) => opened('A', id, 'x'.repeat(600)));
  const fits = recordOverhead('A') + two.reduce((sum, e) => sum + bodyOf(e).length + EVENT_OVERHEAD_BYTES, 0);
  const record = (aggregate: number) => entriesOf(log('l', { events, aggregate }), two, options);
  expect(record(fits - 1).map(({ carries }) => carries.length)).toEqual([1, 1]);
  const [one, ...more] = record(fits);
  expect(more).toEqual([]);
  const body = aggregated(
    'A',
    two.map((event) => Buffer.from(bodyOf(event))),
  );
  expect(one).toMatchObject({ carries: two, body, bytes: body.length + 1, key: 'A', claims: [] });
});

it('keys do not share a record, and an event alone is a plain one', () => {
  const entries = entriesOf(
    log('l', { events, aggregate: true }),
    [opened('A', 'e-1'), opened('B', 'e-2'), opened('A', 'e-3')],
    options,
  );
  expect(entries.map(({ key, carries }) => [key, carries.map(({ id }) => id)])).toEqual([
    ['A', ['e-1', 'e-3']],
    ['B', ['e-2']],
  ]);
  expect(entries[1]?.body).toBe(
    bodyOf(opened('B', 'e-2')).replace(/"traceparent":"[^"]+"/, `"traceparent":"${entries[1]?.envelope.traceparent}"`),
  );
});

it('an invalid key says its name', () => {
  expect(() => entriesOf(ticketLog, [opened('x'.repeat(257))], options)).toThrow(
    expect.objectContaining({ name: 'InvalidKey', constructor: InvalidKey }),
  );
});
