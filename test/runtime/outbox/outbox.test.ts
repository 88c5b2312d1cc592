import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as v from 'valibot';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { log } from '../../../lib/contracts/channels/log.ts';
import { outbox, type PublishedType } from '../../../lib/contracts/channels/outbox.ts';
import { fifoTopic } from '../../../lib/contracts/channels/topic.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import type { AwsService } from '../../../lib/runtime/aws/calls/call.ts';
import { type Write, WriteRefused } from '../../../lib/runtime/inbox/inbox.ts';
import { lambda } from '../../../lib/runtime/invocation/runtime.ts';
import { type ClaimedEnvelope, openBody } from '../../../lib/runtime/messages/body.ts';
import { entriesOf } from '../../../lib/runtime/messages/entries.ts';
import { occurred, outboxWriter, SequenceConflict, type Transaction } from '../../../lib/runtime/outbox/outbox.ts';
import { InvalidKey, MessageTooLarge } from '../../../lib/runtime/publishing/publish.ts';
import { TicketClosed, TicketOpened, ticketTopic, workQueue } from '../../contracts/sample-declarations.ts';
import { dynamodb } from '../clients.ts';
import { createBusinessTable, createOutboxTable, itemsOf, useLocalServices } from '../local-services.ts';

const OUTBOX = 'outbox';
const BUSINESS = 'business';
const NOW = new Date('2026-11-20T08:00:00Z');
// The topic takes 256 KiB and the queue 1 MiB: the smaller one decides.
const box = outbox('ticket-outbox', { publishes: [workQueue, ticketTopic] });

useLocalServices();

type Told = PublishedType<typeof box>;
let transact: ReturnType<typeof outboxWriter<typeof box>>;
let counter = 0;
let aggregate: string;

beforeAll(async () => {
  await createOutboxTable(OUTBOX);
  await createBusinessTable(BUSINESS);
  process.env.SLUICE_OUTBOX_TABLE = OUTBOX;
  transact = outboxWriter(box, { ...lambda, now: () => NOW.getTime() });
});

beforeEach(() => {
  counter += 1;
  aggregate = `T-${counter}`;
});

const data = (text = '') => ({ ticket: aggregate, text });
const open = (text = '') => occurred(TicketOpened, data(text));
const close = () => occurred(TicketClosed, data());
const putOnce = (): Write => ({
  Put: { TableName: BUSINESS, Item: { pk: aggregate }, ConditionExpression: 'attribute_not_exists(pk)' },
});

const commit = (more: Partial<Transaction<Told>>) => transact({ aggregate, after: 0, writes: [], events: [], ...more });

const rows = async () =>
  (await itemsOf(OUTBOX))
    .filter(({ aggregateId, sequence }) => aggregateId === aggregate && Number(sequence) > 0)
    .sort((a, b) => Number(a.sequence) - Number(b.sequence));
const business = async () => (await itemsOf(BUSINESS)).filter(({ pk }) => pk === aggregate);

