import { createRequire } from 'node:module';
import {
  BatchGetItemCommand,
  CreateTableCommand,
  GetItemCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Parser } from '../../../lib/local/dynamodb/linear-parser.ts';
import { failure, type Harness, startHarness } from './harness.ts';

const require = createRequire(import.meta.url);
let harness: Harness;
const TableName = 'table';
const Key = { k: { S: 'a' } };
const db = () => harness.clients.dynamodb;
beforeAll(async () => {
  harness = await startHarness();
  await db().send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'k', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'k', KeyType: 'HASH' }],
    }),
  );
  const list = { L: [{ N: '1' }, { N: '2' }] };
  await db().send(new PutItemCommand({ TableName, Item: { ...Key, a: { N: '1' }, b: { N: '2' }, list } }));
});
afterAll(() => harness.close());

const nested = (depth: number) => `a < b ${'or (a < b '.repeat(depth)}${')'.repeat(depth)}`;
/** 299 operators, which DynamoDB takes. */
const MOST = Array.from({ length: 150 }, () => 'a < b').join(' or ');

it('reads each part of an expression once, however deep it lies in parentheses', () => {
  const asked: string[] = [];
  const context = {
    attrNames: {},
    attrVals: {},
    unusedAttrNames: {},
    unusedAttrVals: {},
    isReserved: (name: string) => void asked.push(name),
    compare: () => false,
  };
  const { parse } = require('dynalite/db/conditionParser') as Parser;
  parse(nested(3), { context });
  expect(asked).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b']);
});

it('takes as many operators as DynamoDB, in each operation', async () => {
  const UpdateExpression = 'SET c = a';
  const Update = { TableName, Key, UpdateExpression, ConditionExpression: MOST };
  await db().send(new UpdateItemCommand(Update));
  await db().send(new TransactWriteItemsCommand({ TransactItems: [{ Update }] }));
  expect((await db().send(new ScanCommand({ TableName, FilterExpression: MOST }))).Items).toHaveLength(1);
  const query = new QueryCommand({
    TableName,
    KeyConditionExpression: 'k = :k',
    ExpressionAttributeValues: { ':k': { S: 'a' } },
    FilterExpression: `not (${nested(3)})`,
  });
  expect((await db().send(query)).Items).toHaveLength(0);
});

it('refuses what is longer or has more operators than AWS takes, with its words', async () => {
  const put = (ConditionExpression: string) =>
    failure(db().send(new PutItemCommand({ TableName, Item: Key, ConditionExpression })));
  const tooMany = 'The expression contains too many operators; operator count: 301';
  expect(await put(`${MOST} or a < b`)).toMatchObject({
    name: 'ValidationException',
    message: `Invalid ConditionExpression: ${tooMany}`,
  });
  expect((await put(`attribute_exists(${'a'.repeat(4097)})`)).message).toBe(
    'Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 4115',
  );
  const Update = { TableName, Key, UpdateExpression: `SET c = ${'a + '.repeat(300)}a` };
  const { message } = await failure(db().send(new TransactWriteItemsCommand({ TransactItems: [{ Update }] })));
  expect(message).toBe(`Invalid UpdateExpression: ${tooMany}`);
  const RequestItems = { [TableName]: { Keys: [Key], ProjectionExpression: 'a'.repeat(4097) } };
  expect((await failure(db().send(new BatchGetItemCommand({ RequestItems })))).message).toContain('size: 4097');
});

it('still names what is wrong with an expression', async () => {
  const scan = (FilterExpression: string, more = {}) =>
    failure(db().send(new ScanCommand({ TableName, FilterExpression, ...more })));
  expect((await scan('((a < b))')).message).toBe('Invalid FilterExpression: The expression has redundant parentheses;');
  expect((await scan('(a < b')).message).toContain('Invalid FilterExpression: Syntax error;');
  expect((await scan('name < b')).message).toContain('reserved keyword: name');
  expect((await scan('f(a) < b')).message).toContain('Invalid function name; function: f');
  expect((await scan('#n < b', { ExpressionAttributeNames: { '#n': 'a', '#m': 'x' } })).message).toContain(
    'unused in expressions: keys: {#m}',
  );
});

