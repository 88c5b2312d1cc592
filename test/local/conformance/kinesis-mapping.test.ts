import { MergeShardsCommand, RegisterStreamConsumerCommand, SplitShardCommand } from '@aws-sdk/client-kinesis';
import {
  CreateEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  InvokeCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { mapping, queue } from '../engine/support.ts';
import { conformanceApp, type StreamConsumer, until } from './app.ts';
import { conforms } from './conforms.ts';
import { active, HIGH_HASH, LOW_HASH, MIDDLE_HASH, put, shardsOf } from './kinesis-client.ts';
import { receive, send, take } from './sqs-client.ts';

const app = conformanceApp();
const kinesis = () => app.clients.kinesis;
const PARTIAL = { FunctionResponseTypes: ['ReportBatchItemFailures'] };
/** Replaced by the consumer's own queue for failed batches. */
const DESTINATION = { DestinationConfig: true };
const MIB = 1024 * 1024;
const GATHER = { MaximumBatchingWindowInSeconds: 1 };
/** Reports the records whose text is in a list. */
const REPORT = (texts: string) =>
  `return { batchItemFailures: event.Records.filter((record, index) => ${texts}.includes(data[index])).map(({ kinesis }) => ({ itemIdentifier: kinesis.sequenceNumber })) };`;

async function change(consumer: StreamConsumer, Enabled: boolean): Promise<void> {
  await app.clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID: consumer.mappingId, Enabled }));
  const wanted = Enabled ? 'Enabled' : 'Disabled';
  await until(`the mapping to be ${wanted}`, async () => {
    const { State } = await app.clients.lambda.send(new GetEventSourceMappingCommand({ UUID: consumer.mappingId }));
    return State === wanted;
  });
}
const seenAll = (consumer: StreamConsumer, count: number) =>
  until(`${count} records`, () => consumer.seen().flat().length >= count && consumer.seen());
async function failed(consumer: StreamConsumer) {
  const [message] = await take(app.clients.sqs, consumer.failedUrl, 1);
  return JSON.parse(message?.Body ?? '');
}

