import { expect, test } from 'vitest';
import type { AwsCalls } from '../../../lib/local/call.ts';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { listAt, objectAt, textAt } from '../../../lib/local/json.ts';
import { lambda, mapping, queue, start, takeMessages, until, writeAssembly } from './support.ts';

const DATA = 'event.Records.map((record) => Buffer.from(record.kinesis.data, "base64").toString())';
const FROM_START = { StartingPosition: 'TRIM_HORIZON' };
const DESTINATION = { DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failed', 'Arn'] } } } };

function streamConsumer(code: string, mappingProperties: JsonObject): string {
  return writeAssembly({
    Log: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 2 } },
    ...queue('Failed'),
    ...lambda('Consumer', `exports.handler = async (event) => { const data = ${DATA}; ${code} };`),
    ...mapping('Feed', 'Consumer', 'Log', { ...FROM_START, ...mappingProperties }),
  });
}

async function put(
  calls: AwsCalls,
  StreamName: string,
  records: readonly (readonly [key: string, data: string])[],
): Promise<void> {
  const Records = records.map(([PartitionKey, data]) => ({ PartitionKey, Data: Buffer.from(data).toString('base64') }));
  expect(await calls.json('kinesis', 'PutRecords', { StreamName, Records })).toMatchObject({ FailedRecordCount: 0 });
}

test('records arrive in order per key, as AWS words them', async () => {
  const { calls, physical, seen } = await start(streamConsumer('see(event);', { BatchSize: 10 }));
  const records = Array.from({ length: 60 }, (_, index) => [`key${index % 5}`, `${index}`] as const);
  await put(calls, physical('Log'), records);
  const received = (): Json[] => seen('Consumer').flatMap((event) => listAt(event, 'Records'));
  await until('all records', () => received().length === 60);
  const byKey = Map.groupBy(received(), (record) => textAt(objectAt(record, 'kinesis'), 'partitionKey'));
  for (const [key, list] of byKey) {
    const data = list.map((record) =>
      Buffer.from(textAt(objectAt(record, 'kinesis'), 'data') ?? '', 'base64').toString(),
    );
    expect(data).toEqual(records.filter(([partitionKey]) => partitionKey === key).map(([, text]) => text));
  }
  for (const event of seen('Consumer')) expect(listAt(event, 'Records').length).toBeLessThanOrEqual(10);
  const [record] = received();
  const sequence = textAt(objectAt(record, 'kinesis'), 'sequenceNumber');
  expect(record).toMatchObject({
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventName: 'aws:kinesis:record',
    eventID: expect.stringMatching(new RegExp(`^shardId-\\d{12}:${sequence}$`)),
    eventSourceARN: expect.stringMatching(/^arn:aws:kinesis:us-east-1:000000000000:stream\//),
    kinesis: { kinesisSchemaVersion: '1.0', approximateArrivalTimestamp: expect.any(Number) },
  });
});

test('a reported record is where the shard goes on; its budget starts anew; then the destination hears of it', async () => {
  const code = `see(data); const bad = data.indexOf('b');
    return { batchItemFailures: bad < 0 ? [] : [{ itemIdentifier: event.Records[bad].kinesis.sequenceNumber }] };`;
  const properties = {
    BatchSize: 3,
    MaximumRetryAttempts: 3,
    MaximumBatchingWindowInSeconds: 1,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ...DESTINATION,
  };
  const { calls, physical, seen } = await start(streamConsumer(code, properties));
  await put(calls, physical('Log'), [
    ['k', 'a'],
    ['k', 'b'],
    ['k', 'c'],
    ['k', 'd'],
  ]);
  const [message] = await takeMessages(calls, physical('Failed'), 1);
  await until('the record after the batch', () => seen('Consumer').flat().includes('d'));
  expect(seen('Consumer')).toEqual([['a', 'b', 'c'], ['b', 'c'], ['b', 'c'], ['b', 'c'], ['b', 'c'], ['d']]);
  const failure = JSON.parse(textAt(message, 'Body') ?? '') as JsonObject;
  expect(failure).toMatchObject({
    version: '1.0',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    requestContext: {
      requestId: expect.any(String),
      functionArn: expect.stringContaining(':function:app-Consumer-'),
      condition: 'RetryAttemptsExhausted',
      approximateInvokeCount: 4,
    },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: null },
    KinesisBatchInfo: {
      shardId: expect.stringMatching(/^shardId-/),
      batchSize: 2,
      streamArn: expect.stringContaining(':stream/'),
    },
  });
  expect(failure).not.toHaveProperty('payload');
});

