import { createHash } from 'node:crypto';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MessageAttributes } from '../../../lib/contracts/agreed/dead-letter.ts';
import { tableChanges } from '../../../lib/contracts/channels/table-changes.ts';
import { immediate } from '../../../lib/contracts/declaring/retry.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { consume } from '../../../lib/runtime/consuming/consume.ts';
import { Reject } from '../../../lib/runtime/invocation/outcomes.ts';
import { aggregated } from '../../../lib/runtime/messages/aggregated-record.ts';
import { opened, orderedQueue, ticketLog } from '../../contracts/sample-declarations.ts';
import { type Blob, blobOf, bytesOf } from '../any-bytes.ts';
import { FIFO_QUEUE_ARN, kinesisEvent, lambdaContext } from '../lambda-events.ts';
import { type LetterWorld, letterIn, letterWorld, received } from '../letter-world.ts';
import { memoryInbox } from '../memory-inbox.ts';
import type { Sent } from '../strict-sqs.ts';

/** Each run has so many entries, of which one in eleven is an event and the rest are byte strings: through the four sources, 10,900 of them. */
const PER_RUN = 20;
const RUNS = 150;
const KEYS = ['a', 'b', 'c'] as const;

/** What comes under a key: something that cannot be handled, or an event, which can. */
interface Entry {
  readonly key: (typeof KEYS)[number];
  readonly bad: Blob | undefined;
}

const entriesOf = (size: fc.Arbitrary<number>, count: number): fc.Arbitrary<Entry[]> =>
  fc.array(
    fc.record({
      key: fc.constantFrom(...KEYS),
      bad: fc.option(blobOf(size), { nil: undefined, freq: 10 }),
    }),
    { minLength: count, maxLength: count },
  );
const small = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 20, arbitrary: fc.nat(64) },
  { weight: 3, arbitrary: fc.nat(5_000) },
);
const MIB = 1_048_576;
/** About the limit of SQS, and up to that of a record. */
const large = fc.oneof(fc.integer({ min: 700_000, max: MIB + 100 }), fc.integer({ min: MIB, max: 10 * MIB - 64 }));

const options = { guarantee: 'effectively-once', checkFirst: true, retry: immediate({ attempts: 2 }) } as const;
const logReader = subscription('log-reader', { to: ticketLog, ...options });
const worker = subscription('worker', { to: orderedQueue, ...options });
const shelfReader = subscription('shelf-reader', { to: tableChanges('shelf-changes'), ...options });

type Handler = (event: unknown, context: Context) => Promise<SQSBatchResponse>;

/** What is handed to the handler is handled, unless it says `refuse me`. */
function consumerOf(world: LetterWorld, of: typeof logReader | typeof worker): Handler {
  const handle = async ({ ticket, text }: { ticket: string; text: string }, { event }: { event: { id: string } }) => {
    if (text.startsWith('refuse me')) throw new Reject('refused', `not \uFFFF ${text.slice(0, 2_000)}`);
    world.handled.push(`${ticket}/${event.id}`);
  };
  const handlers = { 'tickets.ticket-opened': handle, 'tickets.ticket-closed': handle };
  return consume(of, handlers as never, { runtime: world.runtime, inbox: memoryInbox(() => 0) }) as Handler;
}

const good = (key: string, i: number): string => JSON.stringify(opened(key, `e-${i}`));

/** Delivers a stream's records from the checkpoint on until nothing is left, as a mapping does. */
async function deliverStream<R>(
  records: readonly R[],
  numberOf: (record: R) => string,
  eventOf: (left: readonly R[]) => object,
  handler: Handler,
): Promise<void> {
  let left = records;
  for (let deliveries = 0; left.length > 0; deliveries += 1) {
    if (deliveries > records.length) throw new Error('the stream stands still');
    const { batchItemFailures } = await handler(eventOf(left), lambdaContext());
    const checkpoint = batchItemFailures[0]?.itemIdentifier;
    left = checkpoint === undefined ? [] : left.slice(left.findIndex((record) => numberOf(record) === checkpoint));
  }
}

interface LogEntry {
  readonly body: Buffer;
  readonly sequenceNumber: string;
  readonly partitionKey: string;
}
const deliverLog = (records: readonly LogEntry[], handler: Handler): Promise<void> =>
  deliverStream(records, ({ sequenceNumber }) => sequenceNumber, kinesisEvent, handler);

interface QueueEntry {
  readonly body: string;
  readonly group: string;
  readonly attributes: MessageAttributes;
}
const RECEIVED = { SentTimestamp: '0', SenderId: 'x', ApproximateFirstReceiveTimestamp: '0' };

