import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { outbox } from '../../../lib/contracts/channels/outbox.ts';
import { fifoQueue } from '../../../lib/contracts/channels/queue.ts';
import { days } from '../../../lib/contracts/declaring/duration.ts';
import type { Envelope } from '../../../lib/contracts/events/envelope.ts';
import { readLog } from '../../../lib/operations/traffic/read-log.ts';
import { lambda } from '../../../lib/runtime/invocation/runtime.ts';
import { type OutboxRow, occurred, outboxWriter } from '../../../lib/runtime/outbox/outbox.ts';
import { outboxRelay, type Relayed } from '../../../lib/runtime/outbox/relay.ts';
import { SENDERS } from '../../../lib/runtime/publishing/senders.ts';
import { orderedQueue, TicketClosed, TicketOpened, ticketLog } from '../../contracts/sample-declarations.ts';
import { kinesis } from '../clients.ts';
import { createOutboxTable, createQueue, createStream, drain, itemsOf, useLocalServices } from '../local-services.ts';

const OUTBOX = 'outbox';
const NOW = Date.parse('2026-11-20T08:00:00Z');
const box = outbox('ticket-outbox', { publishes: [ticketLog, orderedQueue], keep: days(2) });

useLocalServices();

let counter = 0;
let one: string;
let two: string;
let queueUrl: string;

beforeAll(async () => {
  await createOutboxTable(OUTBOX);
  await createStream('log', 2);
  queueUrl = await createQueue('ordered.fifo');
  Object.assign(process.env, {
    SLUICE_OUTBOX_TABLE: OUTBOX,
    SLUICE_CHANNEL_TICKET_LOG: 'log',
    SLUICE_CHANNEL_ORDERED_WORK: queueUrl,
  });
});

beforeEach(() => {
  counter += 1;
  [one, two] = [`A-${counter}`, `B-${counter}`];
  vi.spyOn(Math, 'random').mockReturnValue(0); // No waiting between tries.
});
afterEach(async () => void (await drain(queueUrl)));

async function tell(aggregate: string, after: number, count: number): Promise<Envelope[]> {
  const events = Array.from({ length: count }, () => occurred(TicketOpened, { ticket: aggregate, text: '' }));
  return outboxWriter(box)({ aggregate, after, writes: [], events });
}

/** Relays with the given sequences as hints; undefined reads the table. */
async function relay(hints: Readonly<Record<string, readonly number[]>>): Promise<Relayed> {
  const rows = (await itemsOf(OUTBOX)) as unknown as OutboxRow[];
  const wanted = Object.entries(hints).map(
    ([aggregate, sequences]) =>
      [aggregate, rows.filter((row) => row.aggregateId === aggregate && sequences.includes(row.sequence))] as const,
  );
  return outboxRelay(box, OUTBOX, { ...lambda, now: () => NOW })(new Map(wanted));
}

const ours = (events: readonly Envelope[], aggregate: string) =>
  events.filter(({ subject }) => subject === aggregate).map(({ sequence }) => Number(sequence));
const inLog = async () => (await readLog(kinesis(), 'log')).map(({ body }): Envelope => JSON.parse(body));
const inQueue = async () => (await drain(queueUrl)).map(({ Body = '' }): Envelope => JSON.parse(Body));
const tableOf = async (aggregate: string) => {
  const items = (await itemsOf(OUTBOX)).filter(({ aggregateId }) => aggregateId === aggregate);
  return {
    cursor: items.find(({ sequence }) => sequence === -1)?.published,
    waiting: items.filter(({ unpublished }) => unpublished !== undefined).map(({ sequence }) => sequence),
    expiry: [...new Set(items.filter(({ body }) => body !== undefined).map(({ expiresAt }) => expiresAt))],
  };
};

