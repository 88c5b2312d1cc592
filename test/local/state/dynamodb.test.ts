import {
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { createTable, getItem, streamsAt } from '../services/dynamodb-harness.ts';
import { failure, type Harness, until } from '../services/harness.ts';
import { leftBehind, startOn, temporaryDirectory } from './support.ts';

const put = ({ clients }: Harness, TableName: string, pk: string, more: Record<string, string> = {}) =>
  clients.dynamodb.send(
    new PutItemCommand({
      TableName,
      Item: { pk: { S: pk }, ...Object.fromEntries(Object.entries(more).map(([name, value]) => [name, { N: value }])) },
    }),
  );
const describeTable = async ({ clients }: Harness, TableName: string) =>
  (await clients.dynamodb.send(new DescribeTableCommand({ TableName }))).Table;

test('tables: items, indexes, tags and settings', async () => {
  const directory = temporaryDirectory();
  const before = await startOn(directory);
  await createTable(before.clients.dynamodb, 'orders', {
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'customer', AttributeType: 'N' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-customer',
        KeySchema: [{ AttributeName: 'customer', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    DeletionProtectionEnabled: true,
    Tags: [{ Key: 'team', Value: 'orders' }],
  });
  await before.clients.dynamodb.send(
    new UpdateContinuousBackupsCommand({
      TableName: 'orders',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    }),
  );
  for (const pk of ['a', 'b', 'c']) await put(before, 'orders', pk, { customer: pk === 'c' ? '2' : '1' });
  await put(before, 'orders', 'b', { customer: '2' });
  await before.clients.dynamodb.send(new DeleteItemCommand({ TableName: 'orders', Key: { pk: { S: 'c' } } }));

  const { clients } = await startOn(leftBehind(directory));
  const { Items } = await clients.dynamodb.send(new ScanCommand({ TableName: 'orders' }));
  expect(Items).toHaveLength(2);
  const byCustomer = await clients.dynamodb.send(
    new QueryCommand({
      TableName: 'orders',
      IndexName: 'by-customer',
      KeyConditionExpression: 'customer = :c',
      ExpressionAttributeValues: { ':c': { N: '2' } },
    }),
  );
  expect(byCustomer.Items).toEqual([{ pk: { S: 'b' }, customer: { N: '2' } }]);
  const { Table } = await clients.dynamodb.send(new DescribeTableCommand({ TableName: 'orders' }));
  expect(Table).toMatchObject({ TableStatus: 'ACTIVE', DeletionProtectionEnabled: true });
  const tags = await clients.dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: Table?.TableArn }));
  expect(tags.Tags).toEqual([{ Key: 'team', Value: 'orders' }]);
  const backups = await clients.dynamodb.send(new DescribeContinuousBackupsCommand({ TableName: 'orders' }));
  expect(backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe(
    'ENABLED',
  );
});

test('a deleted table leaves nothing to one that takes its name', async () => {
  const directory = temporaryDirectory();
  const before = await startOn(directory);
  await createTable(before.clients.dynamodb, 'short');
  await createTable(before.clients.dynamodb, 'shorter');
  await put(before, 'short', 'old');
  await put(before, 'shorter', 'kept');
  await before.clients.dynamodb.send(new DeleteTableCommand({ TableName: 'short' }));

  const { clients } = await startOn(leftBehind(directory));
  expect((await clients.dynamodb.send(new ListTablesCommand({}))).TableNames).toEqual(['shorter']);
  await createTable(clients.dynamodb, 'short');
  expect(await getItem(clients.dynamodb, 'short', 'old')).toBeUndefined();
  expect(await getItem(clients.dynamodb, 'shorter', 'kept')).toBeDefined();
});

test('streams: what is unread, the sequence, what is closed; the request token of a transaction', async () => {
  const directory = temporaryDirectory();
  const before = await startOn(directory);
  const StreamSpecification = { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' as const };
  await createTable(before.clients.dynamodb, 'orders', { StreamSpecification });
  await createTable(before.clients.dynamodb, 'closed', { StreamSpecification });
  const arn = String((await describeTable(before, 'orders'))?.LatestStreamArn);
  const closed = String((await describeTable(before, 'closed'))?.LatestStreamArn);
  await put(before, 'closed', 'x');
  await before.clients.dynamodb.send(
    new UpdateTableCommand({ TableName: 'closed', StreamSpecification: { StreamEnabled: false } }),
  );
  const transaction = new TransactWriteItemsCommand({
    ClientRequestToken: 'once',
    TransactItems: ['a', 'b'].map((pk) => ({
      Put: { TableName: 'orders', Item: { pk: { S: pk } }, ConditionExpression: 'attribute_not_exists(pk)' },
    })),
  });
  await before.clients.dynamodb.send(transaction);
  const seen = await streamsAt(before.services.url).all(arn);

  const after = await startOn(leftBehind(directory));
  const streams = streamsAt(after.services.url);
  expect(await streams.all(arn)).toEqual(seen);
  expect((await streams.describe(closed)).StreamStatus).toBe('DISABLED');
  expect(await streams.all(closed)).toHaveLength(1);
  await after.clients.dynamodb.send(transaction);
  await put(after, 'orders', 'c');
  const last = seen.at(-1)?.dynamodb.SequenceNumber ?? '0';
  const next = await streams.records(
    await streams.iterator(arn, { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: last }),
  );
  expect(next.records.map(({ dynamodb }) => [dynamodb.Keys, dynamodb.SequenceNumber])).toEqual([
    [{ pk: { S: 'c' } }, String(BigInt(last) + 1n)],
  ]);
  const change = new TransactWriteItemsCommand({
    ...transaction.input,
    TransactItems: [{ Delete: { TableName: 'orders', Key: { pk: { S: 'a' } } } }],
  });
  expect((await failure(after.clients.dynamodb.send(change))).name).toBe('IdempotentParameterMismatchException');
});

test('items expire after a restart too', async () => {
  const directory = temporaryDirectory();
  const before = await startOn(directory);
  await createTable(before.clients.dynamodb, 'brief');
  const TimeToLiveSpecification = { Enabled: true, AttributeName: 'until' };
  await before.clients.dynamodb.send(new UpdateTimeToLiveCommand({ TableName: 'brief', TimeToLiveSpecification }));
  const now = Math.floor(Date.now() / 1_000);
  await put(before, 'brief', 'soon', { until: String(now + 1) });
  await put(before, 'brief', 'later', { until: String(now + 1_000) });

  const after = await startOn(leftBehind(directory));
  const { TimeToLiveDescription } = await after.clients.dynamodb.send(
    new DescribeTimeToLiveCommand({ TableName: 'brief' }),
  );
  expect(TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'until' });
  await until('the item to expire', async () =>
    (await getItem(after.clients.dynamodb, 'brief', 'soon')) === undefined ? true : undefined,
  );
  expect(await getItem(after.clients.dynamodb, 'brief', 'later')).toBeDefined();
});
