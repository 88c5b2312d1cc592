import {
  type CloudWatchClient,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  type StandardUnit,
  type Statistic,
} from '@aws-sdk/client-cloudwatch';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/local/json.ts';
import { lambda, letIn, mapping, queue, send, start, takeMessages, until, writeAssembly } from '../engine/support.ts';
import { cloudwatchClient, topicArn, topicWithInbox } from './support.ts';

const TIME_SCALE = 600;
const MINUTE_MS = 60_000;

/** Sum, maximum and unit of a metric over all of its datapoints; undefined when there are none. */
async function total(
  client: CloudWatchClient,
  Namespace: string,
  MetricName: string,
  dimensions: Record<string, string>,
) {
  const Statistics: Statistic[] = ['Sum', 'Maximum'];
  const { Datapoints = [] } = await client.send(
    new GetMetricStatisticsCommand({
      ...{ Namespace, MetricName, Statistics, Period: 60 },
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      StartTime: new Date(Date.now() - 5 * MINUTE_MS),
      EndTime: new Date(Date.now() + 1_000),
    }),
  );
  if (Datapoints.length === 0) return undefined;
  return {
    sum: Datapoints.reduce((sum, point) => sum + (point.Sum ?? 0), 0),
    max: Math.max(...Datapoints.map((point) => point.Maximum ?? 0)),
    unit: Datapoints[0]?.Unit,
  };
}

/** Expects sums of metrics, once they are complete. */
async function expectSums(
  client: CloudWatchClient,
  namespace: string,
  dimensions: Record<string, string>,
  expected: Readonly<Record<string, readonly [sum: number, unit: StandardUnit]>>,
): Promise<void> {
  for (const [name, [sum, unit]] of Object.entries(expected)) {
    await until(
      `${namespace} ${name}`,
      async () => ((await total(client, namespace, name, dimensions))?.sum ?? 0) >= sum,
    );
    expect(await total(client, namespace, name, dimensions), name).toMatchObject({ sum, unit });
  }
}

async function run(resources: JsonObject) {
  const running = await start(writeAssembly(resources), { timeScale: TIME_SCALE });
  return {
    ...running,
    client: cloudwatchClient(running.engine),
    last: (id: string) => running.physical(id).split(/[/:]/).at(-1) ?? '',
  };
}

test('AWS/SQS: counters by queue, levels once a minute', async () => {
  const { client, calls, physical, last } = await run(queue('Work', { VisibilityTimeout: 600 }));
  const QueueUrl = physical('Work');
  for (const body of ['a', 'bcd', 'e']) await send(calls, QueueUrl, body);
  await send(calls, QueueUrl, 'later', { DelaySeconds: 600 });
  await takeMessages(calls, QueueUrl, 3);
  await calls.json('sqs', 'ReceiveMessage', { QueueUrl });
  const dimensions = { QueueName: last('Work') };
  await expectSums(client, 'AWS/SQS', dimensions, {
    NumberOfMessagesSent: [4, 'Count'],
    SentMessageSize: [10, 'Bytes'],
    NumberOfMessagesReceived: [3, 'Count'],
    NumberOfMessagesDeleted: [3, 'Count'],
    NumberOfEmptyReceives: [1, 'Count'],
  });
  const level = (name: string) => until(name, () => total(client, 'AWS/SQS', name, dimensions));
  expect(await level('ApproximateNumberOfMessagesVisible')).toMatchObject({ unit: 'Count' });
  expect(await level('ApproximateNumberOfMessagesNotVisible')).toMatchObject({ unit: 'Count' });
  // The first level may have been taken before the message was sent.
  await until('a delayed message', async () => (await level('ApproximateNumberOfMessagesDelayed')).max >= 1);
  expect(await level('ApproximateNumberOfMessagesDelayed')).toMatchObject({ max: 1, unit: 'Count' });
  expect(await level('ApproximateAgeOfOldestMessage')).toMatchObject({ unit: 'Seconds' });
});

