import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../../lib/runtime/aws/calls/call.ts';
import { itemBytes, writeBytes } from '../../../../lib/runtime/aws/calls/item-size.ts';
import { dynamodbOver, readItems, transactionBytes } from '../../../../lib/runtime/aws/dynamodb.ts';
import { PROTOCOLS } from '../../../../lib/runtime/aws/protocols/protocol.ts';

describe('an item counts names and values in bytes', () => {
  it.each<[string, Record<string, unknown>, number]>([
    ['nothing', {}, 0],
    ['text', { key: 'text' }, 3 + 4],
    ['text beyond ASCII', { clé: '€😀' }, 4 + 3 + 4],
    ['an empty text', { a: '' }, 1],
    ['small numbers', { a: 0, b: 7, c: -7 }, 3 + 1 + 2 + 3],
    ['a long number', { a: 12345.678 }, 1 + 5],
    ['zeros that do not count', { a: 120_000, b: 0.001 }, 2 + 2 + 2],
    ['truth and nothing', { a: true, b: null }, 2 + 1 + 1],
    ['bytes', { a: new Uint8Array(10) }, 1 + 10],
    ['sets', { a: new Set(['x', 'yz']), b: new Set([1, 23]) }, 2 + 3 + 4],
    ['a list', { a: ['x', 'yz'] }, 1 + 3 + 2 + 3],
    ['a map', { a: { bc: 'x' } }, 1 + 3 + 1 + 2 + 1],
    ['what is in what is in it', { a: [{ b: [] }] }, 1 + 3 + 1 + 3 + 1 + 1 + 3],
  ])('%s', (_, item, bytes) => expect(itemBytes(marshall(item))).toBe(bytes));

  it('bytes in base64, as in an answer', () => expect(itemBytes({ a: { B: 'AAECAwQ=' } })).toBe(1 + 5));
});

it('a write counts its item; an update or a condition at least its key', () => {
  const [Item, Key] = [marshall({ pk: 'a', text: 'abc' }), marshall({ pk: 'a' })];
  expect(writeBytes({ Put: { Item } })).toBe(10);
  expect(writeBytes({ Update: { Key } })).toBe(3);
  expect(writeBytes({ ConditionCheck: { Key } })).toBe(3);
  const put = { Put: { TableName: 't', Item: { pk: 'a', text: 'abc' } } };
  expect(transactionBytes({ TransactItems: [put, { Delete: { TableName: 't', Key: { pk: 'a' } } }] })).toBe(13);
});

describe('what DynamoDB would refuse is not sent', () => {
  const sent: string[] = [];
  const dynamodb = dynamodbOver(
    async (service, operation, input) => {
      PROTOCOLS[service].encode(operation, input);
      sent.push(operation);
    },
    () => 'id',
  );
  const item = (bytes: number, pk = 'a') => ({ pk, text: 'x'.repeat(bytes - 2 - 1 - 4) });
  const put = (bytes: number) => ({ Put: { TableName: 't', Item: item(bytes) } });
  const transact = (...sizes: number[]) => dynamodb('TransactWriteItems', { TransactItems: sizes.map(put) });
  const KIB = 1_024;

  it('but what just fits is', async () => {
    sent.splice(0);
    await dynamodb('PutItem', { TableName: 't', Item: item(400 * KIB) });
    await transact(...Array.from({ length: 10 }, () => 400 * KIB), 96 * KIB);
    await transact(...Array.from({ length: 100 }, () => 10));
    expect(sent).toEqual(['PutItem', 'TransactWriteItems', 'TransactWriteItems']);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'an item',
      () => dynamodb('PutItem', { TableName: 't', Item: item(400 * KIB + 1) }),
      'item 0 of a write is 409601 bytes; DynamoDB takes 409600. Keep what is large in S3 and its address in the item',
    ],
    ['an item of a transaction', () => transact(100, 400 * KIB + 1), 'item 1 of a write is 409601 bytes'],
    [
      'the items of a transaction together',
      () => transact(...Array.from({ length: 10 }, () => 400 * KIB), 96 * KIB + 1),
      'the 11 items of a transaction are 4194305 bytes together; DynamoDB takes 4194304. Split it',
    ],
    ['a transaction of 101', () => transact(...Array.from({ length: 101 }, () => 10)), 'a transaction has 101 items'],
  ])('%s', async (_, write, message) => {
    sent.splice(0);
    await expect(write()).rejects.toThrow(message);
    await expect(write()).rejects.toThrow(RangeError);
    expect(sent).toEqual([]);
  });
});

describe('items that are read in batches', () => {
  const keys = Array.from({ length: 150 }, (_, i) => ({ pk: `k-${i}` }));
  type Keys = readonly { readonly pk: string }[];
  const reading = (answer: (asked: Keys, call: number) => object) => {
    const waits: number[] = [];
    const asked: number[] = [];
    const read = readItems(
      async (_operation, { RequestItems }) => {
        const { Keys = [] } = RequestItems?.t ?? {};
        return answer(Keys as unknown as Keys, asked.push(Keys.length)) as never;
      },
      't',
      keys,
      { sleep: async (millis) => waits.push(millis), random: () => 1 },
    );
    return { read, waits, asked };
  };
  const found = (items: Keys, left: Keys = []) => ({
    Responses: { t: items },
    UnprocessedKeys: left.length === 0 ? {} : { t: { Keys: left } },
  });

  it('are asked for again where DynamoDB has left them, without a wait as long as it goes on', async () => {
    const { read, waits, asked } = reading((some) => found(some.slice(0, 40), some.slice(40)));
    expect(await read).toEqual(keys);
    expect(asked).toEqual([100, 100, 70, 30]);
    expect(waits).toEqual([]);
  });

  it('are waited for while DynamoDB does nothing', async () => {
    const { read, waits } = reading((some, call) => (call < 4 ? found([], some) : found(some)));
    expect(await read).toHaveLength(150);
    expect(waits).toEqual([50, 100, 200]);
  });

  it('are not waited for without an end', async () => {
    const { read, asked } = reading((some) => found([], some));
    await expect(read).rejects.toThrow("DynamoDB has left 150 keys of table 't' unprocessed 6 times in a row");
    expect(asked).toHaveLength(6);
  });

  it('are not there only when the answer says so', async () => {
    await expect(reading(() => ({})).read).rejects.toThrow("DynamoDB's answer cannot be right");
    await expect(reading(() => Promise.reject(new AwsError('X', 'no', 400)) as never).read).rejects.toThrow('no');
  });
});