describe('the relay', () => {
  it('publishes two aggregates to both channels, each in sequence, and marks the rows', async () => {
    await tell(one, 0, 2);
    await tell(two, 0, 1);
    await tell(one, 2, 1);
    expect(await relay({ [one]: [3, 1, 2], [two]: [1] })).toEqual({ published: 4, failed: new Map() });
    for (const told of [await inLog(), await inQueue()]) {
      expect(ours(told, one)).toEqual([1, 2, 3]);
      expect(ours(told, two)).toEqual([1]);
    }
    expect(await tableOf(one)).toEqual({ cursor: 3, waiting: [], expiry: [NOW / 1_000 + days(2).seconds] });
    expect(await tableOf(two)).toMatchObject({ cursor: 1, waiting: [] });
  });

  it('publishes nothing new the second time', async () => {
    await tell(one, 0, 3);
    await relay({ [one]: [1, 2, 3] });
    const before = (await inLog()).length;
    expect(await relay({ [one]: [1, 2, 3] })).toEqual({ published: 0, failed: new Map() });
    expect(await relay({ [one]: [] })).toEqual({ published: 0, failed: new Map() });
    expect(await inLog()).toHaveLength(before);
  });

  it.each([
    ['shown only the last', [3]],
    ['shown the first and the last', [1, 3]],
    ['shown nothing', []],
  ])('reads the gap from the table when it is %s', async (_, hints) => {
    await tell(one, 0, 3);
    expect(await relay({ [one]: hints })).toMatchObject({ published: 3 });
    expect(ours(await inQueue(), one)).toEqual([1, 2, 3]);
  });

  it('publishes what it was shown and leaves later rows to their own record', async () => {
    await tell(one, 0, 3);
    expect(await relay({ [one]: [1, 2] })).toMatchObject({ published: 2 });
    expect(await tableOf(one)).toMatchObject({ cursor: 2, waiting: [3] });
  });

  it('stops an aggregate at what a channel does not take, and goes on from there', async () => {
    await tell(one, 0, 3);
    await tell(two, 0, 2);
    const send = SENDERS.queue.send;
    const refusal = vi.spyOn(SENDERS.queue, 'send').mockImplementation(async (aws, channel, address, entries) => {
      const refused = entries.filter(({ envelope }) => envelope.id === `ticket-outbox/${one}/2`);
      const taken = entries.filter((entry) => !refused.includes(entry));
      if (taken.length > 0) await send(aws, channel, address, taken);
      return refused.map((entry) => ({ entry, error: 'Throttled: slow down' }));
    });
    const hints = { [one]: [1, 2, 3], [two]: [1, 2] };
    expect(await relay(hints)).toEqual({ published: 3, failed: new Map([[one, 'Throttled: slow down']]) });
    expect(await tableOf(one)).toMatchObject({ cursor: 1, waiting: [2, 3] });
    expect(await tableOf(two)).toMatchObject({ cursor: 2, waiting: [] });
    refusal.mockRestore();
    expect(await relay(hints)).toEqual({ published: 2, failed: new Map() });
    const told = await inQueue();
    expect(ours(told, one)).toEqual([1, 2, 3]);
    expect(ours(told, two)).toEqual([1, 2]);
  });

  it('marks more rows than one transaction takes', async () => {
    await tell(one, 0, 99);
    await tell(one, 99, 60);
    expect(await relay({ [one]: [] })).toMatchObject({ published: 159 });
    expect(await tableOf(one)).toMatchObject({ cursor: 159, waiting: [] });
    expect(ours(await inLog(), one)).toEqual(Array.from({ length: 159 }, (_, i) => i + 1));
  });

  it('run by stream and sweeper at the same time leaves cursor and rows right', async () => {
    await tell(one, 0, 5);
    await Promise.all([relay({ [one]: [1, 2, 3, 4, 5] }), relay({ [one]: [] }), relay({ [one]: [1, 2] })]);
    await relay({ [one]: [] });
    expect(await tableOf(one)).toMatchObject({ cursor: 5, waiting: [] });
    const told = ours(await inLog(), one);
    expect([...new Set(told)]).toEqual([1, 2, 3, 4, 5]);
  });

  it('sends a channel only the events that it lists', async () => {
    await tell(one, 0, 1);
    const closed = await createQueue('closed.fifo');
    process.env.SLUICE_CHANNEL_CLOSED = closed;
    const picky = outbox('ticket-outbox', {
      publishes: [orderedQueue, fifoQueue('closed', { events: [TicketClosed] })],
    });
    expect(await outboxRelay(picky, OUTBOX)(new Map([[one, []]]))).toMatchObject({ published: 1 });
    expect(ours(await inQueue(), one)).toEqual([1]);
    expect(await drain(closed)).toEqual([]);
  });
});