const plain = app.streamConsumer('see(event);');
conforms('Kinesis → Lambda: a record has the documented members', { source: 'recorded' }, async () => {
  await put(kinesis(), plain.streamName, ['hello'], { key: 'k1' });
  const event = await until('the event', () => plain.seen()[0]);
  expect(event).toEqual({
    Records: [
      {
        kinesis: {
          kinesisSchemaVersion: '1.0',
          partitionKey: 'k1',
          sequenceNumber: expect.stringMatching(/^\d{40,60}$/),
          data: Buffer.from('hello').toString('base64'),
          approximateArrivalTimestamp: expect.any(Number),
        },
        eventSource: 'aws:kinesis',
        eventVersion: '1.0',
        eventID: expect.stringMatching(/^shardId-000000000000:\d+$/),
        eventName: 'aws:kinesis:record',
        invokeIdentityArn: expect.stringMatching(/^arn:aws:iam::000000000000:role\//),
        awsRegion: 'us-east-1',
        eventSourceARN: plain.streamArn,
      },
    ],
  });
});

const ordered = app.streamConsumer(
  'see([[...new Set(event.Records.map(({ eventID }) => eventID.split(":")[0]))].length, data]);',
  { stream: { ShardCount: 3 }, mapping: { BatchSize: 10 } },
);
conforms(
  'Kinesis → Lambda: order is kept per partition key, a batch never spans shards and never passes BatchSize',
  { source: 'lambda-kinesis' },
  async () => {
    const texts = Array.from({ length: 90 }, (_, index) => `${index % 6}:${index}`);
    const key = (text: string) => `key${text.split(':')[0]}`;
    await put(kinesis(), ordered.streamName, texts, { key });
    const batches = await until('all records', () => {
      const seen = ordered.seen() as [number, string[]][];
      return seen.flatMap(([, data]) => data).length === 90 && seen;
    });
    for (const [shards, data] of batches) {
      expect(shards).toBe(1);
      expect(data.length).toBeLessThanOrEqual(10);
    }
    const received = batches.flatMap(([, data]) => data);
    for (let lane = 0; lane < 6; lane++) {
      const own = (text: string) => text.startsWith(`${lane}:`);
      expect(received.filter(own)).toEqual(texts.filter(own));
    }
  },
);

const hundred = app.streamConsumer('see(data);', { mapping: { Enabled: false } });
conforms('Kinesis → Lambda: a batch has at most 100 records by default', { source: 'lambda-kinesis' }, async () => {
  await put(
    kinesis(),
    hundred.streamName,
    Array.from({ length: 150 }, (_, index) => String(index)),
  );
  await change(hundred, true);
  const batches = await seenAll(hundred, 150);
  expect(batches.map((batch) => (batch as string[]).length)).toEqual([100, 50]);
});

const partial = app.streamConsumer(`see(data); ${REPORT("(data[0] === 'a' ? ['b', 'c'] : [])")}`, {
  mapping: { ...PARTIAL, ...GATHER },
});
conforms(
  'Kinesis → Lambda: the checkpoint moves to the lowest reported record; everything from there is redelivered',
  { source: 'lambda-kinesis-batch' },
  async () => {
    await put(kinesis(), partial.streamName, ['a', 'b', 'c', 'd']);
    expect(await seenAll(partial, 7)).toEqual([
      ['a', 'b', 'c', 'd'],
      ['b', 'c', 'd'],
    ]);
  },
);

const fine = app.streamConsumer(
  "see(data); return { object: {}, null: null, list: { batchItemFailures: [] }, nothing: { batchItemFailures: null }, text: '' }[data[0]];",
  { mapping: { ...PARTIAL, BatchSize: 1, MaximumRetryAttempts: 1 } },
);
conforms(
  'Kinesis → Lambda: the answers {}, null, "", an empty and a null list are success',
  { source: 'recorded' },
  async () => {
    const answers = ['object', 'null', 'list', 'nothing', 'text'];
    await put(kinesis(), fine.streamName, [...answers, 'last']);
    await seenAll(fine, 6);
    expect(fine.seen().flat()).toEqual([...answers, 'last']);
  },
);

const malformed = (entry: string) =>
  app.streamConsumer(`see(data); return data[0] === 'bad' ? { batchItemFailures: [${entry}] } : {};`, {
    mapping: { ...PARTIAL, ...DESTINATION, BatchSize: 2, MaximumRetryAttempts: 1, ...GATHER },
  });
/** Both records are tried twice and given up, though only a malformed entry was reported. */
async function failsWholly(consumer: StreamConsumer): Promise<void> {
  await put(kinesis(), consumer.streamName, ['bad', 'with it']);
  expect(await failed(consumer)).toMatchObject({
    requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
    responseContext: { functionError: null },
    KinesisBatchInfo: { batchSize: 2 },
  });
  expect(consumer.seen()).toEqual([
    ['bad', 'with it'],
    ['bad', 'with it'],
  ]);
}
const unknownId = malformed("{ itemIdentifier: '123' }");
conforms('Kinesis → Lambda: an unknown itemIdentifier fails the whole batch', { source: 'recorded' }, () =>
  failsWholly(unknownId),
);
const emptyId = malformed("{ itemIdentifier: '' }");
conforms('Kinesis → Lambda: an empty itemIdentifier fails the whole batch', { source: 'recorded' }, () =>
  failsWholly(emptyId),
);
const nullId = malformed('{ itemIdentifier: null }');
conforms('Kinesis → Lambda: a null itemIdentifier fails the whole batch', { source: 'recorded' }, () =>
  failsWholly(nullId),
);
const wrongKey = malformed('{ item: event.Records[0].kinesis.sequenceNumber }');
conforms(
  'Kinesis → Lambda: an entry with a wrong key name fails the whole batch',
  { source: 'lambda-kinesis-batch' },
  () => failsWholly(wrongKey),
);

const budget = app.streamConsumer(`see(data); ${REPORT("['b']")}`, {
  mapping: { ...PARTIAL, ...DESTINATION, ...GATHER, BatchSize: 3, MaximumRetryAttempts: 3 },
});
conforms(
  'Kinesis → Lambda: the retry budget starts anew when the checkpoint advances: seen 5 times, approximateInvokeCount 4',
  { source: 'recorded' },
  async () => {
    await put(kinesis(), budget.streamName, ['a', 'b', 'c', 'd']);
    const record = await failed(budget);
    await until('the record after the batch', () => budget.seen().flat().includes('d'));
    expect(budget.seen()).toEqual([['a', 'b', 'c'], ...Array.from({ length: 4 }, () => ['b', 'c']), ['d']]);
    expect(record.requestContext.approximateInvokeCount).toBe(4);
  },
);

const metadata = app.streamConsumer("throw new Error('no');", {
  mapping: { ...DESTINATION, ...GATHER, MaximumRetryAttempts: 0 },
});
conforms(
  'Kinesis → Lambda: a queue gets metadata of a given-up batch, not its records',
  { source: 'lambda-kinesis-failure' },
  async () => {
    await put(kinesis(), metadata.streamName, ['a', 'b']);
    expect(await failed(metadata)).toEqual({
      requestContext: {
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        functionArn: metadata.arn,
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 1,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      KinesisBatchInfo: {
        shardId: 'shardId-000000000000',
        startSequenceNumber: expect.stringMatching(/^\d+$/),
        endSequenceNumber: expect.stringMatching(/^\d+$/),
        approximateArrivalOfFirstRecord: expect.stringMatching(/T[\d:]+\.\d{3}Z$/),
        approximateArrivalOfLastRecord: expect.stringMatching(/T[\d:]+\.\d{3}Z$/),
        batchSize: 2,
        streamArn: metadata.streamArn,
      },
    });
  },
);

const bucket = app.id('Bucket');
app.add({ [bucket]: { Type: 'AWS::S3::Bucket', Properties: {} } });
const toBucket = app.streamConsumer("throw new Error('no');", {
  mapping: {
    DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [bucket, 'Arn'] } } },
    MaximumRetryAttempts: 0,
  },
});
conforms(
  'Kinesis → Lambda: a bucket gets the records of a given-up batch too, under the documented key',
  { source: 'lambda-kinesis-failure' },
  async () => {
    await put(kinesis(), toBucket.streamName, ['lost']);
    const Bucket = app.physical(bucket);
    const Key = await until('the object', async () => {
      const { Contents = [] } = await app.clients.s3.send(new ListObjectsV2Command({ Bucket }));
      return Contents[0]?.Key;
    });
    expect(Key).toMatch(
      new RegExp(
        `^aws/lambda/${toBucket.mappingId}/shardId-000000000000/\\d{4}/\\d\\d/\\d\\d/\\d{4}-\\d\\d-\\d\\dT\\d\\d\\.\\d\\d\\.\\d\\d-[0-9a-f-]{36}$`,
      ),
    );
    const { Body } = await app.clients.s3.send(new GetObjectCommand({ Bucket, Key }));
    const record = JSON.parse((await Body?.transformToString()) ?? '');
    expect(record.KinesisBatchInfo.batchSize).toBe(1);
    expect(JSON.parse(record.payload).Records[0].kinesis.data).toBe(Buffer.from('lost').toString('base64'));
  },
);