/** Delivers the messages of a FIFO queue until all are acknowledged. */
const deliverQueue = (messages: readonly QueueEntry[], handler: Handler): Promise<void> => {
  const records = messages.map(({ body, group, attributes }, i) => ({
    messageId: `m-${i}`,
    receiptHandle: `m-${i}`,
    body,
    attributes: { ...RECEIVED, ApproximateReceiveCount: '1', MessageGroupId: group },
    messageAttributes: attributes,
    eventSource: 'aws:sqs',
    eventSourceARN: FIFO_QUEUE_ARN,
  }));
  const deliver = async (left: typeof records, deliveries = 0): Promise<void> => {
    if (deliveries > records.length) throw new Error('the queue stands still');
    const { batchItemFailures } = await handler({ Records: left }, lambdaContext());
    const again = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    if (again.size > 0)
      return deliver(
        left.filter(({ messageId }) => again.has(messageId)),
        deliveries + 1,
      );
  };
  return deliver(records);
};

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

interface Wanted {
  readonly key: string;
  readonly bytes: Buffer;
  readonly attributes?: MessageAttributes;
}

/** All that was given up is there with its reason, every byte and every attribute, in order per key. */
async function checkLetters(
  world: LetterWorld,
  wanted: readonly Wanted[],
  keyOf: (letter: Sent) => string | undefined,
) {
  const found = await Promise.all(
    world.letters.map(async (letter) => ({
      key: keyOf(letter),
      reason: letterIn(letter).reason,
      ...(await world.open(letter)),
    })),
  );
  const told = (all: readonly (Omit<Wanted, 'key'> & { readonly key: string | undefined })[]) =>
    KEYS.map((key) =>
      all.flatMap((one) => (one.key === key ? [[hashOf(one.bytes), one.bytes.length, one.attributes ?? {}]] : [])),
    );
  expect(told(found)).toEqual(told(wanted));
  for (const { reason } of found)
    expect(['broken-json', 'not-an-event', 'refused', 'wrapped-damaged']).toContain(reason);
}

/** All the others were handled, in order per key. */
function checkHandled(world: LetterWorld, entries: readonly Entry[]): void {
  const expected = entries.flatMap(({ key, bad }, i) => (bad === undefined ? [`${key}/e-${i}`] : []));
  for (const key of KEYS) {
    const ofKey = (all: readonly string[]) => all.filter((one) => one.startsWith(`${key}/`));
    expect(ofKey(world.handled)).toEqual(ofKey(expected));
  }
}

const givenUp = (entries: readonly Entry[], bytes = bytesOf): Wanted[] =>
  entries.flatMap(({ key, bad }) => (bad === undefined ? [] : [{ key, bytes: bytes(bad) }]));

const partitionKeyIn = (letter: Sent): string | undefined => letterIn(letter).record?.partitionKey;

async function throughLog(entries: readonly Entry[]): Promise<void> {
  const world = letterWorld();
  const handler = consumerOf(world, logReader);
  const records = entries.map(({ key, bad }, i) => ({
    body: bad === undefined ? Buffer.from(good(key, i)) : bytesOf(bad),
    sequenceNumber: String(i + 1),
    partitionKey: key,
  }));
  await deliverLog(records, handler);
  checkHandled(world, entries);
  await checkLetters(world, givenUp(entries), partitionKeyIn);
  // Put back as they are, they are given up once more, with the bytes that they had at first.
  const back = world.letters.splice(0).map((letter, i) => ({
    body: Buffer.from(letter.MessageBody),
    sequenceNumber: String(1_000 + i),
    partitionKey: partitionKeyIn(letter) ?? '',
  }));
  await deliverLog(back, handler);
  await checkLetters(world, givenUp(entries), partitionKeyIn);
}

/** One record for each key, as publishers make them. */
async function throughAggregated(entries: readonly Entry[]): Promise<void> {
  const world = letterWorld();
  const records = KEYS.flatMap((key, k) => {
    const own = entries.flatMap((entry, i) =>
      entry.key === key ? [entry.bad === undefined ? Buffer.from(good(key, i)) : bytesOf(entry.bad)] : [],
    );
    return own.length === 0 ? [] : [{ body: aggregated(key, own), sequenceNumber: String(k + 1), partitionKey: key }];
  });
  await deliverLog(records, consumerOf(world, logReader));
  checkHandled(world, entries);
  await checkLetters(world, givenUp(entries), partitionKeyIn);
}

