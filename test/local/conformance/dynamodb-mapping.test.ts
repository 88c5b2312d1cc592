import {
  type AttributeValue,
  DeleteItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { expect } from 'vitest';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { listAt, objectAt, textAt } from '../../../lib/local/json.ts';
import { mapping, queue } from '../engine/support.ts';
import { conformanceApp, type DeployedFunction, onFailure, until } from './app.ts';
import { conforms } from './conforms.ts';
import { take } from './sqs-client.ts';

const app = conformanceApp({ ttlSweepMs: 100 });
const db = () => app.clients.dynamodb;
type Item = Record<string, AttributeValue>;
interface Consumer extends DeployedFunction {
  readonly tableName: string;
  readonly streamArn: string;
  readonly failedUrl: string;
}

/** A table whose stream feeds a function. */
function tableConsumer(
  code: string,
  {
    view = 'NEW_AND_OLD_IMAGES',
    mapping: settings = {},
    table = {},
  }: { view?: string; mapping?: JsonObject; table?: JsonObject } = {},
): Consumer {
  const [items, failed, feed] = [app.id('Items'), app.id('Failed'), app.id('Feed')];
  const target = app.lambda(code);
  const destination: JsonObject = settings.DestinationConfig === true ? { DestinationConfig: onFailure(failed) } : {};
  app.add({
    [items]: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        StreamSpecification: { StreamViewType: view },
        ...table,
      },
    },
    ...queue(failed),
    ...mapping(feed, target.id, items, { StartingPosition: 'TRIM_HORIZON', ...settings, ...destination }, 'StreamArn'),
  });
  return Object.defineProperties(target, {
    tableName: { get: () => app.physical(items) },
    streamArn: { get: () => app.attribute(items, 'StreamArn') },
    failedUrl: { get: () => app.physical(failed) },
  }) as Consumer;
}
const key = (pk: string): Item => ({ pk: { S: pk } });
const put = (TableName: string, pk: string, more: Item = {}) =>
  db().send(new PutItemCommand({ TableName, Item: { ...key(pk), ...more } }));
const remove = (TableName: string, pk: string) => db().send(new DeleteItemCommand({ TableName, Key: key(pk) }));
const SEE = 'see(event.Records);';
const records = (consumer: Consumer, count: number) =>
  until(`${count} records`, () => {
    const seen = consumer.seen().flat() as JsonObject[];
    return seen.length >= count && seen;
  });