const bisecting = app.streamConsumer("if (data.includes('poison')) throw new Error('bad'); see(data);", {
  mapping: { ...DESTINATION, ...GATHER, MaximumRetryAttempts: 1, BisectBatchOnFunctionError: true },
});
conforms(
  'Kinesis → Lambda: with bisect only the poison record is given up; splitting costs no retry',
  { source: 'recorded' },
  async () => {
    await put(kinesis(), bisecting.streamName, ['1', '2', 'poison', '3']);
    expect(await failed(bisecting)).toMatchObject({
      requestContext: { approximateInvokeCount: 2 },
      responseContext: { functionError: 'Unhandled' },
      KinesisBatchInfo: { batchSize: 1 },
    });
    await seenAll(bisecting, 3);
    expect(bisecting.seen().flat()).toEqual(['1', '2', '3']);
  },
);

const bisectingPartly = app.streamConsumer(`see(data); ${REPORT("(data[0] === '1' ? ['3'] : [])")}`, {
  mapping: { ...PARTIAL, ...GATHER, BisectBatchOnFunctionError: true, MaximumRetryAttempts: 2 },
});
conforms(
  'Kinesis → Lambda: with bisect and a partial response the split is at the reported record',
  { source: 'lambda-kinesis-batch' },
  async () => {
    await put(kinesis(), bisectingPartly.streamName, ['1', '2', '3', '4']);
    expect(await seenAll(bisectingPartly, 6)).toEqual([
      ['1', '2', '3', '4'],
      ['3', '4'],
    ]);
  },
);

