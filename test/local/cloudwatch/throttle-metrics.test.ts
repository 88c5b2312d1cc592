import { GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  BatchWriteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { expect, onTestFinished, test } from 'vitest';
import { NEW_ACCOUNT } from '../../../lib/local/account/account.ts';
import { REGION, start, until, writeAssembly } from '../engine/support.ts';
import { cloudwatchClient } from './support.ts';

const MINUTE_MS = 60_000;

test('what a table does not take is counted: calls, and each write of a batch', async () => {
  const keyType = [{ AttributeName: 'id', AttributeType: 'S' }];
  const Properties = { AttributeDefinitions: keyType, KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }] };
  const account = { ...NEW_ACCOUNT, dynamodb: { ...NEW_ACCOUNT.dynamodb, keyWrites: 1, transactionMs: 0 } };
  const Table = { Type: 'AWS::DynamoDB::Table', Properties };
  const { engine, physical } = await start(writeAssembly({ Table }), { account });
  const credentials = { accessKeyId: 'outside', secretAccessKey: 'outside' };
  const dynamodb = new DynamoDBClient({ endpoint: engine.url, region: REGION, credentials, maxAttempts: 1 });
  onTestFinished(() => dynamodb.destroy());
  const client = cloudwatchClient(engine);
  const TableName = physical('Table');
  const sum = async (MetricName: string, dimensions: Record<string, string> = {}): Promise<number> => {
    const { Datapoints = [] } = await client.send(
      new GetMetricStatisticsCommand({
        ...{ Namespace: 'AWS/DynamoDB', MetricName, Statistics: ['Sum'], Period: 60 },
        Dimensions: Object.entries({ TableName, ...dimensions }).map(([Name, Value]) => ({ Name, Value })),
        StartTime: new Date(Date.now() - 5 * MINUTE_MS),
        EndTime: new Date(Date.now() + MINUTE_MS),
      }),
    );
    return Datapoints.reduce((total, point) => total + (point.Sum ?? 0), 0);
  };
  // The key has one unit a second, and pays for this one for five minutes.
  const Item = { id: { S: 'hot' }, text: { S: 'x'.repeat(300 * 1_024) } };
  const Put = { TableName, Item };
  const refused = async (call: Promise<unknown>) =>
    expect(await call.catch((error: Error) => error.name)).toEqual(expect.any(String));

  await dynamodb.send(new PutItemCommand(Put));
  expect(await sum('WriteThrottleEvents')).toBe(0);
  await refused(dynamodb.send(new PutItemCommand(Put)));
  expect(await sum('ThrottledRequests', { Operation: 'PutItem' })).toBe(1);
  expect(await sum('WriteThrottleEvents')).toBe(1);

  await refused(dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{ Put }] })));
  expect(await sum('ThrottledRequests', { Operation: 'TransactWriteItems' })).toBe(1);
  expect(await sum('WriteThrottleEvents')).toBe(2);

  // One of two: the call is not throttled, its write is.
  const other = { PutRequest: { Item: { id: { S: 'cold' } } } };
  const batch = { RequestItems: { [TableName]: [{ PutRequest: { Item } }, other] } };
  const { UnprocessedItems } = await dynamodb.send(new BatchWriteItemCommand(batch));
  expect(UnprocessedItems?.[TableName]).toHaveLength(1);
  expect(await sum('ThrottledRequests', { Operation: 'BatchWriteItem' })).toBe(0);
  expect(await sum('WriteThrottleEvents')).toBe(3);
  await until('the line', () => engine.notices.some((notice) => notice.startsWith(`Throttled: table ${TableName}`)));
});