/** Bodies are the text that the bytes make, as far as SQS takes it, and up to ten attributes carry the bytes themselves. */
async function throughQueue(entries: readonly Entry[]): Promise<void> {
  const world = letterWorld();
  const handler = consumerOf(world, worker);
  const textOf = (bad: Blob) =>
    `x${bytesOf(bad).toString('latin1')}`.replaceAll(/[^\t\n\r\x20-\uFFFD]/g, '\n').slice(0, MIB / 2);
  const attributesOf = ({ seed, size }: Blob): MessageAttributes =>
    Object.fromEntries(
      Array.from({ length: seed % 11 }, (_, i) => [
        `a${i}`,
        i % 3 === 0
          ? {
              dataType: 'Binary.raw',
              binaryValue: bytesOf({ kind: 'random', size: Math.min(20_000, size + 1), seed }).toString('base64'),
            }
          : { dataType: i % 3 === 1 ? 'Number.int' : 'String.note', stringValue: String(seed) },
      ]),
    );
  const messages = entries.map(({ key, bad }, i) => ({
    group: key,
    body: bad === undefined ? good(key, i) : textOf(bad),
    attributes: bad === undefined ? {} : attributesOf(bad),
  }));
  await deliverQueue(messages, handler);
  checkHandled(world, entries);
  const wanted = messages.flatMap(({ group, body, attributes }, i) =>
    entries[i]?.bad === undefined ? [] : [{ key: group, bytes: Buffer.from(body), attributes }],
  );
  const groupOf = ({ MessageGroupId }: Sent) => MessageGroupId;
  await checkLetters(world, wanted, groupOf);
  const back = world.letters.splice(0).map((letter) => ({
    body: letter.MessageBody,
    group: groupOf(letter) ?? '',
    attributes: received(letter),
  }));
  await deliverQueue(back, handler);
  await checkLetters(world, wanted, groupOf);
}

async function throughTable(entries: readonly Entry[]): Promise<void> {
  const world = letterWorld();
  const indexOf = (id: string | undefined) => Number(id?.split('-').at(-1));
  const handle = async ({ keys }: { keys: { pk: string } }, { event }: { event: { id: string } }) => {
    const i = indexOf(event.id);
    if (entries[i]?.bad !== undefined) throw new Reject('refused', 'not \uFFFF');
    world.handled.push(`${keys.pk}/e-${i}`);
  };
  const inbox = memoryInbox(() => 0);
  const handler = consume(shelfReader, { 'dynamodb.item-changed': handle } as never, { runtime: world.runtime, inbox });
  const bytesAt = (i: number) => bytesOf(entries[i]?.bad ?? { kind: 'ascii', size: 1, seed: i });
  const records = entries.map(({ key }, i) => {
    const image = { raw: { B: bytesAt(i).toString('base64') }, text: { S: bytesAt(i).toString('utf8') } };
    const dynamodb = { Keys: { pk: { S: key } }, OldImage: image, NewImage: image, SequenceNumber: String(i + 1) };
    return {
      ...{ eventID: `n-${i}`, eventName: 'MODIFY', eventSource: 'aws:dynamodb', dynamodb },
      eventSourceARN: 'arn:aws:dynamodb:us-east-1:000000000000:table/shelf/stream/1',
    };
  });
  await deliverStream(
    records,
    ({ dynamodb }) => dynamodb.SequenceNumber,
    (Records) => ({ Records }),
    handler as Handler,
  );
  checkHandled(world, entries);
  const found = await Promise.all(world.letters.map(async (letter) => ({ letter, ...(await world.open(letter)) })));
  expect(found.map(({ letter }) => indexOf(letterIn(letter).eventId)).toSorted((a, b) => a - b)).toEqual(
    entries.flatMap(({ bad }, i) => (bad === undefined ? [] : [i])),
  );
  for (const { letter, body } of found) {
    const { data, id } = JSON.parse(body);
    const bytes = bytesAt(indexOf(id));
    expect(hashOf(Buffer.from(data.after.raw, 'base64'))).toBe(hashOf(bytes));
    expect(data.before.text === bytes.toString('utf8')).toBe(true);
    expect(letterIn(letter)).toMatchObject({ reason: 'refused', record: { sequenceNumber: String(indexOf(id) + 1) } });
  }
}

const holds = (
  through: (entries: readonly Entry[]) => Promise<void>,
  size: fc.Arbitrary<number>,
  count: number,
  numRuns: number,
) => fc.assert(fc.asyncProperty(entriesOf(size, count), through), { numRuns });

describe('whatever comes by a', () => {
  const sources = [
    ['log', throughLog],
    ['log, aggregated', throughAggregated],
    ['queue', throughQueue],
    ["table's stream", throughTable],
  ] as const;

  it.each(sources)(
    '%s and cannot be handled is in the dead letters, and its neighbours are handled',
    async (_, through) => {
      await holds(through, small, PER_RUN, RUNS);
    },
  );

  it.each(sources.slice(0, 3))('%s, however large', async (_, through) => {
    await holds(through, large, 2, 8);
  });

  it("table's stream, as large as items are", async () => {
    await holds(throughTable, fc.integer({ min: 100_000, max: 160_000 }), 3, 8);
  });
});
