import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { expect } from 'vitest';
import type { JsonObject } from '../../../lib/local/json.ts';
import { conformanceApp, failure, until } from './app.ts';
import { conforms } from './conforms.ts';

const app = conformanceApp({ ttlSweepMs: 100 });
const db = () => app.clients.dynamodb;
const table = (properties: JsonObject = {}, sortKey = false): JsonObject => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    AttributeDefinitions: ['pk', ...(sortKey ? ['sk'] : [])].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      ...(sortKey ? [{ AttributeName: 'sk', KeyType: 'RANGE' }] : []),
    ],
    BillingMode: 'PAY_PER_REQUEST',
    ...properties,
  },
});
app.add({
  Items: table(),
  Sorted: table({}, true),
  Expiring: table({ TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true } }),
});
const items = () => app.physical('Items');
const KIB = 1024;

type Item = Record<string, AttributeValue>;
const key = (pk: string): Item => ({ pk: { S: pk } });
const put = (Item: Item, more: Partial<PutItemCommandInput> = {}) =>
  db().send(new PutItemCommand({ TableName: items(), Item, ...more }));
const get = async (pk: string) =>
  (await db().send(new GetItemCommand({ TableName: items(), Key: key(pk), ConsistentRead: true }))).Item;
const transact = (TransactItems: TransactWriteItem[], ClientRequestToken?: string) =>
  db().send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken }));
const putting = (Item: Item, more: object = {}): TransactWriteItem => ({ Put: { TableName: items(), Item, ...more } });
const NEW = { ConditionExpression: 'attribute_not_exists(pk)' };