it('counts BETWEEN once, and words in names not at all', async () => {
  const between = Array.from({ length: 150 }, () => 'a between b and b').join(' or ');
  const { Items } = await db().send(new ScanCommand({ TableName, FilterExpression: between }));
  expect(Items).toEqual([]);
});

it('appends what is set behind the end of a list, in the order of the places', async () => {
  await db().send(
    new UpdateItemCommand({
      TableName,
      Key,
      UpdateExpression: 'SET #l[9] = :a, #l[5] = :b',
      ExpressionAttributeNames: { '#l': 'list' },
      ExpressionAttributeValues: { ':a': { N: '9' }, ':b': { N: '5' } },
    }),
  );
  const { Item } = await db().send(new GetItemCommand({ TableName, Key }));
  expect(Item?.list).toEqual({ L: [{ N: '1' }, { N: '2' }, { N: '5' }, { N: '9' }] });
});

it.each([
  ['a list in itself', 'SET l[9] = l', { l: { L: [{ N: '1' }, { L: [{ N: '1' }] }] } }],
  ['a map in itself', 'SET m.x = m', { m: { M: { x: { M: { x: { N: '1' } } } } } }],
  ['a copy of what changes', 'SET c = m, m.x = n', { c: { M: { x: { N: '1' } } }, m: { M: { x: { N: '7' } } } }],
  ['a copy by default', 'SET c = if_not_exists(m, n), m.x = n', { c: { M: { x: { N: '1' } } } }],
  [
    'a copy of lists',
    'SET c = list_append(ms, ms), ms[0].x = n',
    { c: { L: Array(2).fill({ M: { x: { N: '1' } } }) } },
  ],
  ['places of one list', 'REMOVE ns[0], ns[1]', { ns: { L: [{ N: '3' }, { N: '4' }] } }],
  ['places of one list, backwards', 'REMOVE ns[3], ns[1]', { ns: { L: [{ N: '1' }, { N: '3' }] } }],
  ['a place, and then another', 'REMOVE ns[0] SET ns[2] = n', { ns: { L: [{ N: '2' }, { N: '7' }, { N: '4' }] } }],
  [
    'a place, and one behind the end',
    'REMOVE ns[3], ns[0] SET ns[9] = n',
    { ns: { L: [{ N: '2' }, { N: '3' }, { N: '7' }] } },
  ],
  [
    'places in places',
    'REMOVE ms[0].x, ns[2], ns[1], n',
    { ms: { L: [{ M: {} }] }, ns: { L: [{ N: '1' }, { N: '4' }] } },
  ],
  ['a place and another', 'SET ns[2] = n REMOVE ns[0]', { ns: { L: [{ N: '2' }, { N: '7' }, { N: '4' }] } }],
  ['two exchanged', 'SET l = m, m = l', { l: { M: { x: { N: '1' } } }, m: { L: [{ N: '1' }] } }],
])('takes the values that were there before: %s', async (_, UpdateExpression, expected) => {
  const x = { M: { x: { N: '1' } } };
  const Item = {
    k: { S: 'before' },
    l: { L: [{ N: '1' }] },
    m: x,
    ms: { L: [x] },
    n: { N: '7' },
    ns: { L: [1, 2, 3, 4].map((n) => ({ N: String(n) })) },
  };
  await db().send(new PutItemCommand({ TableName, Item }));
  const there = { TableName, Key: { k: Item.k } };
  await db().send(new UpdateItemCommand({ ...there, UpdateExpression }));
  expect((await db().send(new GetItemCommand(there))).Item).toMatchObject(expected);
});

it.each(['x', 'a:b:c:d:e:f:g', 'arn:aws:dynamodb:us-east-1:0:table/x:y'])(
  'refuses %s as the ARN of a table',
  async (arn) => {
    const error = await failure(db().send(new ListTagsOfResourceCommand({ ResourceArn: arn })));
    expect(error).toMatchObject({ name: 'ValidationException', message: expect.stringContaining(arn) });
  },
);