const plain = tableConsumer(SEE);
conforms('DynamoDB → Lambda: a record has the documented members', { source: 'recorded' }, async () => {
  await put(plain.tableName, 'a', { n: { N: '1' } });
  const [record] = await records(plain, 1);
  expect(record).toEqual({
    eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
    eventName: 'INSERT',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    dynamodb: {
      ApproximateCreationDateTime: expect.any(Number),
      Keys: key('a'),
      NewImage: { ...key('a'), n: { N: '1' } },
      SequenceNumber: expect.stringMatching(/^\d{21,40}$/),
      SizeBytes: expect.any(Number),
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
    eventSourceARN: plain.streamArn,
  });
});

const changes = tableConsumer(
  'see(event.Records.map(({ eventName, dynamodb }) => [eventName, dynamodb.OldImage?.n?.N, dynamodb.NewImage?.n?.N]));',
);
conforms(
  'DynamoDB → Lambda: INSERT, MODIFY and REMOVE in the order of the item; a write that changes nothing is no record',
  { source: 'dynamodb-streams' },
  async () => {
    const n = (value: number): Item => ({ n: { N: String(value) } });
    await put(changes.tableName, 'a', n(1));
    await put(changes.tableName, 'a', n(1));
    await put(changes.tableName, 'a', n(2));
    await db().send(
      new UpdateItemCommand({
        TableName: changes.tableName,
        Key: key('a'),
        UpdateExpression: 'ADD n :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      }),
    );
    await remove(changes.tableName, 'a');
    await remove(changes.tableName, 'a');
    await put(changes.tableName, 'end');
    await until('the last record', () => changes.seen().flat().length >= 5);
    expect(changes.seen().flat()).toEqual([
      ['INSERT', null, '1'],
      ['MODIFY', '1', '2'],
      ['MODIFY', '2', '3'],
      ['REMOVE', '3', null],
      ['INSERT', null, null],
    ]);
  },
);

const IMAGES =
  'see(event.Records.map(({ dynamodb }) => [dynamodb.StreamViewType, "OldImage" in dynamodb, "NewImage" in dynamodb]));';
const views = ['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES'].map((view) =>
  tableConsumer(IMAGES, { view }),
);
conforms(
  'DynamoDB → Lambda: the view type says which images a record has',
  { source: 'dynamodb-streams' },
  async () => {
    for (const { tableName } of views) {
      await put(tableName, 'a', { n: { N: '1' } });
      await put(tableName, 'a', { n: { N: '2' } });
    }
    const seen: Json[] = [];
    for (const view of views) {
      await until('both records', () => view.seen().flat().length === 2);
      seen.push(...view.seen().flat().slice(1));
    }
    expect(seen).toEqual([
      ['KEYS_ONLY', false, false],
      ['NEW_IMAGE', false, true],
      ['OLD_IMAGE', true, false],
      ['NEW_AND_OLD_IMAGES', true, true],
    ]);
  },
);

const transacted = tableConsumer('see(event.Records.map(({ dynamodb }) => dynamodb.Keys.pk.S));');
conforms(
  'DynamoDB → Lambda: a transaction leaves a record for each item, a cancelled one none',
  { source: 'dynamodb-streams' },
  async () => {
    const { tableName } = transacted;
    const write = (pks: readonly string[], ConditionExpression?: string) =>
      db().send(
        new TransactWriteItemsCommand({
          TransactItems: pks.map((pk) => ({ Put: { TableName: tableName, Item: key(pk), ConditionExpression } })),
        }),
      );
    await write(['a', 'b']);
    await write(['c', 'a'], 'attribute_not_exists(pk)').catch(() => undefined);
    await write(['d']);
    await until('the last record', () => transacted.seen().flat().includes('d'));
    expect(transacted.seen().flat()).toEqual(['a', 'b', 'd']);
  },
);

const expiring = tableConsumer(SEE, { table: { TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true } } });
conforms(
  'DynamoDB → Lambda: a removal by expiry names the service that did it',
  { source: 'dynamodb-ttl' },
  async () => {
    await put(expiring.tableName, 'a', { ttl: { N: String(Math.floor(Date.now() / 1000) - 10) } });
    const [, removal] = await records(expiring, 2);
    expect(removal).toMatchObject({
      eventName: 'REMOVE',
      userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
    });
  },
);

const SEE_KEYS = 'see(event.Records.map(({ dynamodb }) => dynamodb.Keys.pk.S));';
const filtered = tableConsumer(SEE_KEYS, {
  mapping: {
    FilterCriteria: {
      Filters: [
        { Pattern: JSON.stringify({ eventName: ['INSERT'], dynamodb: { NewImage: { kind: { S: ['wanted'] } } } }) },
      ],
    },
  },
});
conforms(
  'DynamoDB → Lambda: a filter asks with the type of the attribute',
  { source: 'lambda-filtering' },
  async () => {
    const wanted: Item = { kind: { S: 'wanted' } };
    await put(filtered.tableName, 'other', { kind: { S: 'other' } });
    await put(filtered.tableName, 'first', wanted);
    await put(filtered.tableName, 'first', { ...wanted, again: { BOOL: true } });
    await put(filtered.tableName, 'second', wanted);
    await until('the last record', () => filtered.seen().flat().includes('second'));
    expect(filtered.seen().flat()).toEqual(['first', 'second']);
  },
);
const numeric = tableConsumer(SEE_KEYS, {
  mapping: {
    FilterCriteria: {
      Filters: [
        { Pattern: JSON.stringify({ dynamodb: { NewImage: { n: { N: [{ numeric: ['>', 0] }] } } } }) },
        { Pattern: JSON.stringify({ dynamodb: { Keys: { pk: { S: ['end'] } } } }) },
      ],
    },
  },
});
conforms(
  'DynamoDB → Lambda: a numeric filter never matches a number, which is text in the record',
  { source: 'lambda-filtering' },
  async () => {
    await put(numeric.tableName, 'number', { n: { N: '5' } });
    await put(numeric.tableName, 'end');
    await until('the last record', () => numeric.seen().flat().includes('end'));
    expect(numeric.seen().flat()).toEqual(['end']);
  },
);

const partial = tableConsumer(
  `const keys = event.Records.map(({ dynamodb }) => dynamodb.Keys.pk.S); see(keys);
   return { batchItemFailures: event.Records.filter((record, index) => keys[index] === 'bad').map(({ dynamodb }) => ({ itemIdentifier: dynamodb.SequenceNumber })) };`,
  {
    mapping: {
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumBatchingWindowInSeconds: 1,
      MaximumRetryAttempts: 1,
      DestinationConfig: true,
    },
  },
);
conforms(
  'DynamoDB → Lambda: partial responses, retries and on-failure destinations as with Kinesis, with times in whole seconds',
  { source: 'recorded' },
  async () => {
    for (const pk of ['good', 'bad', 'behind']) await put(partial.tableName, pk);
    const [message] = await take(app.clients.sqs, partial.failedUrl, 1);
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
      responseContext: { functionError: null },
      DDBStreamBatchInfo: {
        shardId: expect.stringMatching(/^shardId-/),
        approximateArrivalOfFirstRecord: expect.stringMatching(/T\d\d:\d\d:\d\dZ$/),
        streamArn: partial.streamArn,
      },
    });
    const calls = partial.seen() as string[][];
    expect(calls.at(-1)?.[0]).toBe('bad');
    expect(calls.filter(([first]) => first === 'bad').length).toBeGreaterThanOrEqual(2);
    expect(calls.flat().filter((pk) => pk === 'good')).toHaveLength(1);
  },
);

