import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateContinuousBackupsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTable, getItem } from './dynamodb-harness.ts';
import { failure, type Harness, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await createTable(harness.clients.dynamodb, 'items');
});
afterAll(() => harness.close());

const put = (pk: string, more: object = {}) =>
  harness.clients.dynamodb.send(
    new PutItemCommand({ TableName: 'items', Item: { pk: { S: pk }, v: { N: '1' } }, ...more }),
  );

describe('failed conditions', () => {
  const held = { pk: { S: 'held' }, v: { N: '1' } };
  const ReturnValuesOnConditionCheckFailure = 'ALL_OLD';
  beforeAll(() => put('held'));

  it.each([
    [
      'PutItem',
      () =>
        new PutItemCommand({
          TableName: 'items',
          Item: { pk: { S: 'held' } },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure,
        }),
    ],
    [
      'UpdateItem',
      () =>
        new UpdateItemCommand({
          TableName: 'items',
          Key: { pk: { S: 'held' } },
          UpdateExpression: 'REMOVE v',
          ConditionExpression: 'v > :v',
          ExpressionAttributeValues: { ':v': { N: '5' } },
          ReturnValuesOnConditionCheckFailure,
        }),
    ],
    [
      'DeleteItem',
      () =>
        new DeleteItemCommand({
          TableName: 'items',
          Key: { pk: { S: 'held' } },
          ConditionExpression: 'attribute_not_exists(v)',
          ReturnValuesOnConditionCheckFailure,
        }),
    ],
  ] as const)('%s returns the item when asked to', async (_name, command) => {
    const error = await failure(harness.clients.dynamodb.send(command() as PutItemCommand));
    expect(error).toMatchObject({ name: 'ConditionalCheckFailedException', Item: held });
    expect(await getItem(harness.clients.dynamodb, 'items', 'held')).toEqual(held);
  });

  it('returns no item when not asked to', async () => {
    const error = await failure(put('held', { ConditionExpression: 'attribute_not_exists(pk)' }));
    expect(error.name).toBe('ConditionalCheckFailedException');
    expect(error.Item).toBeUndefined();
  });

  it('lets exactly one of many writers win', async () => {
    const writers = await Promise.allSettled(
      Array.from({ length: 50 }, () => put('contested', { ConditionExpression: 'attribute_not_exists(pk)' })),
    );
    expect(writers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('items', () => {
  it('loses no concurrent increment', async () => {
    await Promise.all(
      Array.from({ length: 200 }, () =>
        harness.clients.dynamodb.send(
          new UpdateItemCommand({
            TableName: 'items',
            Key: { pk: { S: 'counter' } },
            UpdateExpression: 'ADD n :one',
            ExpressionAttributeValues: { ':one': { N: '1' } },
          }),
        ),
      ),
    );
    expect((await getItem(harness.clients.dynamodb, 'items', 'counter'))?.n).toEqual({ N: '200' });
  });

  it('keeps large and deep items through the document client', async () => {
    const documents = DynamoDBDocumentClient.from(harness.clients.dynamodb, {
      marshallOptions: { removeUndefinedValues: true },
    });
    const lines = Array.from({ length: 600 }, (_, n) => ({
      sku: `sku-${n}`,
      quantity: n,
      price: 0.1 * n,
      tags: new Set(['a', 'b']),
      note: n % 2 === 0 ? null : '',
      nested: { deeper: { deepest: [true, { n }] } },
    }));
    const Item = { pk: 'order', lines, blob: 'x'.repeat(54_000), empty: {}, none: [] };
    await documents.send(new PutCommand({ TableName: 'items', Item }));
    await documents.send(
      new UpdateCommand({
        TableName: 'items',
        Key: { pk: 'order' },
        UpdateExpression: 'SET #l[599].quantity = #l[599].quantity + :one, seen = if_not_exists(seen, :zero) + :one',
        ExpressionAttributeNames: { '#l': 'lines' },
        ExpressionAttributeValues: { ':one': 1, ':zero': 0 },
      }),
    );
    const { Item: read } = await documents.send(new GetCommand({ TableName: 'items', Key: { pk: 'order' } }));
    expect(read).toEqual({
      ...Item,
      seen: 1,
      lines: lines.with(599, { ...(lines[599] as (typeof lines)[0]), quantity: 600 }),
    });
  });

  it('writes and reads in batches', async () => {
    const Keys = Array.from({ length: 25 }, (_, n) => ({ pk: { S: `batch-${n}` } }));
    const items = (requests: object[]) => new BatchWriteItemCommand({ RequestItems: { items: requests } });
    await harness.clients.dynamodb.send(items(Keys.map((Item) => ({ PutRequest: { Item } }))));
    const read = await harness.clients.dynamodb.send(new BatchGetItemCommand({ RequestItems: { items: { Keys } } }));
    expect(read.Responses?.items).toHaveLength(25);
    await harness.clients.dynamodb.send(items(Keys.slice(5).map((Key) => ({ DeleteRequest: { Key } }))));
    const left = await harness.clients.dynamodb.send(new BatchGetItemCommand({ RequestItems: { items: { Keys } } }));
    expect(left.Responses?.items).toHaveLength(5);
  });

  it('queries a table and its indexes in order, page by page, both ways', async () => {
    const { dynamodb } = harness.clients;
    await createTable(dynamodb, 'indexed', {
      sorted: true,
      AttributeDefinitions: ['pk', 'sk', 'status'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-status',
          KeySchema: [
            { AttributeName: 'status', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    });
    const count = 300;
    for (let n = 0; n < count; n++) {
      const sk = String(n).padStart(4, '0');
      const status: Record<string, { S: string }> = n % 3 === 0 ? { status: { S: 'open' } } : {};
      await dynamodb.send(
        new PutItemCommand({ TableName: 'indexed', Item: { pk: { S: 'p' }, sk: { S: sk }, x: { S: 'y' }, ...status } }),
      );
    }
    const all: string[] = [];
    let ExclusiveStartKey: QueryCommand['input']['ExclusiveStartKey'];
    do {
      const page = await dynamodb.send(
        new QueryCommand({
          TableName: 'indexed',
          KeyConditionExpression: 'pk = :p',
          ExpressionAttributeValues: { ':p': { S: 'p' } },
          Limit: 70,
          ExclusiveStartKey,
        }),
      );
      all.push(...(page.Items ?? []).map(({ sk }) => sk?.S ?? ''));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    expect(all).toEqual(Array.from({ length: count }, (_, n) => String(n).padStart(4, '0')));

    const sparse = await dynamodb.send(
      new QueryCommand({
        TableName: 'indexed',
        IndexName: 'by-status',
        KeyConditionExpression: '#s = :s AND sk BETWEEN :a AND :b',
        ExpressionAttributeNames: { '#s': 'status' },
        ExpressionAttributeValues: { ':s': { S: 'open' }, ':a': { S: '0010' }, ':b': { S: '0020' } },
        ScanIndexForward: false,
      }),
    );
    expect(sparse.Items?.map(({ sk, x }) => [sk?.S, x])).toEqual([
      ['0018', undefined],
      ['0015', undefined],
      ['0012', undefined],
    ]);
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: 'indexed',
        Key: { pk: { S: 'p' }, sk: { S: '0015' } },
        UpdateExpression: 'REMOVE #s',
        ExpressionAttributeNames: { '#s': 'status' },
      }),
    );
    const fewer = await dynamodb.send(
      new ScanCommand({ TableName: 'indexed', IndexName: 'by-status', Select: 'COUNT' }),
    );
    expect(fewer.Count).toBe(99);
  });
});

describe('tables', () => {
  it('take every setting CDK makes, and show it', async () => {
    const { dynamodb } = harness.clients;
    await createTable(dynamodb, 'settings', {
      DeletionProtectionEnabled: true,
      SSESpecification: { Enabled: true, SSEType: 'KMS' },
      TableClass: 'STANDARD',
      OnDemandThroughput: { MaxReadRequestUnits: 10 },
      Tags: [{ Key: 'team', Value: 'orders' }],
    });
    await dynamodb.send(
      new UpdateContinuousBackupsCommand({
        TableName: 'settings',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      }),
    );
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: 'settings' }));
    expect(Table).toMatchObject({
      TableStatus: 'ACTIVE',
      DeletionProtectionEnabled: true,
      SSEDescription: { Status: 'ENABLED' },
      TableArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/settings',
    });
    const { Tags } = await dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: Table?.TableArn }));
    expect(Tags).toEqual([{ Key: 'team', Value: 'orders' }]);
    const { ContinuousBackupsDescription } = await dynamodb.send(
      new DescribeContinuousBackupsCommand({ TableName: 'settings' }),
    );
    expect(ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe('ENABLED');
    expect((await failure(dynamodb.send(new DeleteTableCommand({ TableName: 'settings' })))).message).toContain(
      'deletion protection',
    );
    await dynamodb.send(new UpdateTableCommand({ TableName: 'settings', DeletionProtectionEnabled: false }));
    await dynamodb.send(new DeleteTableCommand({ TableName: 'settings' }));
  });

  it('are gone with their items when deleted, and can be made again', async () => {
    const { dynamodb } = harness.clients;
    await createTable(dynamodb, 'again');
    await dynamodb.send(new PutItemCommand({ TableName: 'again', Item: { pk: { S: 'x' } } }));
    expect((await failure(createTable(dynamodb, 'again'))).name).toBe('ResourceInUseException');
    await dynamodb.send(new DeleteTableCommand({ TableName: 'again' }));
    expect((await failure(getItem(dynamodb, 'again', 'x'))).name).toBe('ResourceNotFoundException');
    expect((await dynamodb.send(new ListTablesCommand({}))).TableNames).not.toContain('again');
    await createTable(dynamodb, 'again');
    expect(await getItem(dynamodb, 'again', 'x')).toBeUndefined();
  });
});