test('AWS/SQS: what redrive moves into a dead-letter queue is not counted as sent there', async () => {
  const { client, calls, physical, last } = await run({
    ...queue('Dead'),
    ...queue('Work', {
      VisibilityTimeout: 0,
      RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 1 },
    }),
  });
  await send(calls, physical('Work'), 'poison');
  for (let receive = 0; receive < 2; receive++)
    await calls.json('sqs', 'ReceiveMessage', { QueueUrl: physical('Work') });
  const dead = { QueueName: last('Dead') };
  await until(
    'the level',
    async () => (await total(client, 'AWS/SQS', 'ApproximateNumberOfMessagesVisible', dead))?.max === 1,
  );
  expect(await total(client, 'AWS/SQS', 'NumberOfMessagesSent', dead)).toBeUndefined();
});

test('AWS/SNS: published, delivered, failed, filtered out', async () => {
  const { client, calls } = await run({
    ...topicWithInbox('News'),
    ...queue('Other'),
    ...letIn('Other', 'queue', 'sns.amazonaws.com'),
    ...queue('Closed'),
    NotLetIn: {
      Type: 'AWS::SNS::Subscription',
      Properties: { TopicArn: { Ref: 'News' }, Protocol: 'sqs', Endpoint: { 'Fn::GetAtt': ['Closed', 'Arn'] } },
    },
    Never: {
      Type: 'AWS::SNS::Subscription',
      Properties: {
        TopicArn: { Ref: 'News' },
        Protocol: 'sqs',
        Endpoint: { 'Fn::GetAtt': ['Other', 'Arn'] },
        FilterPolicy: { kind: ['never'] },
      },
    },
  });
  const TopicArn = topicArn('news');
  await calls.query('sns', 'Publish', '2010-03-31', { TopicArn, Message: 'one' });
  await calls.query('sns', 'PublishBatch', '2010-03-31', {
    TopicArn,
    'PublishBatchRequestEntries.member.1.Id': 'a',
    'PublishBatchRequestEntries.member.1.Message': 'two',
    'PublishBatchRequestEntries.member.2.Id': 'b',
    'PublishBatchRequestEntries.member.2.Message': 'three',
  });
  await expectSums(
    client,
    'AWS/SNS',
    { TopicName: 'news' },
    {
      NumberOfMessagesPublished: [3, 'Count'],
      PublishSize: [11, 'Bytes'],
      NumberOfNotificationsDelivered: [3, 'Count'],
      NumberOfNotificationsFailed: [3, 'Count'],
      NumberOfNotificationsFilteredOut: [3, 'Count'],
    },
  );
});

test('AWS/SNS: what is refused counts nowhere', async () => {
  const { client, calls } = await run(topicWithInbox('News'));
  const TopicArn = topicArn('news');
  const publish = (more: Record<string, string>) => calls.query('sns', 'Publish', '2010-03-31', { TopicArn, ...more });
  const batch = (entries: Record<string, string>) =>
    calls.query('sns', 'PublishBatch', '2010-03-31', {
      TopicArn,
      ...Object.fromEntries(
        Object.entries(entries).map(([name, value]) => [`PublishBatchRequestEntries.member.${name}`, value]),
      ),
    });
  await expect(publish({ Message: '' })).rejects.toThrow();
  await expect(publish({ Message: 'x'.repeat(300_000) })).rejects.toThrow();
  await expect(batch({ '1.Id': 'a', '1.Message': 'x', '2.Id': 'a', '2.Message': 'y' })).rejects.toThrow();
  await publish({ Message: 'taken' });
  const dimensions = { TopicName: 'news' };
  await expectSums(client, 'AWS/SNS', dimensions, {
    NumberOfMessagesPublished: [1, 'Count'],
    PublishSize: [5, 'Bytes'],
    NumberOfNotificationsDelivered: [1, 'Count'],
  });
  for (const none of ['NumberOfNotificationsFailed', 'NumberOfNotificationsFilteredOut'])
    expect(await total(client, 'AWS/SNS', none, dimensions)).toBeUndefined();
});

