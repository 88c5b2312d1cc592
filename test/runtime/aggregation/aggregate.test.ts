import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Envelope } from '../../../lib/contracts/events/envelope.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { aggregate } from '../../../lib/runtime/aggregation/aggregate.ts';
import type { Write } from '../../../lib/runtime/inbox/inbox.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { opened, ticketLog } from '../../contracts/sample-declarations.ts';

import { kinesisEvent, type LogEntry, lambdaContext } from '../lambda-events.ts';
import {
  createBusinessTable,
  createInboxTable,
  createQueue,
  drain,
  itemsOf,
  useLocalServices,
} from '../local-services.ts';

const INBOX = 'inbox';
const TOTALS = 'totals';
const counting = subscription('counting', { to: ticketLog, guarantee: 'exactly-once-aggregation' });

useLocalServices();

let deadLetters: string;
let counter = 0;
let shard: string;
let lines: Record<string, unknown>[];

beforeAll(async () => {
  await createInboxTable(INBOX);
  await createBusinessTable(TOTALS);
  deadLetters = await createQueue('counting-dead-letters');
  Object.assign(process.env, { SLUICE_INBOX_TABLE: INBOX, SLUICE_DEAD_LETTER_QUEUE_URL: deadLetters });
});

beforeEach(() => {
  // A shard and event ids for each test.
  counter += 1;
  shard = `shardId-${counter}`;
  lines = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(JSON.parse(String(line))) > 0);
});

const add = (count: number): Write => ({
  Update: {
    TableName: TOTALS,
    Key: { pk: shard },
    UpdateExpression: 'ADD seen :count',
    ExpressionAttributeValues: { ':count': count },
  },
});

const count = (
  records: readonly LogEntry[],
  fold: (events: readonly Envelope[]) => Write[] = (events) => [add(events.length)],
  runtime: Runtime = lambda,
) => aggregate(counting, fold, runtime)(kinesisEvent(records, shard), lambdaContext());

const record = (sequenceNumber: number, id = `e-${sequenceNumber}`): LogEntry => ({
  sequenceNumber: String(sequenceNumber),
  body: JSON.stringify(opened('T-1', `${shard}/${id}`)),
});
const broken = (sequenceNumber: number): LogEntry => ({ sequenceNumber: String(sequenceNumber), body: '{' });

const total = async () => (await itemsOf(TOTALS)).find(({ pk }) => pk === shard)?.seen;
const position = async () => {
  const item = (await itemsOf(INBOX)).find(({ pk }) => pk === `counting@${shard}`);
  return item === undefined ? undefined : Number(item.position);
};
const metrics = () => lines.find((line) => '_aws' in line);
const ALL_DONE = { batchItemFailures: [] };

