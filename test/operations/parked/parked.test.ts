import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  listParked,
  NotParked,
  type ParkingPlace,
  parkedKey,
  parkedMessages,
} from '../../../lib/operations/parked/parked.ts';
import { tableParking } from '../../../lib/runtime/dead-letters/parking.ts';
import { patientCall } from '../../../lib/runtime/invocation/patience.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import type { Message } from '../../../lib/runtime/messages/message.ts';
import { dynamodb } from '../../runtime/clients.ts';
import { createInboxTable, useLocalServices } from '../../runtime/local-services.ts';

useLocalServices();

const TABLE = 'parked';
let count = 0;
let place: ParkingPlace;
let now: number;
const runtime: Runtime = { ...lambda, now: () => now };

beforeAll(() => createInboxTable(TABLE));
beforeEach(() => {
  count += 1;
  place = { subscription: `worker-${count}`, table: TABLE };
  now = Date.parse('2026-11-20T08:00:00Z');
});

const message = (id: string, body = JSON.stringify({ id: `event-${id}`, type: 'tickets.ticket-opened' })): Message => ({
  ...{ id, body, unit: 'K', source: 'test', receives: 1, firstReceived: 0, attributes: {} },
});
const park = (key: string, one: Message, reason?: string) =>
  tableParking(TABLE, { name: place.subscription }, { ...runtime, aws: patientCall(runtime) }).park(key, one, reason);

describe('what is parked', () => {
  it('is nothing at first', async () => {
    expect(await listParked(dynamodb(), place)).toEqual([]);
    await expect(parkedKey(dynamodb(), place, 'K')).rejects.toThrow(NotParked);
    await expect(parkedMessages(dynamodb(), place, 'K', 10)).rejects.toThrow(
      `nothing is parked under key 'K' of subscription '${place.subscription}'. npx sluice parked list ${place.subscription} shows what is.`,
    );
  });

  it('is listed by key, the longest wait first', async () => {
    await park('late', message('1'), 'broken');
    now -= 60_000;
    await park('early', message('2'), 'poison');
    now += 120_000;
    await park('early', message('3'));
    expect(await listParked(dynamodb(), place)).toEqual([
      { key: 'early', messages: 2, since: '2026-11-20T07:59:00.000Z', reason: 'poison' },
      { key: 'late', messages: 1, since: '2026-11-20T08:00:00.000Z', reason: 'broken' },
    ]);
    expect(await parkedKey(dynamodb(), place, 'early')).toMatchObject({ key: 'early', messages: 2 });
  });

  it('is listed beyond the hundred keys of one request', async () => {
    await Promise.all(Array.from({ length: 101 }, (_, i) => park(`key-${i}`, message(String(i)), 'broken')));
    expect(await listParked(dynamodb(), place)).toHaveLength(101);
  });

  it('tells one key from another that looks like a number of it', async () => {
    await park('K', message('1'), 'broken');
    await park('K!1', message('2'), 'poison');
    await park('K', message('3'));
    const keys = (await listParked(dynamodb(), place)).map(({ key, messages, reason }) => [key, messages, reason]);
    expect(keys.toSorted()).toEqual([
      ['K!1', 1, 'poison'],
      ['K', 2, 'broken'],
    ]);
  });

  it('is shown in order, as far as asked for, with what the bodies say about themselves', async () => {
    await park('K', message('1'), 'broken');
    await park('K', message('2', '{"id":7}'));
    await park('K', message('3', 'no JSON'));
    await park('K', message('4', 'null'));
    const shown = await parkedMessages(dynamodb(), place, 'K', 4);
    expect(shown.map(({ number, eventId, eventType, reason }) => [number, eventId, eventType, reason])).toEqual([
      [1, 'event-1', 'tickets.ticket-opened', 'broken'],
      [2, undefined, undefined, undefined],
      [3, undefined, undefined, undefined],
      [4, undefined, undefined, undefined],
    ]);
    expect((await parkedMessages(dynamodb(), place, 'K', 2)).map(({ number }) => number)).toEqual([1, 2]);
  });
});