test('AWS/SQS: what is refused counts nowhere', async () => {
  const { client, calls, physical, last } = await run(queue('Work', { VisibilityTimeout: 600 }));
  const QueueUrl = physical('Work');
  await expect(send(calls, QueueUrl, '')).rejects.toThrow();
  await expect(send(calls, QueueUrl, 'x'.repeat(1_100_000))).rejects.toThrow();
  await expect(send(calls, QueueUrl, 'x', { DelaySeconds: 1_000 })).rejects.toThrow();
  const Entries = ['a', 'a'].map((Id) => ({ Id, MessageBody: 'x' }));
  await expect(calls.json('sqs', 'SendMessageBatch', { QueueUrl, Entries })).rejects.toThrow();
  await expect(calls.json('sqs', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 11 })).rejects.toThrow();
  await expect(calls.json('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle: 'nothing' })).rejects.toThrow();
  await send(calls, QueueUrl, 'taken');
  const dimensions = { QueueName: last('Work') };
  await expectSums(client, 'AWS/SQS', dimensions, {
    NumberOfMessagesSent: [1, 'Count'],
    SentMessageSize: [5, 'Bytes'],
  });
  for (const none of ['NumberOfMessagesReceived', 'NumberOfMessagesDeleted', 'NumberOfEmptyReceives'])
    expect(await total(client, 'AWS/SQS', none, dimensions)).toBeUndefined();
});

test('AWS/Kinesis and the IteratorAge of the function that reads the stream', async () => {
  const { client, calls, last, seen } = await run({
    Log: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } },
    ...lambda('Reader', 'exports.handler = async (event) => see(event.Records.length);'),
    ...mapping('Mapping', 'Reader', 'Log', { StartingPosition: 'TRIM_HORIZON' }),
  });
  const StreamName = last('Log');
  const Data = Buffer.from('12345').toString('base64');
  await calls.json('kinesis', 'PutRecord', { StreamName, PartitionKey: 'k', Data });
  await calls.json('kinesis', 'PutRecords', {
    StreamName,
    Records: [
      { PartitionKey: 'k', Data },
      { PartitionKey: 'l', Data },
    ],
  });
  await until('the records', () => seen('Reader').reduce<number>((sum, count) => sum + Number(count), 0) === 3);
  await expectSums(
    client,
    'AWS/Kinesis',
    { StreamName },
    {
      IncomingRecords: [3, 'Count'],
      IncomingBytes: [15, 'Bytes'],
      'PutRecord.Success': [1, 'Count'],
      'PutRecords.Success': [1, 'Count'],
      'PutRecords.TotalRecords': [2, 'Count'],
      'PutRecords.SuccessfulRecords': [2, 'Count'],
      'GetRecords.Records': [3, 'Count'],
      'GetRecords.Bytes': [15, 'Bytes'],
    },
  );
  expect(await total(client, 'AWS/Kinesis', 'GetRecords.IteratorAgeMilliseconds', { StreamName })).toMatchObject({
    unit: 'Milliseconds',
  });
  expect(await total(client, 'AWS/Kinesis', 'WriteProvisionedThroughputExceeded', { StreamName })).toMatchObject({
    sum: 0,
    unit: 'Count',
  });
  const age = await total(client, 'AWS/Lambda', 'IteratorAge', { FunctionName: last('Reader') });
  expect(age).toMatchObject({ unit: 'Milliseconds' });
});