test('a throwing function with bisect loses only the poison record', async () => {
  const code = `if (data.includes('poison')) throw new Error('bad'); see(data);`;
  const { calls, physical, seen } = await start(
    streamConsumer(code, {
      MaximumRetryAttempts: 1,
      BisectBatchOnFunctionError: true,
      MaximumBatchingWindowInSeconds: 1,
      ...DESTINATION,
    }),
  );
  await put(calls, physical('Log'), [
    ['k', '1'],
    ['k', '2'],
    ['k', 'poison'],
    ['k', '3'],
  ]);
  const [message] = await takeMessages(calls, physical('Failed'), 1);
  await until('the good records', () => seen('Consumer').flat().length === 3);
  expect(seen('Consumer').flat()).toEqual(['1', '2', '3']);
  expect(JSON.parse(textAt(message, 'Body') ?? '')).toMatchObject({
    responseContext: { functionError: 'Unhandled' },
    KinesisBatchInfo: { batchSize: 1 },
  });
});

test('LATEST starts where the stream is when the engine is ready; disabling remembers the position', async () => {
  const { calls, physical, seen } = await start(streamConsumer('see(data);', { StartingPosition: 'LATEST' }));
  await put(calls, physical('Log'), [['k', 'first']]);
  await until('the first record', () => seen('Consumer').length === 1);
  const path = `/2015-03-31/event-source-mappings/${physical('Feed')}`;
  const change = async (Enabled: boolean, state: string): Promise<void> => {
    await calls.rest('lambda', 'PUT', path, JSON.stringify({ Enabled }));
    await until(state, async () => (JSON.parse(await calls.rest('lambda', 'GET', path)) as JsonObject).State === state);
  };
  await change(false, 'Disabled');
  await put(calls, physical('Log'), [['k', 'second']]);
  await change(true, 'Enabled');
  await put(calls, physical('Log'), [['k', 'third']]);
  await until('all records', () => seen('Consumer').flat().length === 3);
  expect(seen('Consumer').flat()).toEqual(['first', 'second', 'third']);
});

test('disabled in the middle of its retries, a mapping goes on with the failing record, and repeats nothing before it', async () => {
  const code =
    "see(data); globalThis.calls = (globalThis.calls ?? 0) + 1; if (data[0] === 'b' && calls < 6) throw new Error('not yet');";
  const { calls, physical, seen } = await start(streamConsumer(code, { BatchSize: 1 }));
  for (const data of ['a', 'b', 'c']) await put(calls, physical('Log'), [['k', data]]);
  await until('the first failure', () => seen('Consumer').length === 2);
  const path = `/2015-03-31/event-source-mappings/${physical('Feed')}`;
  await calls.rest('lambda', 'PUT', path, JSON.stringify({ Enabled: false }));
  await calls.rest('lambda', 'PUT', path, JSON.stringify({ Enabled: true }));
  await until('the last record', () => seen('Consumer').flat().includes('c'));
  expect(seen('Consumer').flat()).toEqual(['a', 'b', 'b', 'b', 'b', 'b', 'c']);
});

test('a parallelization factor keeps the order of each key', async () => {
  const { calls, physical, seen } = await start(
    streamConsumer('await sleep(5); see(data);', { BatchSize: 2, ParallelizationFactor: 4 }),
  );
  const records = Array.from({ length: 24 }, (_, index) => [`key${index % 4}`, `${index % 4}:${index}`] as const);
  await put(calls, physical('Log'), records);
  await until('all records', () => seen('Consumer').flat().length === 24);
  for (const lane of ['0:', '1:', '2:', '3:']) {
    const received = seen('Consumer')
      .flat()
      .filter((data) => String(data).startsWith(lane));
    expect(received).toEqual(records.map(([, data]) => data).filter((data) => data.startsWith(lane)));
  }
});

