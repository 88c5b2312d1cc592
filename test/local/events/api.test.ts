import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { eventsApi } from '../../../lib/local/events/api.ts';
import type { EventBus } from '../../../lib/local/events/bus.ts';
import type { JsonObject } from '../../../lib/local/json.ts';
import type { ServiceRequest } from '../../../lib/local/service.ts';

/** Events as the bus gets them, and the answer to who put them. */
async function put(entries: readonly object[], operation = 'PutEvents') {
  const events: JsonObject[] = [];
  const bus = { put: async (event: JsonObject) => void events.push(event) } as unknown as EventBus;
  const api = eventsApi({ bus, region: 'eu-west-1', accountId: '111122223333' });
  const body = Buffer.from(JSON.stringify({ Entries: entries }));
  const { status, body: answer } = await api({ service: 'events', operation, body } as unknown as ServiceRequest);
  return { status, answer: JSON.parse(String(answer)) as JsonObject, events };
}
const ENTRY = { Source: 'shop', DetailType: 'paid', Detail: '{"id":1}' };

describe('an event that is put', () => {
  it.each<[string, object, string]>([
    ['is of the second that is given', { Time: 1_800_000_000 }, '2027-01-15T08:00:00Z'],
    ['without the part of a second', { Time: 1_800_000_000.9 }, '2027-01-15T08:00:00Z'],
    ['long ago', { Time: 1 }, '1970-01-01T00:00:01Z'],
    ['is of now when none is', {}, '2026-11-29T12:00:00Z'],
  ])('%s', async (_, more, time) => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 29, 12, 0, 0, 700), toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { events } = await put([{ ...ENTRY, ...more }]);
    expect(events).toMatchObject([{ time }]);
  });

  it('has everything that was given in its place', async () => {
    const { events, answer, status } = await put([{ ...ENTRY, Resources: ['a', 'b'], EventBusName: 'default' }]);
    expect(events).toEqual([
      {
        ...{ version: '0', id: expect.any(String), 'detail-type': 'paid', source: 'shop', account: '111122223333' },
        ...{ time: expect.any(String), region: 'eu-west-1', resources: ['a', 'b'], detail: { id: 1 } },
      },
    ]);
    expect([status, answer]).toEqual([200, { FailedEntryCount: 0, Entries: [{ EventId: events[0]?.id }] }]);
  });

  it.each<[string, object, string]>([
    ['of another bus', { EventBusName: 'other' }, 'InternalFailure'],
    ['without a source', { Source: '' }, 'InvalidArgument'],
    ['without a type', { DetailType: undefined }, 'InvalidArgument'],
    ['without a detail', { Detail: undefined }, 'InvalidArgument'],
    ['of AWS', { Source: 'aws.shop' }, 'NotAuthorizedForSourceException'],
    ['with a detail that is no JSON', { Detail: '{' }, 'MalformedDetail'],
    ['with a detail that is no object', { Detail: '[1]' }, 'MalformedDetail'],
  ])('%s is refused alone', async (_, more, ErrorCode) => {
    const { events, answer } = await put([ENTRY, { ...ENTRY, ...more }, ENTRY]);
    expect(events).toHaveLength(2);
    const entries = [
      { EventId: events[0]?.id },
      { ErrorCode, ErrorMessage: expect.any(String) },
      { EventId: events[1]?.id },
    ];
    expect(answer).toEqual({ FailedEntryCount: 1, Entries: entries });
  });

  it.each([[{ EventBusName: 'arn:aws:events:eu-west-1:111122223333:event-bus/default' }], [{ Source: 'awsome' }]])(
    '%j is taken',
    async (more) => {
      expect((await put([{ ...ENTRY, ...more }])).events).toHaveLength(1);
    },
  );
});

describe('a request', () => {
  const ofBytes = (bytes: number, more: object = {}) => {
    const frame = Buffer.byteLength('shoppaid{"a":""}');
    return { ...ENTRY, Detail: `{"a":"${'x'.repeat(bytes - frame)}"}`, ...more };
  };
  const MIB = 1_048_576;
  it.each<[string, readonly object[], number]>([
    ['no entries', [], 400],
    ['one', [ENTRY], 200],
    ['ten', new Array(10).fill(ENTRY), 200],
    ['eleven', new Array(11).fill(ENTRY), 400],
    ['1 MiB', [ofBytes(MIB)], 200],
    ['a byte more', [ofBytes(MIB + 1)], 400],
    ['a byte more, together', [ofBytes(MIB / 2), ofBytes(MIB / 2 + 1)], 400],
    ['14 bytes for the time', [ofBytes(MIB - 14, { Time: 1 })], 200],
    ['a byte more than those', [ofBytes(MIB - 13, { Time: 1 })], 400],
    ['resources', [ofBytes(MIB - 3, { Resources: ['a', 'bc'] })], 200],
    ['resources of a byte more', [ofBytes(MIB - 3, { Resources: ['a', 'bcd'] })], 400],
  ])('with %s', async (_, entries, expected) => {
    const { status, events } = await put(entries);
    expect([status, events.length]).toEqual([expected, expected === 200 ? entries.length : 0]);
  });

  it('for something else says what there is', async () => {
    const { status, answer } = await put([ENTRY], 'ListRules');
    expect([status, JSON.stringify(answer)]).toEqual([400, expect.stringContaining('available: PutEvents')]);
  });
});
