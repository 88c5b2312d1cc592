import { TransactGetItemsCommand, type TransactWriteItem, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTable, getItem } from './dynamodb-harness.ts';
import { failure, type Harness, inOnePacket, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await createTable(harness.clients.dynamodb, 'one');
  await createTable(harness.clients.dynamodb, 'two');
});
afterAll(() => harness.close());

const transact = (TransactItems: TransactWriteItem[], ClientRequestToken?: string) =>
  harness.clients.dynamodb.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken }));
const key = (pk: string) => ({ pk: { S: pk } });
const put = (pk: string, TableName = 'one', more: object = {}): TransactWriteItem => ({
  Put: { TableName, Item: { ...key(pk), v: { N: '1' } }, ...more },
});
const isNew = { ConditionExpression: 'attribute_not_exists(pk)' };
const read = (pk: string, table = 'one') => getItem(harness.clients.dynamodb, table, pk);

it('puts, updates, deletes and checks over several tables at once', async () => {
  await transact([put('update-me'), put('delete-me'), put('check-me', 'two')]);
  await transact([
    put('new', 'two', isNew),
    {
      Update: {
        TableName: 'one',
        Key: key('update-me'),
        UpdateExpression: 'SET v = v + :n',
        ConditionExpression: 'v = :n',
        ExpressionAttributeValues: { ':n': { N: '1' } },
      },
    },
    { Delete: { TableName: 'one', Key: key('delete-me'), ConditionExpression: 'attribute_exists(pk)' } },
    { ConditionCheck: { TableName: 'two', Key: key('check-me'), ConditionExpression: 'attribute_exists(pk)' } },
  ]);
  expect(await read('new', 'two')).toMatchObject({ v: { N: '1' } });
  expect(await read('update-me')).toMatchObject({ v: { N: '2' } });
  expect(await read('delete-me')).toBeUndefined();
  expect(await read('check-me', 'two')).toMatchObject({ v: { N: '1' } });
});

