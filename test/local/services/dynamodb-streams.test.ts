import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  PutItemCommand,
  type StreamViewType,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTable, getItem, streamsAt } from './dynamodb-harness.ts';
import { failure, type Harness, startHarness, until } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ ttlSweepMs: 20 });
});
afterAll(() => harness.close());

async function streamedTable(name: string, StreamViewType: StreamViewType = 'NEW_AND_OLD_IMAGES'): Promise<string> {
  await createTable(harness.clients.dynamodb, name, { StreamSpecification: { StreamEnabled: true, StreamViewType } });
  return streamArn(name);
}
async function streamArn(TableName: string): Promise<string> {
  const { Table } = await harness.clients.dynamodb.send(new DescribeTableCommand({ TableName }));
  return Table?.LatestStreamArn ?? '';
}
const put = (TableName: string, pk: string, v = '1') =>
  harness.clients.dynamodb.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, v: { N: v } } }));
const streams = () => streamsAt(harness.services.url);
const item = (v: string) => ({ pk: { S: 'a' }, v: { N: v } });

describe('records', () => {
  it.each([
    ['KEYS_ONLY', [{}, {}, {}]],
    ['NEW_IMAGE', [{ NewImage: item('1') }, { NewImage: item('2') }, {}]],
    ['OLD_IMAGE', [{}, { OldImage: item('1') }, { OldImage: item('2') }]],
    [
      'NEW_AND_OLD_IMAGES',
      [{ NewImage: item('1') }, { NewImage: item('2'), OldImage: item('1') }, { OldImage: item('2') }],
    ],
  ] as const)(
    '%s: have the images of the view type, and nothing for a write that changes nothing',
    async (viewType, images) => {
      const name = `view-${viewType}`;
      const arn = await streamedTable(name, viewType);
      await put(name, 'a', '1');
      await put(name, 'a', '1');
      await put(name, 'a', '2');
      await harness.clients.dynamodb.send(new DeleteItemCommand({ TableName: name, Key: { pk: { S: 'a' } } }));
      await harness.clients.dynamodb.send(new DeleteItemCommand({ TableName: name, Key: { pk: { S: 'a' } } }));
      const records = await streams().all(arn);
      expect(records.map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY', 'REMOVE']);
      for (const [index, { dynamodb }] of records.entries()) {
        const { Keys, NewImage, OldImage, StreamViewType } = dynamodb;
        expect({ Keys, StreamViewType }).toEqual({ Keys: { pk: { S: 'a' } }, StreamViewType: viewType });
        expect({ ...(NewImage && { NewImage }), ...(OldImage && { OldImage }) }).toEqual(images[index]);
        expect(dynamodb.SizeBytes).toBeGreaterThan(0);
      }
    },
  );

  it('come from every way of writing, in the order of the writes', async () => {
    const { dynamodb } = harness.clients;
    const arn = await streamedTable('ways');
    await put('ways', 'put');
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: 'ways',
        Key: { pk: { S: 'update' } },
        UpdateExpression: 'SET v = :v',
        ExpressionAttributeValues: { ':v': { N: '1' } },
      }),
    );
    await dynamodb.send(
      new BatchWriteItemCommand({
        RequestItems: {
          ways: [{ PutRequest: { Item: { pk: { S: 'batch' } } } }, { DeleteRequest: { Key: { pk: { S: 'put' } } } }],
        },
      }),
    );
    await dynamodb.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Put: { TableName: 'ways', Item: { pk: { S: 'transact' } } } },
          { Delete: { TableName: 'ways', Key: { pk: { S: 'update' } } } },
          {
            ConditionCheck: {
              TableName: 'ways',
              Key: { pk: { S: 'batch' } },
              ConditionExpression: 'attribute_exists(pk)',
            },
          },
        ],
      }),
    );
    await failure(
      dynamodb.send(
        new PutItemCommand({
          TableName: 'ways',
          Item: { pk: { S: 'batch' } },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    );
    const seen = (await streams().all(arn)).map(
      ({ eventName, dynamodb: { Keys } }) => `${eventName} ${(Keys as { pk: { S: string } }).pk.S}`,
    );
    expect(seen).toEqual([
      'INSERT put',
      'INSERT update',
      'INSERT batch',
      'REMOVE put',
      'INSERT transact',
      'REMOVE update',
    ]);
  });
});