describe('aggregate', () => {
  it('gives up an event nested deeper than anybody can go, at once, and counts those beside it', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const body = String(record(2).body).replace('"text":""', `"text":"","deep":${deep}`);
    expect(await count([record(1), { sequenceNumber: '2', body }, record(3)])).toEqual(ALL_DONE);
    expect(await total()).toBe(2);
    expect(await position()).toBe(3);
    const [letter, ...others] = await drain(deadLetters);
    expect(others).toEqual([]);
    expect(letter?.Body).toBe(body);
    expect(letter?.MessageAttributes?.deadLetter?.StringValue).toMatch(
      /"reason":"not-an-event".*nested deeper than 500/,
    );
  });

  it('commits the result with the position', async () => {
    expect(await count([record(1), record(2), record(3)])).toEqual(ALL_DONE);
    expect(await total()).toBe(3);
    expect(await position()).toBe(3);
    expect(metrics()).toMatchObject({
      subscription: 'counting',
      Received: [3],
      Done: [3],
      Duplicates: [0],
      Rejected: [0],
    });
  });

  it('keeps a record of each event for the deduplication window', async () => {
    const before = Math.floor(Date.now() / 1_000);
    await count([record(1)]);
    const item = (await itemsOf(INBOX)).find(({ pk }) => pk === `counting#${shard}/e-1`);
    expect(item).toMatchObject({ state: 'done', fingerprint: expect.any(String) });
    expect(Number(item?.expiresAt) - before).toBeGreaterThanOrEqual(counting.deduplicationWindow.seconds);
    expect(Number(item?.expiresAt) - before).toBeLessThan(counting.deduplicationWindow.seconds + 60);
  });

  it('logs what it counted, for which shard and request', async () => {
    await count([record(1), broken(2)]);
    await drain(deadLetters);
    const common = { subscription: 'counting', requestId: 'request-1' };
    expect(lines).toContainEqual(
      expect.objectContaining({
        ...common,
        level: 'error',
        message: 'dead-lettered',
        messageId: '2',
        reason: 'broken-json',
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({
        ...common,
        level: 'info',
        message: 'counted',
        shard,
        done: 1,
        duplicates: 0,
        rejected: 1,
      }),
    );
    expect(metrics()?._aws).toMatchObject({
      CloudWatchMetrics: [
        {
          Metrics: ['Received', 'Done', 'Duplicates', 'Rejected', 'Consumed', 'StateFailures'].map((Name) => ({
            Name,
            Unit: 'Count',
          })),
        },
      ],
    });
  });

  it('bears an invocation without records', async () => {
    expect(await count([])).toEqual(ALL_DONE);
    expect(metrics()).toMatchObject({ Received: [0], Done: [0] });
  });

  it('comes again when claimed data cannot be fetched: the event is not to blame', async () => {
    const body = JSON.stringify({ claimCheck: { bucket: 'b', key: 'claims/x', bytes: 1, sha256: 'x' } });
    const down = () => Promise.reject(new Error('S3 is down'));
    const runtime: Runtime = {
      ...lambda,
      env: (name) => (name === 'SLUICE_CLAIMS_BUCKET' ? 'b' : lambda.env(name)),
      aws: (service, ...call) => (service === 's3' ? down() : lambda.aws(service, ...call)),
    };
    await expect(count([{ sequenceNumber: '1', body }], undefined, runtime)).rejects.toThrow('S3 is down');
    expect(await position()).toBe(undefined);
  });

  it('takes a fold whose writes just fit', async () => {
    const fill = (events: readonly Envelope[]): Write[] =>
      Array.from({ length: 99 - events.length }, (_, i) => ({
        Put: { TableName: TOTALS, Item: { pk: `${shard}/${i}` } },
      }));
    expect(await count([record(1), record(2)], fill)).toEqual(ALL_DONE);
    expect(await position()).toBe(2);
  });

  it('changes nothing when a batch is delivered again', async () => {
    await count([record(1), record(2)]);
    lines = [];
    expect(await count([record(1), record(2)])).toEqual(ALL_DONE);
    expect(await total()).toBe(2);
    expect(metrics()).toMatchObject({ Done: [0], Duplicates: [2] });
  });

  it('counts copies among the duplicates', async () => {
    await count([record(1, 'e'), record(2, 'e'), record(3)]);
    expect(metrics()).toMatchObject({ Received: [3], Done: [2], Duplicates: [1] });
  });

  it('counts only what is ahead of the position in a batch cut differently', async () => {
    await count([record(1), record(2)]);
    expect(await count([record(1), record(2), record(3)])).toEqual(ALL_DONE);
    expect(await total()).toBe(3);
  });

  it('compares positions as numbers', async () => {
    await count([record(9)]);
    await count([record(10)]);
    expect(await total()).toBe(2);
    expect(await position()).toBe(10);
  });

  it.each([
    ['in one batch', [[record, record]]],
    ['in two batches', [[record], [record]]],
  ])('counts an event once that was published twice %s', async (_, batches) => {
    let sequence = 0;
    for (const batch of batches) await count(batch.map((make) => make(++sequence, 'the-same')));
    expect(await total()).toBe(1);
    expect(await position()).toBe(2);
  });

  it('folds again without the duplicates when some of a batch were counted before', async () => {
    await count([record(1, 'a'), record(2, 'b')]);
    const folded: number[] = [];
    await count([record(3, 'a'), record(4, 'c'), record(5, 'b')], (events) => {
      folded.push(events.length);
      return [add(events.length)];
    });
    expect(folded).toEqual([3, 1]);
    expect(await total()).toBe(3);
    expect(await position()).toBe(5);
  });

  it('moves on over a batch of duplicates only', async () => {
    await count([record(1, 'a')]);
    expect(await count([record(2, 'a')])).toEqual(ALL_DONE);
    expect(await total()).toBe(1);
    expect(await position()).toBe(2);
  });

  it('sends what cannot be read to the dead letters and counts the rest', async () => {
    expect(await count([record(1), broken(2), record(3), broken(4)])).toEqual(ALL_DONE);
    expect(await total()).toBe(2);
    expect(await position()).toBe(4);
    const letters = await drain(deadLetters);
    expect(letters.map(({ Body }) => Body)).toEqual(['{', '{']);
    expect(JSON.parse(letters[0]?.MessageAttributes?.deadLetter?.StringValue ?? '')).toMatchObject({
      reason: 'broken-json',
      consumer: 'counting',
      attempts: 1,
    });
    expect(metrics()).toMatchObject({ Done: [2], Rejected: [2] });
  });

  it('moves on over a batch that nobody can read', async () => {
    expect(await count([broken(1)])).toEqual(ALL_DONE);
    expect(await position()).toBe(1);
    await drain(deadLetters);
  });

  it('cuts a large batch into transactions', async () => {
    const records = Array.from({ length: 130 }, (_, i) => record(i + 1));
    const oneWriteEach = (events: readonly { id: string }[]): Write[] =>
      events.map(({ id }) => ({ Put: { TableName: TOTALS, Item: { pk: id } } }));
    expect(await count(records, oneWriteEach)).toEqual(ALL_DONE);
    expect((await itemsOf(TOTALS)).filter(({ pk }) => String(pk).startsWith(`${shard}/`))).toHaveLength(130);
    expect(await position()).toBe(130);
  });

  it('reports the batch when another invocation has moved the position meanwhile', async () => {
    const answer = await count([record(1), record(2)]);
    expect(answer).toEqual(ALL_DONE);
    // The position is read before the other invocation moves it on.
    let reads = 0;
    const slow: Runtime = {
      ...lambda,
      async aws(service, operation, input) {
        const answer = await lambda.aws(service, operation, input);
        if (reads++ === 0) await count([record(3), record(4)]);
        return answer;
      },
    };
    expect(await count([record(3), record(4)], undefined, slow)).toEqual({
      batchItemFailures: [{ itemIdentifier: '3' }],
    });
    expect(await total()).toBe(4);
  });

  it('measures what it committed before a later part of the batch failed', async () => {
    const records = Array.from({ length: 50 }, (_, i) => record(i + 1, i === 1 ? 'e-1' : undefined));
    let transactions = 0;
    const failing: Runtime = {
      ...lambda,
      async aws(service, operation, input) {
        if (operation === 'TransactWriteItems' && ++transactions > 1) throw new Error('no more today');
        return lambda.aws(service, operation, input);
      },
    };
    await expect(count(records, undefined, failing)).rejects.toThrow('no more today');
    const counted = lines.findLast((line) => '_aws' in line);
    expect(counted).toMatchObject({ Received: [50], Done: [44], Duplicates: [1], Consumed: [45] });
  });

  it('begins nothing more when the time is nearly up: what is committed stays, the rest comes again', async () => {
    const records = Array.from({ length: 100 }, (_, i) => record(i + 1));
    const run = (remaining: number) =>
      aggregate(counting, (events) => [add(events.length)])(
        kinesisEvent(records, shard),
        lambdaContext(() => remaining),
      );
    expect(await run(2_000)).toEqual({ batchItemFailures: [{ itemIdentifier: '46' }] });
    expect(await total()).toBe(45);
    expect(metrics()).toMatchObject({ Received: [100], Done: [45], Consumed: [45] });
    expect(await run(2_000)).toEqual({ batchItemFailures: [{ itemIdentifier: '91' }] });
    expect(await run(30_000)).toEqual(ALL_DONE);
    expect(await total()).toBe(100);
  });

  const large = (id: string, bytes: number): Write => ({
    Put: { TableName: TOTALS, Item: { pk: id, text: 'x'.repeat(bytes) } },
  });
  it.each([
    [
      'more writes than a transaction takes',
      (events: readonly Envelope[]) => events.flatMap(({ id }) => [large(id, 1), large(`${id}+`, 1)]),
    ],
    [
      'more bytes than a transaction takes',
      (events: readonly Envelope[]) => events.map(({ id }) => large(id, 300_000)),
    ],
  ])('cuts a part smaller whose fold makes %s', async (_, fold) => {
    const records = [...Array.from({ length: 40 }, (__, i) => record(i + 1)), broken(41)];
    expect(await count(records, (events) => [...fold(events)])).toEqual(ALL_DONE);
    const kept = (await itemsOf(TOTALS)).filter(
      ({ pk }) => String(pk).startsWith(`${shard}/`) && !String(pk).endsWith('+'),
    );
    expect(kept).toHaveLength(40);
    expect(await position()).toBe(41);
    expect(metrics()).toMatchObject({ Done: [40], Rejected: [1], StateFailures: [0] });
    expect(await drain(deadLetters)).toHaveLength(1);
  });

  it('cuts what is too large together, also when only DynamoDB knows how large items become', async () => {
    const text = 'x'.repeat(60_000);
    const grow = (events: readonly Envelope[]): Write[] =>
      events.map(({ id }) => ({
        Update: {
          TableName: TOTALS,
          Key: { pk: id },
          UpdateExpression: 'SET #a = :text, #b = :text',
          ExpressionAttributeNames: { '#a': 'a', '#b': 'b' },
          ExpressionAttributeValues: { ':text': text },
        },
      }));
    const sizes: number[] = [];
    const runtime: Runtime = {
      ...lambda,
      aws: (service, operation, input, time) => {
        if (operation === 'TransactWriteItems')
          sizes.push((input as { TransactItems: unknown[] }).TransactItems.length);
        return lambda.aws(service, operation, input, time);
      },
    };
    const records = Array.from({ length: 45 }, (_, i) => record(i + 1));
    expect(await count(records, grow, runtime)).toEqual(ALL_DONE);
    expect(await position()).toBe(45);
    expect((await itemsOf(TOTALS)).filter(({ pk }) => String(pk).startsWith(`${shard}/`))).toHaveLength(45);
    // The position, and two of each event.
    expect(sizes).toEqual([91, 47, 45]);
    expect(metrics()).toMatchObject({ Done: [45], StateFailures: [0] });
  });

  it('says so when the writes of one event do not fit', async () => {
    const tooMany = count([record(1), record(2)], (events) =>
      events.flatMap(() => Array.from({ length: 99 }, (_, i) => large(`${shard}/${i}`, 1))),
    );
    await expect(tooMany).rejects.toThrow(
      new RangeError(
        "'counting' folded 1 events into 99 writes; at most one write per event fits a transaction of 100 items",
      ),
    );
    expect(await position()).toBe(undefined);
  });

  it.each(['SLUICE_INBOX_TABLE', 'SLUICE_DEAD_LETTER_QUEUE_URL'])('does not start without %s', (variable) => {
    vi.stubEnv(variable, '');
    expect(() => aggregate(counting, () => [])).toThrow(`environment variable ${variable} is not set`);
  });
});