/** The streams API, as an SDK calls it. */
async function streams(operation: string, body: JsonObject): Promise<JsonObject> {
  const response = await fetch(app.engine.url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDBStreams_20120810.${operation}` },
    body: JSON.stringify(body),
  });
  return (await response.json()) as JsonObject;
}
async function readStream(StreamArn: string, ShardIteratorType: string, more: JsonObject = {}) {
  const { StreamDescription } = await streams('DescribeStream', { StreamArn });
  const [shard] = listAt(StreamDescription, 'Shards');
  const ShardId = textAt(shard, 'ShardId') ?? '';
  const { ShardIterator = '' } = await streams('GetShardIterator', { StreamArn, ShardId, ShardIteratorType, ...more });
  return streams('GetRecords', { ShardIterator });
}
const keysIn = (answer: JsonObject) =>
  listAt(answer, 'Records').map((record) =>
    textAt(objectAt(objectAt(objectAt(record, 'dynamodb'), 'Keys'), 'pk'), 'S'),
  );

const readable = tableConsumer('', { mapping: { Enabled: false } });
conforms(
  'DynamoDB Streams: iterators start at the oldest record, after the newest, at a sequence number or after it',
  {
    source: 'dynamodb-streams',
    faithful: 'partly',
    remark: 'A stream has one shard, which never closes while the stream is on.',
  },
  async () => {
    for (const pk of ['1', '2', '3']) await put(readable.tableName, pk);
    const all = await readStream(readable.streamArn, 'TRIM_HORIZON');
    expect(keysIn(all)).toEqual(['1', '2', '3']);
    const SequenceNumber = textAt(objectAt(listAt(all, 'Records')[1], 'dynamodb'), 'SequenceNumber') ?? '';
    const from = async (type: string) => keysIn(await readStream(readable.streamArn, type, { SequenceNumber }));
    expect(await from('AT_SEQUENCE_NUMBER')).toEqual(['2', '3']);
    expect(await from('AFTER_SEQUENCE_NUMBER')).toEqual(['3']);
    expect(keysIn(await readStream(readable.streamArn, 'LATEST'))).toEqual([]);
    const { NextShardIterator = '' } = all;
    await put(readable.tableName, '4');
    expect(keysIn(await streams('GetRecords', { ShardIterator: NextShardIterator }))).toEqual(['4']);
  },
);