const release = app.id('Release');
app.add(queue(release));
/** Holds the only place of the function until a message is in a queue. */
const HOLD =
  "if (event.hold) { see('holding'); await aws('sqs', 'AmazonSQS.ReceiveMessage', { QueueUrl: event.hold, WaitTimeSeconds: 20 }); return; }";
const busy = app.streamConsumer(`${HOLD} see(data);`, {
  mapping: { ...DESTINATION, MaximumRetryAttempts: 0 },
  function: { ReservedConcurrentExecutions: 1, Timeout: 30 },
});
conforms('Kinesis → Lambda: throttles do not consume retries', { source: 'recorded' }, async () => {
  const Payload = JSON.stringify({ Records: [], hold: app.physical(release) });
  const holding = app.clients.lambda.send(new InvokeCommand({ FunctionName: busy.name, Payload }));
  await until('the only place to be taken', () => busy.seen().includes('holding'));
  await put(kinesis(), busy.streamName, ['patient']);
  await until('a throttle', async () => {
    const mapping = await app.clients.lambda.send(new GetEventSourceMappingCommand({ UUID: busy.mappingId }));
    return mapping.LastProcessingResult === 'PROBLEM: Function call throttled';
  });
  await send(app.clients.sqs, app.physical(release), 'go on');
  await holding;
  await until('the record', () => busy.seen().flat().includes('patient'));
  expect(await receive(app.clients.sqs, busy.failedUrl)).toEqual([]);
});

const latest = app.streamConsumer('see(data);', { mapping: { StartingPosition: 'LATEST' } });
conforms('Kinesis → Lambda: disabling a mapping remembers its position', { source: 'recorded' }, async () => {
  await put(kinesis(), latest.streamName, ['first']);
  await seenAll(latest, 1);
  await change(latest, false);
  await put(kinesis(), latest.streamName, ['while disabled']);
  await change(latest, true);
  await seenAll(latest, 2);
  expect(latest.seen().flat()).toEqual(['first', 'while disabled']);
});

const positioned = app.streamConsumer('see(data);', { mapping: { Enabled: false } });
const fromNow = app.lambda('see(event.Records.map(({ kinesis }) => Buffer.from(kinesis.data, "base64").toString()));');
const fromTime = app.lambda('see(event.Records.map(({ kinesis }) => Buffer.from(kinesis.data, "base64").toString()));');
const attach = async (FunctionName: string, more: object) => {
  const { UUID } = await app.clients.lambda.send(
    new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn: positioned.streamArn, ...more } as never),
  );
  await until('the mapping to be enabled', async () => {
    const { State } = await app.clients.lambda.send(new GetEventSourceMappingCommand({ UUID }));
    return State === 'Enabled';
  });
};
conforms(
  'Kinesis → Lambda: TRIM_HORIZON starts at the oldest record, LATEST after the newest, AT_TIMESTAMP at a time',
  { source: 'lambda-kinesis' },
  async () => {
    await put(kinesis(), positioned.streamName, ['early']);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const between = new Date();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await put(kinesis(), positioned.streamName, ['middle']);
    await attach(fromNow.name, { StartingPosition: 'LATEST' });
    await attach(fromTime.name, { StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: between });
    await change(positioned, true);
    await put(kinesis(), positioned.streamName, ['late']);
    await until('the last record everywhere', () =>
      [positioned, fromNow, fromTime].every((one) => one.seen().flat().includes('late')),
    );
    expect(positioned.seen().flat()).toEqual(['early', 'middle', 'late']);
    expect(fromTime.seen().flat()).toEqual(['middle', 'late']);
    expect(fromNow.seen().flat()).toEqual(['late']);
  },
);

const blocked = app.streamConsumer("see(data); if (data.includes('stuck')) throw new Error('no');", {
  stream: { ShardCount: 2 },
});
conforms(
  'Kinesis → Lambda: a failing batch blocks its shard without end by default, and only that shard',
  { source: 'lambda-kinesis' },
  async () => {
    await put(kinesis(), blocked.streamName, ['stuck'], { hash: LOW_HASH });
    await until('a second attempt', () => blocked.seen().length >= 2);
    await put(kinesis(), blocked.streamName, ['behind it'], { hash: LOW_HASH });
    await put(kinesis(), blocked.streamName, ['elsewhere'], { hash: HIGH_HASH });
    await until('the other shard', () => blocked.seen().flat().includes('elsewhere'));
    const attempts = () =>
      blocked
        .seen()
        .flat()
        .filter((text) => text === 'stuck').length;
    const before = attempts();
    await until('another attempt', () => attempts() > before);
    expect(blocked.seen().flat()).not.toContain('behind it');
  },
);