describe('transact', () => {
  it('takes no event that no channel lists, and writes nothing then', async () => {
    const Moved = event('tickets.ticket-moved', { version: 1, data: v.object({}), key: () => 'T-1' });
    // @ts-expect-error: neither queue nor topic lists it
    const moving = commit({ writes: [putOnce()], events: [open(), occurred(Moved, {})] });
    await expect(moving).rejects.toThrow(RangeError);
    await expect(moving).rejects.toThrow(
      "event 'tickets.ticket-moved' would go nowhere: no channel of outbox 'ticket-outbox' lists it (queue 'work': tickets.ticket-opened, tickets.ticket-closed; topic 'ticket-topic': tickets.ticket-opened, tickets.ticket-closed)",
    );
    expect([await rows(), await business()]).toEqual([[], []]);
  });

  it('commits business items and one row per event, in sequence', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const events = [open(), close()];
    const told = await commit({ writes: [putOnce()], events, traceparent, correlationId: 'request-1' });
    expect(told).toMatchObject([
      {
        id: `ticket-outbox/${aggregate}/1`,
        type: TicketOpened.type,
        sequence: '0000000001',
        correlationid: 'request-1',
      },
      {
        id: `ticket-outbox/${aggregate}/2`,
        type: TicketClosed.type,
        sequence: '0000000002',
        source: '/sluice/ticket-outbox',
      },
    ]);
    for (const event of told) expect(event.traceparent).toContain('a'.repeat(32));
    expect(await business()).toHaveLength(1);
    expect(await rows()).toEqual(
      told.map((event, i) => ({
        aggregateId: aggregate,
        sequence: i + 1,
        body: JSON.stringify(event),
        createdAt: NOW.toISOString(),
        unpublished: expect.stringMatching(/^[0-7]$/),
      })),
    );
  });

  it('goes on after the newest event', async () => {
    await commit({ events: [open()] });
    expect(await commit({ after: 1, events: [close()] })).toMatchObject([{ sequence: '0000000002' }]);
    await expect(commit({ after: Number.NaN, events: [close()] })).rejects.toThrow(
      `aggregate '${aggregate}': after must be the sequence of its newest event, a whole number from 0 (given NaN)`,
    );
    expect((await rows()).map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it('lets one of two writers have the sequence', async () => {
    const results = await Promise.allSettled([commit({ events: [open('one')] }), commit({ events: [open('two')] })]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await rows()).toHaveLength(1);
  });

  it('refuses a sequence that is taken, and writes nothing', async () => {
    await commit({ events: [open()] });
    const late = commit({ writes: [putOnce()], events: [close()] });
    await expect(late).rejects.toThrow(SequenceConflict);
    await expect(late).rejects.toThrow(
      `aggregate '${aggregate}' already has an event with sequence 1: its newest is 1, and the transaction says after: 0. `,
    );
    expect(await business()).toEqual([]);
    expect(await rows()).toHaveLength(1);
  });

  it('refuses when a business condition does not hold, names the write, and tells nothing', async () => {
    await commit({ writes: [putOnce()], events: [open()] });
    const other: Write = { Put: { TableName: BUSINESS, Item: { pk: `${aggregate}-other` } } };
    const refused = commit({ after: 1, writes: [other, putOnce()], events: [close()] });
    await expect(refused).rejects.toThrow(WriteRefused);
    await expect(refused).rejects.toMatchObject({ refused: [1] });
    expect(await rows()).toHaveLength(1);
  });

  it('refuses an event that is too large for one of its channels, with nothing written', async () => {
    const large = commit({ writes: [putOnce()], events: [open(), open('x'.repeat(262_144))] });
    await expect(large).rejects.toThrow(MessageTooLarge);
    await expect(large).rejects.toThrow("topic 'ticket-topic' takes 262144");
    expect(await business()).toEqual([]);
    expect(await rows()).toEqual([]);
  });

  it.each([
    ['no name', { aggregate: '' }, "aggregate '' must have 1 to 80 characters (given 0)"],
    ['too long a name', { aggregate: 'x'.repeat(81) }, 'must have 1 to 80 characters (given 81)'],
    [
      'more items than a transaction takes',
      { writes: Array.from({ length: 60 }, putOnce), events: Array.from({ length: 41 }, () => open()) },
      "60 writes and 41 events do not fit one transaction of 100 items, of which the aggregate's head takes one",
    ],
  ])('refuses %s', async (_, transaction, message) => {
    await expect(commit(transaction)).rejects.toThrow(
      new RangeError(message.startsWith('must') ? `aggregate '${'x'.repeat(81)}' ${message}` : message),
    );
  });

  it('spreads aggregates over the buckets of the index', async () => {
    await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        transact({ aggregate: `spread-${i}`, after: 0, writes: [], events: [open()] }),
      ),
    );
    const items = (await itemsOf(OUTBOX)).filter(({ sequence }) => sequence !== 0);
    const buckets = new Set(items.map(({ unpublished }) => unpublished));
    expect([...buckets].sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  });
});

describe('the sequence of an aggregate', () => {
  const put = (Item: object) =>
    dynamodb().send(new PutCommand({ TableName: OUTBOX, Item: { aggregateId: aggregate, ...Item } }));
  const remove = (sequence: number) =>
    dynamodb().send(new DeleteCommand({ TableName: OUTBOX, Key: { aggregateId: aggregate, sequence } }));
  const row = (sequence: number) => put({ sequence, body: '{}', createdAt: NOW.toISOString() });
  const refused = async (after: number, newest: number) => {
    const before = await rows();
    const transaction = commit({ after, writes: [putOnce()], events: [close()] });
    await expect(transaction).rejects.toThrow(SequenceConflict);
    await expect(transaction).rejects.toMatchObject({ newest });
    await expect(transaction).rejects.toThrow(`its newest is ${newest}, and the transaction says after: ${after}`);
    expect(await business()).toEqual([]);
    expect(await rows()).toEqual(before);
  };

  it('is checked when the rows have expired: an id that is used again goes on, or is refused', async () => {
    await commit({ events: [open(), close(), open()] });
    for (const sequence of [1, 2, 3]) await remove(sequence);
    await refused(0, 3);
    await refused(1, 3);
    expect(await commit({ after: 3, events: [open()] })).toMatchObject([{ sequence: '0000000004' }]);
  });

  it('is checked against a caller who is wrong, behind the newest or before it', async () => {
    await commit({ events: [open(), open(), open(), open()] });
    for (const after of [1, 3, 5, 10]) await refused(after, 4);
    expect(await commit({ after: 4, events: [close()] })).toHaveLength(1);
  });

  it('is 0 before the first event', async () => {
    await refused(10, 0);
    expect(await commit({ events: [open()] })).toHaveLength(1);
  });

  it('goes on where a version without heads stopped', async () => {
    await row(1);
    await row(2);
    await refused(0, 2);
    await refused(1, 2);
    await refused(3, 2);
    expect(await commit({ after: 2, events: [close()] })).toMatchObject([{ sequence: '0000000003' }]);
    await refused(2, 3);
    expect(await commit({ after: 3, events: [close()] })).toHaveLength(1);
  });

  it('is told by the cursor of such a version when all its rows have expired', async () => {
    await put({ sequence: 0, published: 7 });
    for (const after of [0, 3, 8]) await refused(after, 7);
    expect(await commit({ after: 7, events: [open()] })).toMatchObject([{ sequence: '0000000008' }]);
  });

  it('goes on when such a version wrote beside this one', async () => {
    await commit({ events: [open()] });
    await row(2);
    await refused(1, 2).catch(() => undefined);
    expect(await commit({ after: 2, events: [close()] })).toMatchObject([{ sequence: '0000000003' }]);
    await refused(1, 3);
  });

  it('is not moved by a transaction whose answer was lost and that is tried again with its token', async () => {
    let lost = 0;
    const tokens = new Set<unknown>();
    const retrying = {
      ...lambda,
      aws: async (service: AwsService, operation: string, input: object) => {
        const answer = await lambda.aws(service, operation, input);
        if (operation !== 'TransactWriteItems') return answer;
        tokens.add((input as { ClientRequestToken?: string }).ClientRequestToken);
        lost += 1;
        return lambda.aws(service, operation, input); // What http.ts does when it got no answer.
      },
    };
    await outboxWriter(box, retrying)({ aggregate, after: 0, writes: [putOnce()], events: [open()] });
    expect([lost, tokens.size]).toEqual([1, 1]);
    expect(await rows()).toHaveLength(1);
    expect(await commit({ after: 1, events: [close()] })).toHaveLength(1);
  });

  it('does not matter to a transaction without events', async () => {
    expect(await commit({ after: 9, writes: [putOnce()] })).toEqual([]);
    expect(await business()).toHaveLength(1);
  });
});

describe('an event that no row can hold', () => {
  const BUCKET = 'outbox-claims';
  const claiming = fifoTopic('claiming-topic', {
    events: [TicketOpened, TicketClosed],
    oversized: 'claim-check',
    groupBy: ({ data: { ticket } }) => `group-${ticket}`,
  });
  const claimingLog = log('claiming-log', { events: [TicketOpened], oversized: 'claim-check' });
  const claimingBox = outbox('claiming-outbox', { publishes: [claiming, claimingLog] });

  beforeAll(async () => {
    process.env.SLUICE_CLAIMS_BUCKET = BUCKET;
    await fetch(`${process.env.AWS_ENDPOINT_URL}/${BUCKET}`, { method: 'PUT' });
  });

  const stored = async () => {
    const answer = await fetch(`${process.env.AWS_ENDPOINT_URL}/${BUCKET}?list-type=2`);
    return [...(await answer.text()).matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key]) => key);
  };

  it('leaves its data in the bucket and the reference in the row, and is published under its own group', async () => {
    const write = outboxWriter(claimingBox, lambda);
    const text = 'x'.repeat(5_000_000);
    const [told] = await write({ aggregate, after: 0, writes: [], events: [open(text)] });
    expect(told?.data).toEqual(data(text));
    const [row] = await rows();
    const reference: ClaimedEnvelope = JSON.parse(String(row?.body));
    const { data: _, ...header } = told ?? {};
    expect(reference).toEqual({
      ...header,
      claimCheck: {
        bucket: BUCKET,
        key: expect.stringMatching(/^claims\/[0-9a-f]{64}$/),
        bytes: Buffer.byteLength(JSON.stringify(data(text))),
        sha256: expect.any(String),
        keys: { 'claiming-topic': `group-${aggregate}` },
      },
    });
    expect(await stored()).toEqual([reference.claimCheck.key]);
    const [entry] = entriesOf(claiming, [reference], { bucket: () => BUCKET, deduplicationId: ({ id }) => id });
    expect(entry).toMatchObject({ group: `group-${aggregate}`, key: `group-${aggregate}`, claims: [] });
    expect(JSON.parse(await openBody(String(entry?.body), lambda))).toEqual(told);
  });

  it('leaves a row that fits to the relay: the log gets it whole', async () => {
    await outboxWriter(claimingBox, lambda)({ aggregate, after: 0, writes: [], events: [open('x'.repeat(300_000))] });
    const [row] = await rows();
    expect(JSON.parse(String(row?.body)).data.text).toHaveLength(300_000);
  });

  it('is refused when one of its channels takes no claims, with nothing written', async () => {
    const mixed = outbox('mixed-outbox', { publishes: [claiming, workQueue] });
    const write = outboxWriter(
      mixed,
      lambda,
    )({ aggregate, after: 0, writes: [putOnce()], events: [open('x'.repeat(500_000))] });
    await expect(write).rejects.toThrow(MessageTooLarge);
    await expect(write).rejects.toThrow(
      "a row of outbox 'mixed-outbox' takes 408576. Make the event smaller, or declare oversized: 'claim-check' on its channels.",
    );
    expect(await business()).toEqual([]);
  });

  it('commits nothing when the bucket cannot be written', async () => {
    const broken = {
      ...lambda,
      aws: (service: AwsService, operation: string, input: object) =>
        service === 's3' ? Promise.reject(new Error('no bucket')) : lambda.aws(service, operation, input),
    };
    const write = outboxWriter(
      claimingBox,
      broken,
    )({ aggregate, after: 0, writes: [putOnce()], events: [open('x'.repeat(500_000))] });
    await expect(write).rejects.toThrow('no bucket');
    expect(await business()).toEqual([]);
    expect(await rows()).toEqual([]);
  });

  it('is not committed under a key that a channel would refuse', async () => {
    const odd = fifoTopic('odd', { events: [TicketOpened], groupBy: () => 'two words' });
    const write = outboxWriter(
      outbox('odd-outbox', { publishes: [odd] }),
      lambda,
    )({ aggregate, after: 0, writes: [putOnce()], events: [open()] });
    await expect(write).rejects.toThrow(InvalidKey);
    expect(await business()).toEqual([]);
  });

  it('asks for the bucket while the function initialises', () => {
    expect(() =>
      outboxWriter(claimingBox, { ...lambda, env: (name) => (name === 'SLUICE_OUTBOX_TABLE' ? OUTBOX : undefined) }),
    ).toThrow('SLUICE_CLAIMS_BUCKET is not set');
  });
});
