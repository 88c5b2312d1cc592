import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isFailureDestination, sendTo } from '../../../lib/local/mappings/configuration/destination.ts';
import { BATCH_LIMIT_BYTES, createBatcher } from '../../../lib/local/mappings/delivery/batcher.ts';
import { backoff, createBell, insist, pause } from '../../../lib/local/mappings/delivery/pause.ts';
import { toQueueRecord } from '../../../lib/local/mappings/queues/sqs-event.ts';
import { dynamodbSource } from '../../../lib/local/mappings/streams/dynamodb-source.ts';
import { kinesisSource, streamNameOf } from '../../../lib/local/mappings/streams/kinesis-source.ts';
import { failureRecord } from '../../../lib/local/mappings/streams/stream-failure.ts';
import {
  isTooLarge,
  openWindow,
  runsByWindow,
  stateIn,
  windowAt,
  windowMembers,
} from '../../../lib/local/mappings/streams/tumbling-window.ts';
import { ACCOUNT, CONSUMER, DEFINITION, noting, QUEUE, STREAM, TABLE_STREAM } from './support.ts';

afterEach(() => void vi.useRealTimers());

describe('a batcher', () => {
  it('keeps all in order, in batches that are neither too long nor too heavy, and closes none before it must', () => {
    const sizes = fc.array(
      fc.array(fc.constantFrom(1, 1_000, BATCH_LIMIT_BYTES / 3, BATCH_LIMIT_BYTES, BATCH_LIMIT_BYTES + 1), {
        maxLength: 8,
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.boolean(), sizes, (size, waits, polls) => {
        const batcher = createBatcher<number>({ size, windowMs: waits ? 100 : 0 }, (bytes) => bytes);
        const out: number[][] = [];
        for (const [now, poll] of polls.entries()) {
          const closed = batcher.add(poll, now);
          const waiting = batcher.waiting;
          if (!waits) expect(waiting).toBe(0);
          expect(batcher.dueAt === undefined).toBe(waiting === 0);
          // A batch is closed because it is full, because the next would be too much, or because nothing waits.
          for (const [i, batch] of closed.entries()) {
            const next = closed[i + 1]?.[0] ?? (waiting > 0 ? poll.at(-waiting) : undefined);
            const sum = batch.reduce((all, bytes) => all + bytes, 0);
            expect(batch.length === size || !waits || sum + (next ?? 0) > BATCH_LIMIT_BYTES).toBe(true);
            if (next !== undefined) expect(batch.length === size || sum + next > BATCH_LIMIT_BYTES).toBe(true);
          }
          out.push(...closed);
        }
        const rest = batcher.flush();
        expect([batcher.waiting, batcher.dueAt, batcher.flush()]).toEqual([0, undefined, []]);
        expect([...out, rest].flat()).toEqual(polls.flat());
        for (const batch of [...out, rest]) {
          expect(batch.length).toBeLessThanOrEqual(size);
          if (batch.length > 1)
            expect(batch.reduce((all, bytes) => all + bytes, 0)).toBeLessThanOrEqual(BATCH_LIMIT_BYTES);
        }
      }),
    );
  });

  it('is due by its first record, and later anew', () => {
    const batcher = createBatcher<number>({ size: 3, windowMs: 100 }, () => 1);
    batcher.add([1], 10);
    batcher.add([2], 90);
    expect(batcher.dueAt).toBe(110);
    expect(batcher.add([3, 4], 105)).toEqual([[1, 2, 3]]);
    expect([batcher.dueAt, batcher.waiting]).toEqual([205, 1]);
    expect(BATCH_LIMIT_BYTES + '{"Records":[]}'.length).toBe(6 * 1_024 * 1_024);
  });
});

describe('pauses', () => {
  it('double up to the cap', () => {
    expect([1, 2, 3, 5, 6, 100].map((attempt) => backoff(attempt, 50, 1_000))).toEqual([
      50, 100, 200, 800, 1_000, 1_000,
    ]);
  });

  it('insist six times, waiting longer each time, unless it is told to stop', async () => {
    vi.useFakeTimers();
    const at: number[] = [];
    const fails = () => {
      at.push(Date.now());
      return Promise.reject(new Error(`no ${at.length}`));
    };
    const all = insist(fails, new AbortController().signal).catch((error: Error) => error.message);
    await vi.runAllTimersAsync();
    expect(await all).toBe('no 6');
    expect(at.slice(1).map((time, i) => time - (at[i] ?? 0))).toEqual([50, 100, 200, 400, 800]);
    at.length = 0;
    await expect(insist(fails, AbortSignal.abort())).rejects.toThrow('no 1');
    let tries = 0;
    const third = insist(
      async () => (++tries < 3 ? Promise.reject(new Error('no')) : tries),
      new AbortController().signal,
    );
    await vi.runAllTimersAsync();
    expect(await third).toBe(3);
  });

  it('end early, and a ring is remembered for one wait when nobody waits', async () => {
    vi.useFakeTimers();
    const order: string[] = [];
    const note = (name: string, done: Promise<void>) =>
      void done.then(() => order.push(`${name} ${Date.now() - began}`));
    const began = Date.now();
    const stop = new AbortController();
    note('stopped', pause(1_000, stop.signal));
    note('whole', pause(300, new AbortController().signal));
    note('at once', pause(1_000, AbortSignal.abort()));
    const bell = createBell();
    bell.ring();
    note('rung before', bell.wait(1_000));
    note('rings', bell.wait(1_000));
    note('rings too', bell.wait(1_000));
    await vi.advanceTimersByTimeAsync(100);
    stop.abort();
    bell.ring();
    await vi.advanceTimersByTimeAsync(100);
    note('not rung', bell.wait(50));
    await vi.runAllTimersAsync();
    expect(order.toSorted()).toEqual(
      [
        'at once 0',
        'rung before 0',
        'stopped 100',
        'rings 100',
        'rings too 100',
        'not rung 250',
        'whole 300',
      ].toSorted(),
    );
  });
});

describe('what could not be handled goes to', () => {
  const TOPIC = 'arn:aws:sns:r:a:topic';
  it.each([
    [QUEUE, true],
    [`${QUEUE}.fifo`, false],
    [TOPIC, true],
    [`${TOPIC}.fifo`, false],
    ['arn:aws:s3:::bucket', true],
    [DEFINITION.arn, false],
    ['nowhere', false],
  ])('%s, a mapping: %s', (arn, may) => expect(isFailureDestination(arn)).toBe(may));

  const attributes = { reason: 'odd', count: 3 };
  const String_ = { DataType: 'String', StringValue: 'odd' };
  const Number_ = { DataType: 'Number', StringValue: '3' };
  const url = (name: string) => `http://127.0.0.1/${ACCOUNT}/${name}`;
  const ID = expect.stringMatching(/^[\da-f-]{36}$/);
  const entry = 'MessageAttributes.entry';
  it.each<[string, Parameters<typeof sendTo>[1], unknown[]]>([
    [QUEUE, { body: 'b' }, ['sqs', 'SendMessage', { QueueUrl: url('work'), MessageBody: 'b' }]],
    [
      QUEUE,
      { body: 'b', attributes, groupId: 'G' },
      [
        'sqs',
        'SendMessage',
        { QueueUrl: url('work'), MessageBody: 'b', MessageAttributes: { reason: String_, count: Number_ } },
      ],
    ],
    [
      `${QUEUE}.fifo`,
      { body: 'b' },
      [
        'sqs',
        'SendMessage',
        { QueueUrl: url('work.fifo'), MessageBody: 'b', MessageGroupId: 'default', MessageDeduplicationId: ID },
      ],
    ],
    [
      `${QUEUE}.fifo`,
      { body: 'b', groupId: 'G', byContent: true },
      ['sqs', 'SendMessage', { QueueUrl: url('work.fifo'), MessageBody: 'b', MessageGroupId: 'G' }],
    ],
    [TOPIC, { body: 'b' }, ['sns', 'Publish', '2010-03-31', { TopicArn: TOPIC, Message: 'b' }]],
    [
      `${TOPIC}.fifo`,
      { body: 'b', attributes, groupId: 'G' },
      [
        'sns',
        'Publish',
        '2010-03-31',
        {
          ...{ TopicArn: `${TOPIC}.fifo`, Message: 'b', MessageGroupId: 'G', MessageDeduplicationId: ID },
          ...{
            [`${entry}.1.Name`]: 'reason',
            [`${entry}.1.Value.DataType`]: 'String',
            [`${entry}.1.Value.StringValue`]: 'odd',
          },
          ...{
            [`${entry}.2.Name`]: 'count',
            [`${entry}.2.Value.DataType`]: 'Number',
            [`${entry}.2.Value.StringValue`]: '3',
          },
        },
      ],
    ],
    [
      DEFINITION.arn,
      { body: 'b' },
      [
        'lambda',
        'POST',
        `/2015-03-31/functions/${encodeURIComponent(DEFINITION.arn)}/invocations`,
        'b',
        { 'x-amz-invocation-type': 'Event' },
      ],
    ],
    [
      'arn:aws:s3:::bucket',
      { body: 'b', key: 'a b/c' },
      ['s3', 'PUT', '/bucket/a%20b/c', 'b', { 'content-type': 'application/json' }],
    ],
  ])('%s: %o', async (arn, message, call) => {
    const { context, asked } = noting();
    await sendTo(arn, message, context);
    expect(asked).toEqual([call]);
    await expect(sendTo('arn:aws:ses:r:a:x', message, context)).rejects.toThrow('arn:aws:ses:r:a:x is no destination');
  });

  it('with what was lost; a bucket gets the records, too', () => {
    const records = [1, 2].map((n) => ({
      sequenceNumber: `${n}`,
      orderingKey: 'K',
      arrivedAt: n * 1_500,
      bytes: 1,
      event: { n },
    }));
    const config = { uuid: 'U', functionArn: 'F', eventSourceArn: STREAM, onFailureArn: QUEUE };
    const now = Date.parse('2026-03-04T05:06:07.089Z');
    const discard = {
      condition: 'RetryAttemptsExhausted',
      records,
      requestId: 'R',
      approximateInvokeCount: 3,
      response: { functionError: 'Unhandled' },
    } as const;
    const tell = (
      more: object,
      source: object = { infoName: 'KinesisBatchInfo', secondsOnly: false },
      of: object = {},
    ) =>
      failureRecord({ ...discard, ...of } as never, {
        config: { ...config, ...more } as never,
        shardId: 'S',
        source: source as never,
        now,
      });
    const { body, key } = tell({});
    const info = {
      ...{ shardId: 'S', startSequenceNumber: '1', endSequenceNumber: '2', batchSize: 2, streamArn: STREAM },
      ...{
        approximateArrivalOfFirstRecord: '1970-01-01T00:00:01.500Z',
        approximateArrivalOfLastRecord: '1970-01-01T00:00:03.000Z',
      },
    };
    const told = {
      requestContext: {
        requestId: 'R',
        functionArn: 'F',
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 3,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      ...{ version: '1.0', timestamp: '2026-03-04T05:06:07.089Z', KinesisBatchInfo: info },
    };
    expect(JSON.parse(body)).toEqual(told);
    expect(key).toMatch(/^aws\/lambda\/U\/S\/2026\/03\/04\/2026-03-04T05\.06\.07-[\da-f-]{36}$/);
    const bucket = JSON.parse(tell({ onFailureArn: 'arn:aws:s3:::b' }).body);
    expect(JSON.parse(bucket.payload)).toEqual({ Records: [{ n: 1 }, { n: 2 }] });
    const table = JSON.parse(
      tell({}, { infoName: 'DDBStreamBatchInfo', secondsOnly: true }, { response: undefined, requestId: '' }).body,
    );
    expect(table.DDBStreamBatchInfo.approximateArrivalOfFirstRecord).toBe('1970-01-01T00:00:01Z');
    expect([table.responseContext, table.requestContext.requestId]).toEqual([undefined, ID]);
  });
});

describe('a log', () => {
  it('is asked for all its shards, for iterators by position, and for records', async () => {
    const shards = [
      { ShardId: 'a' },
      { ShardId: 'b', ParentShardId: 'a' },
      { ShardId: 'c', ParentShardId: 'a', AdjacentParentShardId: 'b' },
    ];
    const { context, asked } = noting((call, body) =>
      call === 'kinesis ListShards'
        ? body.NextToken === undefined
          ? { Shards: shards.slice(0, 2), NextToken: 'more' }
          : { Shards: shards.slice(2) }
        : call === 'kinesis GetShardIterator'
          ? { ShardIterator: 'it' }
          : {
              Records:
                body.ShardIterator === 'none'
                  ? []
                  : [{ SequenceNumber: '7', PartitionKey: 'K', Data: 'YQ==', ApproximateArrivalTimestamp: 1.001 }],
              MillisBehindLatest: body.ShardIterator === 'none' ? 5 : 0,
              NextShardIterator: 'next',
            },
    );
    const source = kinesisSource(CONSUMER, context);
    expect([
      streamNameOf(STREAM),
      streamNameOf(CONSUMER),
      source.infoName,
      source.lastingIterators,
      source.secondsOnly,
    ]).toEqual(['log', 'log', 'KinesisBatchInfo', false, false]);
    expect(await source.listShards()).toEqual([
      { shardId: 'a', parents: [] },
      { shardId: 'b', parents: ['a'] },
      { shardId: 'c', parents: ['a', 'b'] },
    ]);
    for (const position of [
      { kind: 'AFTER', sequenceNumber: '3' },
      { kind: 'AT_TIMESTAMP', timestampMs: 1_500 },
      { kind: 'LATEST' },
      { kind: 'TRIM_HORIZON' },
    ] as const)
      expect(await source.iterator('a', position)).toBe('it');
    const event = {
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: 'K',
        sequenceNumber: '7',
        data: 'YQ==',
        approximateArrivalTimestamp: 1.001,
      },
      ...{
        eventSource: 'aws:kinesis',
        eventVersion: '1.0',
        eventID: 'a:7',
        eventName: 'aws:kinesis:record',
        awsRegion: 'eu-west-1',
      },
      ...{ invokeIdentityArn: `arn:aws:iam::${ACCOUNT}:role/lambda-role`, eventSourceARN: CONSUMER },
    };
    const record = {
      sequenceNumber: '7',
      orderingKey: 'K',
      arrivedAt: 1_001,
      bytes: JSON.stringify(event).length + 1,
      event,
    };
    expect(await source.read('a', 'it', 20_000)).toEqual({ records: [record], next: 'next', behind: true });
    expect(await source.read('a', 'none', 7)).toEqual({ records: [], next: 'next', behind: true });
    expect(source.decoded?.textOf(event)).toBe('a');
    const iterator = { StreamName: 'log', ShardId: 'a' };
    expect(asked).toEqual([
      ['kinesis', 'ListShards', { StreamName: 'log' }],
      ['kinesis', 'ListShards', { NextToken: 'more' }],
      [
        'kinesis',
        'GetShardIterator',
        { ...iterator, ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: '3' },
      ],
      ['kinesis', 'GetShardIterator', { ...iterator, ShardIteratorType: 'AT_TIMESTAMP', Timestamp: 1.5 }],
      ['kinesis', 'GetShardIterator', { ...iterator, ShardIteratorType: 'LATEST' }],
      ['kinesis', 'GetShardIterator', { ...iterator, ShardIteratorType: 'TRIM_HORIZON' }],
      ['kinesis', 'GetRecords', { StreamARN: STREAM, ShardIterator: 'it', Limit: 10_000 }],
      ['kinesis', 'GetRecords', { StreamARN: STREAM, ShardIterator: 'none', Limit: 7 }],
    ]);
  });

  it('of a table is asked in the same way', async () => {
    const change = { SequenceNumber: '7', Keys: { pk: { S: 'K' } }, ApproximateCreationDateTime: 2 };
    const { context, asked } = noting((call) =>
      call === 'streams DescribeStream'
        ? { StreamDescription: { Shards: [{ ShardId: 'a' }, { ShardId: 'b', ParentShardId: 'a' }] } }
        : call === 'streams GetShardIterator'
          ? { ShardIterator: 'it' }
          : { Records: [{ eventID: 'e', dynamodb: change }] },
    );
    const stopped: number[] = [];
    const source = dynamodbSource(TABLE_STREAM, { ...context, onStreamAppend: () => () => void stopped.push(1) });
    expect(await source.listShards()).toEqual([
      { shardId: 'a', parents: [] },
      { shardId: 'b', parents: ['a'] },
    ]);
    for (const position of [
      { kind: 'AFTER', sequenceNumber: '3' },
      { kind: 'LATEST' },
      { kind: 'TRIM_HORIZON' },
    ] as const)
      await source.iterator('a', position);
    expect(await source.read('a', 'it', 5_000)).toEqual({
      records: [
        {
          sequenceNumber: '7',
          orderingKey: '{"pk":{"S":"K"}}',
          arrivedAt: 2_000,
          bytes: JSON.stringify(change).length + 512,
          event: { eventID: 'e', dynamodb: change, eventSourceARN: TABLE_STREAM },
        },
      ],
      ...{ next: undefined, behind: true },
    });
    source.close();
    expect(stopped).toEqual([1]);
    const iterator = { StreamArn: TABLE_STREAM, ShardId: 'a' };
    expect(asked.slice(1)).toEqual([
      ['streams', 'GetShardIterator', { ...iterator, ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: '3' }],
      ['streams', 'GetShardIterator', { ...iterator, ShardIteratorType: 'LATEST' }],
      ['streams', 'GetShardIterator', { ...iterator, ShardIteratorType: 'TRIM_HORIZON' }],
      ['streams', 'GetRecords', { ShardIterator: 'it', Limit: 1_000 }],
    ]);
    expect([source.infoName, source.lastingIterators, source.secondsOnly, source.decoded]).toEqual([
      'DDBStreamBatchInfo',
      true,
      true,
      undefined,
    ]);
  });
});

it('a message of a queue is a record with everything as the function sees it', () => {
  const lists = { stringListValues: [], binaryListValues: [] };
  const made = toQueueRecord(
    {
      ...{ Body: 'é', MessageId: 'm', ReceiptHandle: 'r', MD5OfBody: 'd', MD5OfMessageAttributes: 'a' },
      Attributes: { ApproximateReceiveCount: 2, SenderId: 's' },
      MessageAttributes: {
        t: { DataType: 'Number', StringValue: '1' },
        b: { DataType: 'Binary', BinaryValue: 'AA==' },
      },
    },
    ...([QUEUE, 'eu-west-1'] as const),
  );
  expect(made).toEqual({
    ...{ messageId: 'm', receiptHandle: 'r', bytes: 2 + 1_024 },
    record: {
      ...{ messageId: 'm', receiptHandle: 'r', body: 'é', attributes: { ApproximateReceiveCount: '2', SenderId: 's' } },
      messageAttributes: {
        t: { stringValue: '1', ...lists, dataType: 'Number' },
        b: { binaryValue: 'AA==', ...lists, dataType: 'Binary' },
      },
      ...{
        md5OfBody: 'd',
        md5OfMessageAttributes: 'a',
        eventSource: 'aws:sqs',
        eventSourceARN: QUEUE,
        awsRegion: 'eu-west-1',
      },
    },
  });
  expect(toQueueRecord({}, QUEUE, 'r').record).not.toHaveProperty('md5OfMessageAttributes');
});

it('windows are of their length, by arrival, and none goes back', () => {
  expect([0, 9_999, 10_000].map((ms) => windowAt(ms, 10).start)).toEqual([0, 0, 10_000]);
  const runs = (times: readonly number[], from?: number) =>
    runsByWindow(times, (ms) => ms, 10, from).map(({ span, records }) => [span.start, span.end, records]);
  expect(runs([1, 9_999, 10_000, 5, 30_000])).toEqual([
    [0, 10_000, [1, 9_999]],
    [10_000, 20_000, [10_000, 5]],
    [30_000, 40_000, [30_000]],
  ]);
  expect(runs([1], 20_000)).toEqual([[20_000, 30_000, [1]]]);
  const window = { ...openWindow({ start: 0, end: 10_000 }), state: { n: 1 } };
  const of = { shardId: 'S', eventSourceARN: STREAM };
  expect(openWindow(window)).toEqual({ start: 0, end: 10_000, state: {}, touched: false });
  for (const [ending, final, early] of [
    ['no', false, false],
    ['final', true, false],
    ['early', true, true],
  ] as const)
    expect(windowMembers(window, of, ending)).toEqual({
      ...{ window: { start: '1970-01-01T00:00:00Z', end: '1970-01-01T00:00:10Z' }, state: { n: 1 }, ...of },
      ...{ isFinalInvokeForWindow: final, isWindowTerminatedEarly: early },
    });
  expect(['', 'null', '{}', '{"state":null}', '{"state":{"n":2}}'].map(stateIn)).toEqual(
    [undefined, undefined, undefined, null, { n: 2 }].map((state) => state ?? undefined),
  );
  expect([2 ** 20 - 2, 2 ** 20 - 1].map((length) => isTooLarge('x'.repeat(length)))).toEqual([false, true]);
});