const parallel = app.streamConsumer('see([data, "begin"]); await sleep(150); see([data, "end"]);', {
  mapping: { Enabled: false, BatchSize: 1, ParallelizationFactor: 10 },
});
conforms(
  'Kinesis → Lambda: a parallelization factor works on keys of a shard side by side, each key in order',
  { source: 'lambda-kinesis' },
  async () => {
    const texts = Array.from({ length: 16 }, (_, index) => `${index % 8}:${index}`);
    await put(kinesis(), parallel.streamName, texts, { key: (text) => `key-${text.split(':')[0]}` });
    await change(parallel, true);
    const steps = (await until('all records', () => parallel.seen().length >= 32 && parallel.seen())) as [
      [string],
      string,
    ][];
    for (let lane = 0; lane < 8; lane++) {
      const own = steps.filter(([[text]]) => text.startsWith(`${lane}:`)).map(([[text], what]) => `${text} ${what}`);
      const expected = texts.filter((text) => text.startsWith(`${lane}:`));
      expect(own).toEqual(expected.flatMap((text) => [`${text} begin`, `${text} end`]));
    }
    let running = 0;
    const levels = steps.map(([, what]) => (running += what === 'begin' ? 1 : -1));
    expect(Math.max(...levels)).toBeGreaterThan(1);
  },
);

const RESHARDED = { mapping: { Enabled: false, BatchSize: 4 } };
const lanes = (from: number) => Array.from({ length: 12 }, (_, index) => `${index % 3}:${from + index}`);
const laneKey = (text: string) => `key${text.split(':')[0]}`;
async function inLaneOrder(consumer: StreamConsumer, texts: readonly string[]): Promise<void> {
  await seenAll(consumer, texts.length);
  const received = consumer.seen().flat().map(String);
  for (const lane of ['0:', '1:', '2:']) {
    const own = (text: string) => text.startsWith(lane);
    expect(received.filter(own)).toEqual(texts.filter(own));
  }
}

const split = app.streamConsumer('see(data);', RESHARDED);
conforms(
  'Kinesis → Lambda: after a split the parent shard is read to its end before its children',
  { source: 'kinesis-reshard' },
  async () => {
    const StreamName = split.streamName;
    const [before, after] = [lanes(0), lanes(100)];
    await put(kinesis(), StreamName, before, { key: laneKey });
    const [shard] = await shardsOf(kinesis(), StreamName);
    await kinesis().send(
      new SplitShardCommand({ StreamName, ShardToSplit: shard?.ShardId, NewStartingHashKey: MIDDLE_HASH }),
    );
    await active(kinesis(), StreamName);
    await put(kinesis(), StreamName, after, { key: laneKey });
    await change(split, true);
    await inLaneOrder(split, [...before, ...after]);
  },
);

const merged = app.streamConsumer('see(data);', { ...RESHARDED, stream: { ShardCount: 2 } });
conforms(
  'Kinesis → Lambda: after a merge both parent shards are read to their end before their child',
  { source: 'kinesis-reshard' },
  async () => {
    const StreamName = merged.streamName;
    const [before, after] = [lanes(0), lanes(100)];
    await put(kinesis(), StreamName, before, { key: laneKey });
    const [first, second] = await shardsOf(kinesis(), StreamName);
    await kinesis().send(
      new MergeShardsCommand({ StreamName, ShardToMerge: first?.ShardId, AdjacentShardToMerge: second?.ShardId }),
    );
    await active(kinesis(), StreamName);
    await put(kinesis(), StreamName, after, { key: laneKey });
    await change(merged, true);
    await inLaneOrder(merged, [...before, ...after]);
  },
);

const shared = app.streamConsumer('see(data);');
const declared = app.id('FanOut');
const SEE_SOURCE =
  "see(event.Records.map(({ eventSourceARN, kinesis }) => [eventSourceARN, Buffer.from(kinesis.data, 'base64').toString()]));";