conforms('DynamoDB: a write whose condition fails changes nothing', { source: 'dynamodb-api' }, async () => {
  await put({ ...key('once'), n: { N: '1' } }, NEW);
  const error = await failure(put({ ...key('once'), n: { N: '2' } }, NEW));
  expect(error).toMatchObject({ name: 'ConditionalCheckFailedException', $metadata: { httpStatusCode: 400 } });
  expect(error.message).toBe('The conditional request failed');
  expect(error.Item).toBeUndefined();
  expect((await get('once'))?.n).toEqual({ N: '1' });
});
conforms(
  'DynamoDB: a failed condition returns the item with ReturnValuesOnConditionCheckFailure ALL_OLD',
  { source: 'dynamodb-api' },
  async () => {
    const old = { ...key('shown'), n: { N: '1' } };
    await put(old);
    const error = await failure(
      put({ ...old, n: { N: '2' } }, { ...NEW, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
    );
    expect(error.Item).toEqual(old);
    const update = new UpdateItemCommand({
      TableName: items(),
      Key: key('shown'),
      UpdateExpression: 'SET n = :two',
      ConditionExpression: 'n > :two',
      ExpressionAttributeValues: { ':two': { N: '2' } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    expect((await failure(db().send(update))).Item).toEqual(old);
  },
);
conforms('DynamoDB: writers of the same item that count up lose no count', { source: 'dynamodb-api' }, async () => {
  const add = () =>
    db().send(
      new UpdateItemCommand({
        TableName: items(),
        Key: key('counter'),
        UpdateExpression: 'ADD n :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      }),
    );
  await Promise.all(Array.from({ length: 50 }, add));
  expect((await get('counter'))?.n).toEqual({ N: '50' });
});
conforms('DynamoDB: ReturnValues tells what an item was or became', { source: 'dynamodb-api' }, async () => {
  await put({ ...key('values'), a: { N: '1' }, b: { N: '1' } });
  const update = async (ReturnValues: 'ALL_OLD' | 'ALL_NEW' | 'UPDATED_OLD' | 'UPDATED_NEW') => {
    const { Attributes } = await db().send(
      new UpdateItemCommand({
        TableName: items(),
        Key: key('values'),
        UpdateExpression: 'ADD a :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
        ReturnValues,
      }),
    );
    return Attributes;
  };
  expect(await update('UPDATED_NEW')).toEqual({ a: { N: '2' } });
  expect(await update('UPDATED_OLD')).toEqual({ a: { N: '2' } });
  expect(await update('ALL_NEW')).toEqual({ ...key('values'), a: { N: '4' }, b: { N: '1' } });
  expect(await update('ALL_OLD')).toEqual({ ...key('values'), a: { N: '4' }, b: { N: '1' } });
  const { Attributes } = await db().send(
    new DeleteItemCommand({ TableName: items(), Key: key('values'), ReturnValues: 'ALL_OLD' }),
  );
  expect(Attributes?.a).toEqual({ N: '5' });
});
conforms('DynamoDB: an item holds up to 400 KB', { source: 'dynamodb-quotas' }, async () => {
  // Names count too: pk, its value and the other name.
  const text = 'x'.repeat(400 * KIB - 'pk'.length - 'large'.length - 'v'.length);
  await put({ ...key('large'), v: { S: text } });
  const error = await failure(put({ ...key('large'), v: { S: `${text}x` } }));
  expect(error.name).toBe('ValidationException');
  expect(error.message).toBe('Item size has exceeded the maximum allowed size');
});
conforms('DynamoDB: numbers have up to 38 digits', { source: 'dynamodb-quotas' }, async () => {
  const N = '12345678901234567890123456789012345678';
  await put({ ...key('digits'), N: { N } });
  expect((await get('digits'))?.N).toEqual({ N });
  expect((await failure(put({ ...key('digits'), N: { N: `${N}9` } }))).name).toBe('ValidationException');
});
conforms('DynamoDB: keys are there, of their type, and not empty', { source: 'dynamodb-api' }, async () => {
  for (const Item of [{ other: { S: 'x' } }, { pk: { N: '1' } }, { pk: { S: '' } }] as Item[])
    expect((await failure(put(Item))).name).toBe('ValidationException');
});
conforms('DynamoDB: a table that is not there is ResourceNotFoundException', { source: 'dynamodb-api' }, async () => {
  const error = await failure(db().send(new GetItemCommand({ TableName: 'nowhere', Key: key('x') })));
  expect(error).toMatchObject({ name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 400 } });
});
conforms(
  'DynamoDB: a batch writes up to 25 items, no two of them the same',
  { source: 'dynamodb-quotas' },
  async () => {
    const write = (pks: readonly string[]) =>
      db().send(
        new BatchWriteItemCommand({
          RequestItems: { [items()]: pks.map((pk) => ({ PutRequest: { Item: key(pk) } })) },
        }),
      );
    const pks = Array.from({ length: 26 }, (_, index) => `batch-${index}`);
    await write(pks.slice(0, 25));
    expect(await get('batch-24')).toEqual(key('batch-24'));
    expect((await failure(write(pks))).name).toBe('ValidationException');
    expect((await failure(write(['same', 'same']))).message).toContain(
      'Provided list of item keys contains duplicates',
    );
  },
);
conforms('DynamoDB: a batch reads up to 100 items', { source: 'dynamodb-quotas' }, async () => {
  const read = (count: number) =>
    db().send(
      new BatchGetItemCommand({
        RequestItems: { [items()]: { Keys: Array.from({ length: count }, (_, index) => key(`read-${index}`)) } },
      }),
    );
  await read(100);
  expect((await failure(read(101))).name).toBe('ValidationException');
});
conforms('DynamoDB: a query answers up to 1 MB and says where to go on', { source: 'dynamodb-quotas' }, async () => {
  const TableName = app.physical('Sorted');
  const v = { S: 'x'.repeat(300 * KIB) };
  for (const sk of ['1', '2', '3', '4', '5'])
    await db().send(new PutItemCommand({ TableName, Item: { ...key('pages'), sk: { S: sk }, v } }));
  const query = (ExclusiveStartKey?: Item) =>
    db().send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: 'pages' } },
        ExclusiveStartKey,
      }),
    );
  const first = await query();
  expect(first.Items?.length).toBeLessThan(5);
  const second = await query(first.LastEvaluatedKey);
  const all = [...(first.Items ?? []), ...(second.Items ?? [])].map(({ sk }) => sk?.S);
  expect(all).toEqual(['1', '2', '3', '4', '5']);
  expect(second.LastEvaluatedKey).toBeUndefined();
});

conforms('DynamoDB transactions: all writes happen, or none', { source: 'dynamodb-transactions' }, async () => {
  await put(key('taken'));
  await transact([putting(key('t-a')), putting(key('t-b'), NEW)]);
  expect([await get('t-a'), await get('t-b')]).toEqual([key('t-a'), key('t-b')]);
  await failure(transact([putting(key('t-c')), putting(key('taken'), NEW)]));
  expect(await get('t-c')).toBeUndefined();
});
conforms(
  'DynamoDB transactions: a cancelled transaction tells the reason for each of its items, with the old item if asked',
  { source: 'dynamodb-transactions' },
  async () => {
    const old = { ...key('reason'), n: { N: '1' } };
    await put(old);
    const cancelled = await failure(
      transact([
        putting(key('fine')),
        putting(key('reason'), { ...NEW, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
      ]),
    );
    expect(cancelled).toMatchObject({ name: 'TransactionCanceledException', $metadata: { httpStatusCode: 400 } });
    expect(cancelled.message).toBe(
      'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]',
    );
    expect(cancelled.CancellationReasons).toEqual([
      { Code: 'None' },
      { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', Item: old },
    ]);
  },
);
conforms('DynamoDB transactions: no two operations are on one item', { source: 'dynamodb-transactions' }, async () => {
  const error = await failure(transact([putting(key('twice')), { Delete: { TableName: items(), Key: key('twice') } }]));
  expect(error.name).toBe('ValidationException');
  expect(error.message).toBe('Transaction request cannot include multiple operations on one item');
});
conforms('DynamoDB transactions: at most 100 operations', { source: 'dynamodb-transactions' }, async () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => putting(key(`many-${index}`)));
  await transact(many(100));
  const error = await failure(transact(many(101)));
  expect(error.name).toBe('ValidationException');
  expect(error.message).toContain('100');
});
conforms('DynamoDB transactions: at most 4 MB', { source: 'dynamodb-transactions' }, async () => {
  const large = (count: number) =>
    Array.from({ length: count }, (_, index) => putting({ ...key(`mb-${index}`), v: { S: 'x'.repeat(390 * KIB) } }));
  await transact(large(10));
  expect((await failure(transact(large(11)))).name).toBe('ValidationException');
});
conforms(
  'DynamoDB transactions: a ClientRequestToken makes a repetition harmless, and refuses another transaction',
  { source: 'dynamodb-transactions' },
  async () => {
    const add = (value: string) => ({
      Update: {
        TableName: items(),
        Key: key('tokens'),
        UpdateExpression: 'ADD n :n',
        ExpressionAttributeValues: { ':n': { N: value } },
      },
    });
    for (let time = 0; time < 3; time++) await transact([add('1')], 'one-token');
    expect((await get('tokens'))?.n).toEqual({ N: '1' });
    expect((await failure(transact([add('2')], 'one-token'))).name).toBe('IdempotentParameterMismatchException');
  },
);
conforms(
  'DynamoDB transactions: a read sees all of a transaction or nothing of it',
  { source: 'dynamodb-transactions' },
  async () => {
    const set = (n: number) => transact(['x', 'y'].map((pk) => putting({ ...key(`pair-${pk}`), n: { N: String(n) } })));
    await set(0);
    const writing = (async () => {
      for (let n = 1; n <= 20; n++) await set(n);
    })();
    for (let time = 0; time < 20; time++) {
      const TransactItems = ['x', 'y'].map((pk) => ({ Get: { TableName: items(), Key: key(`pair-${pk}`) } }));
      // While a transaction has the items, reading them together is refused.
      const { Responses } = await until('no conflict', () =>
        db()
          .send(new TransactGetItemsCommand({ TransactItems }))
          .catch((error: Error) => {
            if (error.name !== 'TransactionCanceledException') throw error;
            return undefined;
          }),
      );
      expect(Responses?.[0]?.Item?.n).toEqual(Responses?.[1]?.Item?.n);
    }
    await writing;
  },
);
conforms(
  'DynamoDB: an item is removed some time after its expiry, which is in seconds',
  { source: 'dynamodb-ttl', faithful: 'partly', remark: 'Within a second; AWS takes up to a few days.' },
  async () => {
    const TableName = app.physical('Expiring');
    const now = Math.floor(Date.now() / 1000);
    const expiring: Readonly<Record<string, AttributeValue>> = {
      over: { N: String(now - 10) },
      later: { N: String(now + 3600) },
      ancient: { N: String(now - 6 * 365 * 24 * 3600) },
      text: { S: String(now - 10) },
    };
    for (const [pk, ttl] of Object.entries(expiring))
      await db().send(new PutItemCommand({ TableName, Item: { ...key(pk), ttl } }));
    const left = await until('the expired item to go', async () => {
      const { Items = [] } = await db().send(new ScanCommand({ TableName }));
      return Items.length < 4 && Items;
    });
    expect(left.map(({ pk }) => pk?.S).toSorted()).toEqual(['ancient', 'later', 'text']);
  },
);