test('after a shard is split its children are read once the parent is done, in order per key', async () => {
  const assembly = writeAssembly({
    Log: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } },
    ...lambda('Consumer', `exports.handler = async (event) => { const data = ${DATA}; await sleep(20); see(data); };`),
    ...mapping('Feed', 'Consumer', 'Log', { ...FROM_START, BatchSize: 2, Enabled: false }),
  });
  const { calls, physical, seen } = await start(assembly);
  const StreamName = physical('Log');
  const batch = (from: number): (readonly [string, string])[] =>
    Array.from({ length: 12 }, (_, index) => [`key${index % 3}`, `${index % 3}:${from + index}`]);
  const [before, after] = [batch(0), batch(100)];
  await put(calls, StreamName, before);
  const [shard] = listAt(await calls.json('kinesis', 'ListShards', { StreamName }), 'Shards');
  const middle = (2n ** 127n).toString();
  await calls.json('kinesis', 'SplitShard', {
    StreamName,
    ShardToSplit: textAt(shard, 'ShardId') ?? '',
    NewStartingHashKey: middle,
  });
  await until('the stream to be active', async () => {
    const summary = await calls.json('kinesis', 'DescribeStreamSummary', { StreamName });
    return textAt(objectAt(summary, 'StreamDescriptionSummary'), 'StreamStatus') === 'ACTIVE';
  });
  await put(calls, StreamName, after);
  // All three shards are there when the mapping begins.
  await calls.rest(
    'lambda',
    'PUT',
    `/2015-03-31/event-source-mappings/${physical('Feed')}`,
    JSON.stringify({ Enabled: true }),
  );
  await until('all records', () => seen('Consumer').flat().length === 24);
  for (const lane of ['0:', '1:', '2:']) {
    const received = seen('Consumer')
      .flat()
      .filter((data) => String(data).startsWith(lane));
    expect(received).toEqual([...before, ...after].map(([, data]) => data).filter((data) => data.startsWith(lane)));
  }
});

test('a table stream feeds its function at once; filters and an on-failure bucket work', async () => {
  const table = {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  };
  const assembly = writeAssembly({
    Table: table,
    Bucket: { Type: 'AWS::S3::Bucket' },
    ...lambda(
      'Relay',
      "exports.handler = async (event) => { see(event.Records); if (event.Records[0].dynamodb.Keys.pk.S === 'bad') throw new Error('no'); };",
    ),
    ...mapping(
      'Feed',
      'Relay',
      'Table',
      {
        StartingPosition: 'LATEST',
        MaximumRetryAttempts: 1,
        FilterCriteria: { Filters: [{ Pattern: JSON.stringify({ eventName: ['INSERT', 'MODIFY'] }) }] },
        DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Bucket', 'Arn'] } } },
      },
      'StreamArn',
    ),
  });
  const { calls, physical, seen } = await start(assembly);
  const TableName = physical('Table');
  const write = (Item: JsonObject): Promise<JsonObject> => calls.json('dynamodb', 'PutItem', { TableName, Item });
  await write({ pk: { S: 'a' }, n: { N: '1' } });
  await until('the insert', () => seen('Relay').length === 1);
  await calls.json('dynamodb', 'DeleteItem', { TableName, Key: { pk: { S: 'a' } } });
  await write({ pk: { S: 'bad' } });
  const keys = await until(
    'the failed batch in the bucket',
    async () => /<Key>([^<]+)<\/Key>/.exec(await calls.rest('s3', 'GET', `/${physical('Bucket')}?list-type=2`))?.[1],
  );
  expect(keys).toMatch(
    new RegExp(
      `^aws/lambda/${physical('Feed')}/shardId-[^/]+/\\d{4}/\\d\\d/\\d\\d/\\d{4}-\\d\\d-\\d\\dT\\d\\d\\.\\d\\d\\.\\d\\d-`,
    ),
  );
  const stored = JSON.parse(await calls.rest('s3', 'GET', `/${physical('Bucket')}/${keys}`)) as JsonObject;
  expect(stored).toMatchObject({
    requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
    DDBStreamBatchInfo: { batchSize: 1, approximateArrivalOfFirstRecord: expect.stringMatching(/T\d\d:\d\d:\d\dZ$/) },
  });
  expect(listAt(JSON.parse(textAt(stored, 'payload') ?? ''), 'Records')).toHaveLength(1);
  expect(
    seen('Relay').map((records) =>
      (Array.isArray(records) ? records : []).map((record) => textAt(record, 'eventName')),
    ),
  ).toEqual([['INSERT'], ['INSERT'], ['INSERT']]);
  expect(seen('Relay')[0]).toMatchObject([
    {
      eventSource: 'aws:dynamodb',
      eventVersion: '1.1',
      awsRegion: 'us-east-1',
      dynamodb: { Keys: { pk: { S: 'a' } }, NewImage: { n: { N: '1' } }, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  ]);
});