const onDeclared = app.lambda(SEE_SOURCE);
const onRegistered = app.lambda(SEE_SOURCE);
app.add({
  [declared]: {
    Type: 'AWS::Kinesis::StreamConsumer',
    Properties: { ConsumerName: 'declared', StreamARN: { 'Fn::GetAtt': [shared.streamId, 'Arn'] } },
  },
  ...mapping(app.id('Feed'), onDeclared.id, declared, { StartingPosition: 'TRIM_HORIZON' }, 'ConsumerARN'),
});
conforms(
  'Kinesis → Lambda: every enhanced fan-out consumer has a position of its own and names itself in eventSourceARN',
  {
    source: 'kinesis-efo',
    faithful: 'partly',
    remark: 'Delivered by polling inside, so without a latency or throughput of its own.',
  },
  async () => {
    await put(kinesis(), shared.streamName, ['one']);
    const { Consumer } = await kinesis().send(
      new RegisterStreamConsumerCommand({ StreamARN: shared.streamArn, ConsumerName: 'registered' }),
    );
    const registered = Consumer?.ConsumerARN ?? '';
    expect(registered).toMatch(/:stream\/[^/]+\/consumer\/registered:\d+$/);
    await app.clients.lambda.send(
      new CreateEventSourceMappingCommand({
        FunctionName: onRegistered.name,
        EventSourceArn: registered,
        StartingPosition: 'TRIM_HORIZON',
      }),
    );
    await put(kinesis(), shared.streamName, ['two']);
    const all = (consumer: { seen(): unknown[] }) =>
      until('both records', () => consumer.seen().flat().length === 2 && consumer.seen().flat());
    expect(await all(shared)).toEqual(['one', 'two']);
    expect(await all(onDeclared)).toEqual(['one', 'two'].map((text) => [app.physical(declared), text]));
    expect(await all(onRegistered)).toEqual(['one', 'two'].map((text) => [registered, text]));
  },
);

const sized = app.streamConsumer('see([data.map((text) => text.length), JSON.stringify(event).length]);', {
  stream: { MaxRecordSizeInKiB: 10_240 },
  mapping: { Enabled: false, BatchSize: 100, ParallelizationFactor: 2 },
});
conforms(
  'Kinesis → Lambda: a batch is closed before its event would grow past 6 MB',
  { source: 'lambda-kinesis' },
  async () => {
    // Base64 makes four thirds of it: two fit into an event, three do not.
    const texts = Array.from({ length: 7 }, () => 'x'.repeat(2 * MIB));
    for (const text of texts) await put(kinesis(), sized.streamName, [text]);
    await change(sized, true);
    const seen = await until('all records', () => sized.seen().length >= 4 && (sized.seen() as [number[], number][]));
    expect(seen.map(([lengths]) => lengths.length)).toEqual([2, 2, 2, 1]);
    for (const [, bytes] of seen) expect(bytes).toBeLessThanOrEqual(6 * MIB);
  },
);

const oversized = app.streamConsumer('see(data);', {
  stream: { MaxRecordSizeInKiB: 10_240 },
  mapping: { Enabled: false, BatchSize: 10, ...DESTINATION },
});
conforms(
  'Kinesis → Lambda: a record that no event can hold goes to the on-failure destination, and what is beside it is delivered',
  {
    source: 'kinesis-large',
    faithful: 'partly',
    remark:
      'What the notice gives as its condition is not documented; here it is RetryAttemptsExhausted, without an invocation.',
  },
  async () => {
    const large = (bytes: number) => put(kinesis(), oversized.streamName, ['x'.repeat(bytes)]);
    await put(kinesis(), oversized.streamName, ['before']);
    await large(5 * MIB);
    await put(kinesis(), oversized.streamName, ['between']);
    await large(10 * MIB - 1);
    await put(kinesis(), oversized.streamName, ['after']);
    await change(oversized, true);
    await until('what is beside them', () => oversized.seen().flat().includes('after'));
    expect(oversized.seen().flat()).toEqual(['before', 'between', 'after']);
    const notices: unknown[] = [];
    await until('both notices', async () => {
      notices.push(...(await receive(app.clients.sqs, oversized.failedUrl)).map(({ Body = '' }) => JSON.parse(Body)));
      return notices.length === 2;
    });
    for (const notice of notices)
      expect(notice).toMatchObject({
        requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 0 },
        KinesisBatchInfo: { batchSize: 1, shardId: 'shardId-000000000000' },
      });
  },
);