it('does nothing when one condition fails, and gives the reasons in order with the items asked for', async () => {
  await transact([put('taken')]);
  const error = await failure(
    transact([
      put('untouched-1'),
      put('taken', 'one', { ...isNew, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
      {
        Delete: {
          TableName: 'one',
          Key: key('taken-not'),
          ConditionExpression: 'attribute_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      },
      put('untouched-2', 'two'),
    ]),
  );
  expect(error.name).toBe('TransactionCanceledException');
  expect(error.message).toBe(
    'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, ConditionalCheckFailed, None]',
  );
  expect(error.CancellationReasons).toEqual([
    { Code: 'None' },
    {
      Code: 'ConditionalCheckFailed',
      Message: 'The conditional request failed',
      Item: { ...key('taken'), v: { N: '1' } },
    },
    { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' },
    { Code: 'None' },
  ]);
  expect(await read('untouched-1')).toBeUndefined();
  expect(await read('untouched-2', 'two')).toBeUndefined();
});

it('does nothing when an update cannot be applied', async () => {
  await transact([put('typed')]);
  const error = await failure(
    transact([
      put('untouched-3'),
      {
        Update: {
          TableName: 'one',
          Key: key('typed'),
          UpdateExpression: 'SET absent.deep = :v',
          ExpressionAttributeValues: { ':v': { N: '1' } },
        },
      },
    ]),
  );
  expect(error.CancellationReasons).toMatchObject([
    { Code: 'None' },
    { Code: 'ValidationError', Message: expect.stringContaining('document path') },
  ]);
  expect(await read('untouched-3')).toBeUndefined();
});

it('refuses two operations on one item, more than 100 items, and unknown tables', async () => {
  const twice = await failure(transact([put('same'), { Delete: { TableName: 'one', Key: key('same') } }]));
  expect(twice).toMatchObject({
    name: 'ValidationException',
    message: 'Transaction request cannot include multiple operations on one item',
  });
  // The same key in another table is another item.
  await transact([put('same'), put('same', 'two')]);
  const many = await failure(transact(Array.from({ length: 101 }, (_, n) => put(`many-${n}`))));
  expect(many).toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('less than or equal to 100'),
  });
  await transact(Array.from({ length: 100 }, (_, n) => put(`many-${n}`)));
  expect((await failure(transact([put('x', 'nowhere')]))).name).toBe('ResourceNotFoundException');
});

it('takes the same token once, even when its conditions would fail by now, and refuses it for anything else', async () => {
  const items = [put('idempotent', 'one', isNew)];
  await transact(items, 'token-1');
  await transact(items, 'token-1');
  expect((await failure(transact(items, 'token-2'))).name).toBe('TransactionCanceledException');
  const other = await failure(transact([put('something-else')], 'token-1'));
  expect(other.name).toBe('IdempotentParameterMismatchException');
  expect(await read('something-else')).toBeUndefined();
});

it('lets a cancelled transaction be tried again with its token', async () => {
  await transact([put('blocker')]);
  const items = [
    put('after-blocker'),
    {
      Delete: {
        TableName: 'one',
        Key: key('blocker'),
        ConditionExpression: 'v = :two',
        ExpressionAttributeValues: { ':two': { N: '2' } },
      },
    },
  ];
  expect((await failure(transact(items, 'token-3'))).name).toBe('TransactionCanceledException');
  await transact([
    {
      Update: {
        TableName: 'one',
        Key: key('blocker'),
        UpdateExpression: 'SET v = :two',
        ExpressionAttributeValues: { ':two': { N: '2' } },
      },
    },
  ]);
  await transact(items, 'token-3');
  expect(await read('after-blocker')).toBeDefined();
});

it('is isolated: of transactions on the same items at the same moment one wins', async () => {
  const request = (n: number) => ({
    line: 'POST /',
    headers: { 'x-amz-target': 'DynamoDB_20120810.TransactWriteItems' },
    body: JSON.stringify({
      TransactItems: ['left', 'right'].map((side) => ({
        Put: { TableName: 'one', Item: { ...key(side), by: { N: String(n) } }, ...isNew },
      })),
    }),
  });
  const statuses = await inOnePacket(
    harness.services.port,
    Array.from({ length: 20 }, (_, n) => request(n)),
  );
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  const winner = String(statuses.indexOf(200));
  expect((await read('left'))?.by).toEqual({ N: winner });
  expect((await read('right'))?.by).toEqual({ N: winner });
});

it('is seen by readers as a whole or not at all', async () => {
  const writes = Array.from({ length: 100 }, (_, n) =>
    transact(
      ['top', 'bottom'].map((side) => ({ Put: { TableName: 'one', Item: { ...key(side), by: { N: String(n) } } } })),
    ),
  );
  const reads = Array.from({ length: 100 }, () =>
    harness.clients.dynamodb.send(
      new TransactGetItemsCommand({
        TransactItems: ['top', 'bottom'].map((side) => ({ Get: { TableName: 'one', Key: key(side) } })),
      }),
    ),
  );
  const [written, seen] = await Promise.all([Promise.allSettled(writes), Promise.allSettled(reads)]);
  expect(written.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
  // At the same moment they conflict: the others are refused.
  for (const answer of [...written, ...seen]) {
    if (answer.status === 'rejected') expect(answer.reason.name).toBe('TransactionCanceledException');
  }
  for (const answer of seen) {
    if (answer.status === 'rejected') continue;
    const { Responses = [] } = answer.value;
    expect(Responses[0]?.Item?.by).toEqual(Responses[1]?.Item?.by);
  }
});

it('reads several items together, missing ones as empty responses', async () => {
  await transact([put('here')]);
  const { Responses } = await harness.clients.dynamodb.send(
    new TransactGetItemsCommand({
      TransactItems: [
        { Get: { TableName: 'one', Key: key('here'), ProjectionExpression: 'v' } },
        { Get: { TableName: 'two', Key: key('not-here') } },
      ],
    }),
  );
  expect(Responses).toEqual([{ Item: { v: { N: '1' } } }, {}]);
});