test('AWS/Lambda: invocations, errors, duration and throttles, by function and for all', async () => {
  const { client, calls, physical, engine } = await run({
    ...lambda('F', `exports.handler = async (event) => { if (event.fail) throw new Error('no'); };`, {
      ReservedConcurrentExecutions: 1,
    }),
    ...lambda('Closed', 'exports.handler = async () => 1;', { ReservedConcurrentExecutions: 0 }),
  });
  const invoke = (name: string, event: object, headers = {}) =>
    calls.rest('lambda', 'POST', `/2015-03-31/functions/${name}/invocations`, JSON.stringify(event), headers);
  await invoke(physical('F'), {});
  await invoke(physical('F'), { fail: true });
  await expect(invoke(physical('Closed'), {})).rejects.toThrow();
  await invoke(physical('F'), {}, { 'x-amz-invocation-type': 'Event' });
  await until('the event to be done', () => engine.busy === 0);
  const f = { FunctionName: physical('F') };
  await expectSums(client, 'AWS/Lambda', f, {
    Invocations: [3, 'Count'],
    Errors: [1, 'Count'],
    AsyncEventsReceived: [1, 'Count'],
  });
  expect(await total(client, 'AWS/Lambda', 'Throttles', { FunctionName: physical('Closed') })).toMatchObject({
    sum: 1,
    unit: 'Count',
  });
  expect(await total(client, 'AWS/Lambda', 'Invocations', { FunctionName: physical('Closed') })).toBeUndefined();
  expect(await total(client, 'AWS/Lambda', 'Duration', f)).toMatchObject({ unit: 'Milliseconds' });
  expect(await total(client, 'AWS/Lambda', 'ConcurrentExecutions', f)).toMatchObject({ max: 1, unit: 'Count' });
  expect(await total(client, 'AWS/Lambda', 'Invocations', {})).toMatchObject({ sum: 3 });
});

test('AWS/DynamoDB: capacity, latency, failed conditions and requests refused', async () => {
  const { client, calls, physical } = await run({
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      },
    },
  });
  const TableName = physical('Table');
  const item = (id: string, size: number) => ({ id: { S: id }, text: { S: 'x'.repeat(size) } });
  await calls.json('dynamodb', 'PutItem', { TableName, Item: item('a', 10) });
  await calls.json('dynamodb', 'PutItem', { TableName, Item: item('b', 2_500) });
  await calls.json('dynamodb', 'TransactWriteItems', { TransactItems: [{ Put: { TableName, Item: item('c', 10) } }] });
  const answer = await calls.json('dynamodb', 'GetItem', { TableName, Key: { id: { S: 'b' } }, ConsistentRead: true });
  expect(answer).not.toHaveProperty('ConsumedCapacity');
  const condition = { ConditionExpression: 'attribute_not_exists(id)' };
  await expect(calls.json('dynamodb', 'PutItem', { TableName, Item: item('a', 1), ...condition })).rejects.toThrow();
  await expect(calls.json('dynamodb', 'PutItem', { TableName, Item: {} })).rejects.toThrow();
  await expectSums(
    client,
    'AWS/DynamoDB',
    { TableName },
    {
      // 1 + 3 units, and twice 1 in a transaction.
      ConsumedWriteCapacityUnits: [6, 'Count'],
      ConsumedReadCapacityUnits: [1, 'Count'],
      ConditionalCheckFailedRequests: [1, 'Count'],
    },
  );
  expect(await total(client, 'AWS/DynamoDB', 'UserErrors', {})).toMatchObject({ sum: 1 });
  const latency = await total(client, 'AWS/DynamoDB', 'SuccessfulRequestLatency', { TableName, Operation: 'PutItem' });
  expect(latency).toMatchObject({ unit: 'Milliseconds' });
});

test('ListMetrics tells of all of them', async () => {
  const { client, calls, physical } = await run(queue('Work'));
  await send(calls, physical('Work'), 'x');
  const { Metrics = [] } = await client.send(
    new ListMetricsCommand({ Namespace: 'AWS/SQS', MetricName: 'NumberOfMessagesSent' }),
  );
  expect(Metrics.map(({ Dimensions }) => Dimensions?.[0]?.Name)).toEqual(['QueueName']);
});