describe('reading', () => {
  it('starts where it is told to, page by page, and goes on for as long as the stream is open', async () => {
    const arn = await streamedTable('positions');
    const api = streams();
    for (const n of ['1', '2', '3', '4']) await put('positions', n);
    const latest = await api.iterator(arn, { ShardIteratorType: 'LATEST' });
    const numbers = (await api.all(arn)).map(({ dynamodb }) => dynamodb.SequenceNumber);
    expect(numbers).toEqual([...numbers].sort());
    expect(new Set(numbers).size).toBe(4);
    expect(numbers[0]).toMatch(/^\d{21}$/);
    const [, second = ''] = numbers;
    const at = await api.records(
      await api.iterator(arn, { ShardIteratorType: 'AT_SEQUENCE_NUMBER', SequenceNumber: second }),
      2,
    );
    expect(at.records.map(({ dynamodb }) => dynamodb.SequenceNumber)).toEqual(numbers.slice(1, 3));
    const rest = await api.records(String(at.next));
    expect(rest.records.map(({ dynamodb }) => dynamodb.SequenceNumber)).toEqual(numbers.slice(3));
    const after = await api.records(
      await api.iterator(arn, { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: second }),
    );
    expect(after.records).toHaveLength(2);

    const nothing = await api.records(latest);
    expect(nothing.records).toEqual([]);
    await put('positions', '5');
    const five = await api.records(String(nothing.next));
    expect(five.records.map(({ dynamodb }) => dynamodb.Keys)).toEqual([{ pk: { S: '5' } }]);
    expect(five.next).toBeDefined();
  });

  it('ends when the stream is switched off or its table deleted', async () => {
    const { dynamodb } = harness.clients;
    const arn = await streamedTable('ending');
    await put('ending', 'a');
    await dynamodb.send(new UpdateTableCommand({ TableName: 'ending', StreamSpecification: { StreamEnabled: false } }));
    await put('ending', 'unseen');
    const { records, next } = await streams().records(
      await streams().iterator(arn, { ShardIteratorType: 'TRIM_HORIZON' }),
    );
    expect(records).toHaveLength(1);
    expect(next).toBeUndefined();
    expect((await streams().describe(arn)).StreamStatus).toBe('DISABLED');

    await dynamodb.send(
      new UpdateTableCommand({
        TableName: 'ending',
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
      }),
    );
    const second = await streamArn('ending');
    expect(second).not.toBe(arn);
    await put('ending', 'b');
    await dynamodb.send(new DeleteTableCommand({ TableName: 'ending' }));
    expect(await streams().all(second)).toHaveLength(1);
    const { Streams } = await streams().call('ListStreams', { TableName: 'ending' });
    expect(Streams).toHaveLength(2);
  });

  it('wakes a listener as soon as there is a record', async () => {
    const arn = await streamedTable('waking');
    let woken = 0;
    const stop = harness.services.streamActivity.onAppend(arn, () => {
      woken++;
    });
    await put('waking', 'a');
    expect(woken).toBe(1);
    await put('waking', 'a');
    expect(woken).toBe(1);
    stop();
    await put('waking', 'b');
    expect(woken).toBe(1);
  });
});

describe('time to live', () => {
  it('removes what has expired, before and after it was switched on, and says in the stream that DynamoDB did it', async () => {
    const { dynamodb } = harness.clients;
    const arn = await streamedTable('ttl');
    const now = Math.floor(Date.now() / 1_000);
    await put('ttl', 'old', String(now - 10));
    await put('ttl', 'ancient', String(now - 6 * 365 * 24 * 3_600));
    await put('ttl', 'future', String(now + 3_600));
    await put('ttl', 'prolonged', String(now + 3_600));
    await dynamodb.send(
      new UpdateTimeToLiveCommand({ TableName: 'ttl', TimeToLiveSpecification: { AttributeName: 'v', Enabled: true } }),
    );
    await put('ttl', 'later', String(now - 10));
    const removed = await until('the expired items to go', async () => {
      const records = (await streams().all(arn)).filter(({ eventName }) => eventName === 'REMOVE');
      return records.length >= 2 ? records : undefined;
    });
    expect(removed.map(({ dynamodb: { Keys } }) => (Keys as { pk: { S: string } }).pk.S).sort()).toEqual([
      'later',
      'old',
    ]);
    for (const { userIdentity } of removed) {
      expect(userIdentity).toMatchObject({ type: 'Service', principalId: 'dynamodb.amazonaws.com' });
    }
    for (const pk of ['ancient', 'future', 'prolonged']) expect(await getItem(dynamodb, 'ttl', pk)).toBeDefined();
    const { TimeToLiveDescription } = await dynamodb.send(new DescribeTimeToLiveCommand({ TableName: 'ttl' }));
    expect(TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'v' });
  });
});
