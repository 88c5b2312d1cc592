import { setImmediate } from 'node:timers/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Commit } from '../../../lib/local/dynamodb/commit.ts';
import { openStore, run, type Store, validate } from '../../../lib/local/dynamodb/dynalite.ts';
import { createInFlight } from '../../../lib/local/dynamodb/in-flight.ts';
import { createItemOperations } from '../../../lib/local/dynamodb/items.ts';
import type { Parameters } from '../../../lib/local/dynamodb/parameters.ts';
import { createTransactions } from '../../../lib/local/dynamodb/transactions.ts';
import { createTableCache } from '../../../lib/local/dynamodb/view.ts';

let store: Store;
beforeAll(async () => {
  store = await openStore('us-east-1', '000000000000');
  const table = {
    TableName: 'tab',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  };
  await run('createTable', store, validate('createTable', store, table));
  await vi.waitFor(() => expect(createTableCache(store).find('tab')?.TableStatus).toBe('ACTIVE'));
});

const Item = { pk: { S: 'a' }, n: { N: '1' } };
const Key = { pk: { S: 'a' } };

/** Every operation that writes items. */
const WRITES: Readonly<Record<string, Parameters>> = {
  PutItem: { TableName: 'tab', Item },
  UpdateItem: {
    TableName: 'tab',
    Key,
    UpdateExpression: 'SET n = :n',
    ExpressionAttributeValues: { ':n': { N: '2' } },
  },
  DeleteItem: { TableName: 'tab', Key },
  BatchWriteItem: { RequestItems: { tab: [{ PutRequest: { Item } }] } },
  TransactWriteItems: { TransactItems: [{ Put: { TableName: 'tab', Item } }] },
};

/** What a caller who waits for an operation sees, while its commit is under way and then comes to an end. */
async function underWay(name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const commit = vi.fn<Commit>(() => promise);
  const context = { store, tables: createTableCache(store), commit, inFlight: createInFlight(0) };
  const operations = { ...createItemOperations(context), ...createTransactions(context) };
  const answer = operations[name]?.(structuredClone(WRITES[name]) as Parameters, Buffer.from('{}'));
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  answer?.then(settle, settle);
  for (let turn = 0; turn < 3; turn++) await setImmediate();
  expect(commit).toHaveBeenCalledOnce();
  expect(isSettled).toBe(false);
  return { answer, resolve, reject };
}

describe.each(Object.keys(WRITES))('%s', (name) => {
  it('is answered when its write is committed, not before', async () => {
    const { answer, resolve } = await underWay(name);
    resolve();
    expect(await answer).toBeTypeOf('object');
  });

  it('fails when its write cannot be committed', async () => {
    const { answer, reject } = await underWay(name);
    reject(new Error('the disk is full'));
    await expect(answer).rejects.toThrow('the disk is full');
  });
});
