import type { XmlElement } from '../../../lib/formats/xml.ts';
import type { AwsCalls } from '../../../lib/local/call.ts';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { listAt, objectAt, textAt } from '../../../lib/local/json.ts';
import { lambda, letIn, mapping, queue, type TestEngine, trust } from '../engine/support.ts';

/** One app with one of everything that keeps something, and all that can be read of it. */

const NOTE =
  'exports.handler = async ({ Records }) => { for (const record of Records) see(record.body ?? record.dynamodb?.Keys.pk.S ?? Buffer.from(record.kinesis.data, "base64").toString()); };';
const arn = (id: string): Json => ({ 'Fn::GetAtt': [id, 'Arn'] });
const ALL = [{ PolicyName: 'all', PolicyDocument: { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } }];

/** What the template of the app has; `Idle` parts are there to be read, the others to be used. */
export const EVERYTHING: JsonObject = {
  ...queue('Work', { RedrivePolicy: { deadLetterTargetArn: arn('Dead'), maxReceiveCount: 3 }, VisibilityTimeout: 600 }),
  ...queue('Dead', { MessageRetentionPeriod: 1_209_600 }),
  ...queue('Ordered', { FifoQueue: true, ContentBasedDeduplication: true }),
  ...queue('Inbox'),
  ...letIn('Inbox', 'queue', 'sns.amazonaws.com'),
  Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'news', DisplayName: 'News' } },
  Subscription: {
    Type: 'AWS::SNS::Subscription',
    Properties: {
      ...{ TopicArn: { Ref: 'Topic' }, Protocol: 'sqs', Endpoint: arn('Inbox') },
      ...{ RawMessageDelivery: true, FilterPolicy: { kind: ['kept'] } },
    },
  },
  Log: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 2, RetentionPeriodHours: 48 } },
  Table: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'owner', AttributeType: 'S' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-owner',
          KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      TimeToLiveSpecification: { Enabled: true, AttributeName: 'until' },
    },
  },
  Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'papers' } },
  BucketPolicy: {
    Type: 'AWS::S3::BucketPolicy',
    Properties: {
      Bucket: { Ref: 'Bucket' },
      PolicyDocument: { Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:DeleteObject', Resource: '*' }] },
    },
  },
  ...lambda('Reader', NOTE, { Environment: { Variables: { WORK: { Ref: 'Work' } } } }),
  ...mapping('FromLog', 'Reader', 'Log', { StartingPosition: 'TRIM_HORIZON' }),
  ...mapping('FromTable', 'Reader', 'Table', { StartingPosition: 'TRIM_HORIZON' }, 'StreamArn'),
  ...mapping('FromInbox', 'Reader', 'Inbox', { Enabled: false, BatchSize: 7 }),
  SchedulerRole: {
    Type: 'AWS::IAM::Role',
    Properties: { AssumeRolePolicyDocument: trust('scheduler.amazonaws.com'), Policies: ALL },
  },
  Schedule: {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      ...{ Name: 'yearly', ScheduleExpression: 'cron(0 0 1 1 ? *)', FlexibleTimeWindow: { Mode: 'OFF' } },
      Target: { Arn: arn('Work'), RoleArn: arn('SchedulerRole'), Input: 'ding' },
    },
  },
  Alarm: {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      ...{ AlarmName: 'quiet', Namespace: 'Own', MetricName: 'Never', Statistic: 'Sum', Period: 60 },
      ...{ EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: 'GreaterThanThreshold' },
      // Without data it stays as it was set.
      ...{ TreatMissingData: 'ignore', AlarmActions: [{ Ref: 'Topic' }] },
    },
  },
};

const CLOUDWATCH = '2010-08-01';
const json = async (text: Promise<string>): Promise<Json> => JSON.parse(await text) as Json;
const mappingPath = '/2015-03-31/event-source-mappings';

/** Makes a difference to everything that keeps one, by template and at run time. @returns the receipt handle of the message in flight */
export async function use({ calls, physical }: TestEngine): Promise<string> {
  const [Work, Ordered, Table] = [physical('Work'), physical('Ordered'), physical('Table')];
  const attributes = { kind: { DataType: 'Binary', BinaryValue: 'AQI=' } };
  for (const MessageBody of ['in flight', 'waiting'])
    await calls.json('sqs', 'SendMessage', { QueueUrl: Work, MessageBody, MessageAttributes: attributes });
  await calls.json('sqs', 'SendMessage', { QueueUrl: Work, MessageBody: 'delayed', DelaySeconds: 900 });
  const [inFlight] = listAt(await calls.json('sqs', 'ReceiveMessage', { QueueUrl: Work }), 'Messages');
  await calls.json('sqs', 'TagQueue', { QueueUrl: Work, Tags: { team: 'shop' } });
  await calls.json('kinesis', 'RegisterStreamConsumer', {
    StreamARN: await arnOfLog(calls, physical('Log')),
    ConsumerName: 'wide',
  });
  for (const [MessageGroupId, MessageBody] of [
    ['a', '1'],
    ['b', '1 of b'],
    ['a', '2'],
  ])
    await calls.json('sqs', 'SendMessage', {
      QueueUrl: Ordered,
      MessageGroupId: MessageGroupId ?? '',
      MessageBody: MessageBody ?? '',
    });
  for (const kind of ['kept', 'filtered'])
    await calls.query('sns', 'Publish', '2010-03-31', {
      ...{ TopicArn: physical('Topic'), Message: kind, 'MessageAttributes.entry.1.Name': 'kind' },
      ...{ 'MessageAttributes.entry.1.Value.DataType': 'String', 'MessageAttributes.entry.1.Value.StringValue': kind },
    });
  for (const key of ['k1', 'k2', 'k3'])
    await calls.json('kinesis', 'PutRecord', {
      ...{ StreamName: physical('Log'), PartitionKey: key, Data: Buffer.from(`log ${key}`).toString('base64') },
    });
  const item = (pk: string, more: JsonObject = {}) =>
    calls.json('dynamodb', 'PutItem', { TableName: Table, Item: { pk: { S: pk }, owner: { S: 'jo' }, ...more } });
  await item('t1', { bytes: { B: 'AQI=' }, number: { N: '1.50' }, list: { L: [{ NULL: true }, { SS: ['x', 'y'] }] } });
  await item('t2');
  await item('t2', { changed: { BOOL: true } });
  await calls.json('dynamodb', 'DeleteItem', { TableName: Table, Key: { pk: { S: 't1' } } });
  await calls.rest('s3', 'PUT', '/papers/a/b%20c', Buffer.from([0, 255, 1]), {
    ...{ 'content-type': 'application/x-own', 'x-amz-meta-owner': 'jo' },
  });
  await calls.rest('ses', 'POST', '/v2/email/outbound-emails', JSON.stringify(EMAIL));
  await calls.rest('scheduler', 'POST', '/schedules/once', JSON.stringify(await onceOf(calls)));
  const reserved = `/2017-10-31/functions/${physical('Reader')}/concurrency`;
  await calls.rest('lambda', 'PUT', reserved, '{"ReservedConcurrentExecutions":3}');
  await calls.rest('lambda', 'PUT', `${mappingPath}/${physical('FromInbox')}`, '{"BatchSize":9}');
  await calls.query('monitoring', 'SetAlarmState', CLOUDWATCH, {
    ...{ AlarmName: 'quiet', StateValue: 'ALARM', StateReason: 'set by hand' },
  });
  const DashboardBody = JSON.stringify({ widgets: [{ type: 'text', properties: { markdown: 'hello' } }] });
  await calls.query('monitoring', 'PutDashboard', CLOUDWATCH, { DashboardName: 'board', DashboardBody });
  return textAt(inFlight, 'ReceiptHandle') ?? '';
}

const arnOfLog = async (calls: AwsCalls, StreamName: string): Promise<string> =>
  textAt(
    objectAt(await calls.json('kinesis', 'DescribeStreamSummary', { StreamName }), 'StreamDescriptionSummary'),
    'StreamARN',
  ) ?? '';

const EMAIL = {
  FromEmailAddress: 'shop@example.com',
  Destination: { ToAddresses: ['jo@example.com'] },
  Content: { Simple: { Subject: { Data: 'hello' }, Body: { Text: { Data: 'text' } } } },
};

/** A schedule that is made at run time, like the one of the template. */
async function onceOf(calls: AwsCalls): Promise<JsonObject> {
  const yearly = (await json(calls.rest('scheduler', 'GET', '/schedules/yearly'))) as JsonObject;
  return {
    ...{ ScheduleExpression: 'at(2099-01-01T00:00:00)', ScheduleExpressionTimezone: 'Europe/Zurich' },
    ...{ FlexibleTimeWindow: { Mode: 'OFF' }, Target: objectAt(yearly, 'Target') },
  };
}

/** All that can be read of the app without changing it; the address of the engine, which moves, is left out. */
export async function snapshot({ engine, calls, physical }: TestEngine): Promise<Json> {
  const queues: JsonObject = {};
  for (const id of ['Work', 'Dead', 'Ordered', 'Inbox']) {
    const answer = await calls.json('sqs', 'GetQueueAttributes', { QueueUrl: physical(id), AttributeNames: ['All'] });
    queues[id] = objectAt(answer, 'Attributes');
  }
  const TableName = physical('Table');
  const StreamName = physical('Log');
  const query = async (service: string, operation: string, version: string, parameters: Record<string, string>) =>
    plain(await calls.query(service, operation, version, parameters));
  const TopicArn = physical('Topic');
  const alarms = { AlarmNames: 'quiet' };
  const everything = {
    stacks: engine.stacks.map(({ id, createdAt, outputs, resources }) => ({
      ...{ id, createdAt: createdAt.toISOString(), outputs: Object.keys(outputs) },
      resources: Object.entries(resources).map(([name, { physicalId, attributes }]) => [name, physicalId, attributes]),
    })),
    queues,
    tags: await calls.json('sqs', 'ListQueueTags', { QueueUrl: physical('Work') }),
    consumers: await calls.json('kinesis', 'ListStreamConsumers', { StreamARN: await arnOfLog(calls, StreamName) }),
    topic: await query('sns', 'GetTopicAttributes', '2010-03-31', { TopicArn }),
    subscriptions: await query('sns', 'ListSubscriptionsByTopic', '2010-03-31', { TopicArn }),
    subscription: await query('sns', 'GetSubscriptionAttributes', '2010-03-31', {
      SubscriptionArn: physical('Subscription'),
    }),
    log: await calls.json('kinesis', 'DescribeStreamSummary', { StreamName }),
    records: await recordsOf(calls, StreamName),
    table: await calls.json('dynamodb', 'DescribeTable', { TableName }),
    expiry: await calls.json('dynamodb', 'DescribeTimeToLive', { TableName }),
    items: await calls.json('dynamodb', 'Scan', { TableName }),
    index: await calls.json('dynamodb', 'Scan', { TableName, IndexName: 'by-owner' }),
    changes: await changesOf(calls, engine.stacks[0]?.resources.Table?.attributes.StreamArn ?? ''),
    object: await calls.rest('s3', 'GET', '/papers/a/b%20c'),
    objects: await calls.rest('s3', 'GET', '/papers?list-type=2'),
    policy: await calls.rest('s3', 'GET', '/papers?policy'),
    mappings: (listAt(await json(calls.rest('lambda', 'GET', mappingPath)), 'EventSourceMappings') as JsonObject[]).map(
      ({ LastProcessingResult: _, LastModified: __, ...mappingView }) => mappingView,
    ),
    reserved: await json(calls.rest('lambda', 'GET', `/2019-09-30/functions/${physical('Reader')}/concurrency`)),
    schedules: [
      await json(calls.rest('scheduler', 'GET', '/schedules/yearly')),
      await json(calls.rest('scheduler', 'GET', '/schedules/once')),
    ],
    alarm: await query('monitoring', 'DescribeAlarms', CLOUDWATCH, { 'AlarmNames.member.1': alarms.AlarmNames }),
    history: await query('monitoring', 'DescribeAlarmHistory', CLOUDWATCH, { AlarmName: 'quiet' }),
    dashboard: await query('monitoring', 'GetDashboard', CLOUDWATCH, { DashboardName: 'board' }),
    role: await query('iam', 'GetRole', '2010-05-08', { RoleName: physical('ReaderRole') }),
    mails: (await (await fetch(`${engine.url}/_aws/ses`)).json()) as Json,
  };
  return JSON.parse(JSON.stringify(everything).replaceAll(engine.url, 'ENGINE')) as Json;
}

/** An element without what is different in every answer. */
const plain = ({ name, text, children }: XmlElement): Json =>
  children.length === 0 ? { [name]: text } : { [name]: children.map(plain) };

async function recordsOf(calls: AwsCalls, StreamName: string): Promise<Json[]> {
  const shards = listAt(await calls.json('kinesis', 'ListShards', { StreamName }), 'Shards');
  const all: Json[] = [...shards];
  for (const shard of shards) {
    const start = { StreamName, ShardId: textAt(shard, 'ShardId') ?? '', ShardIteratorType: 'TRIM_HORIZON' };
    const { ShardIterator = '' } = await calls.json('kinesis', 'GetShardIterator', start);
    all.push(...listAt(await calls.json('kinesis', 'GetRecords', { ShardIterator }), 'Records'));
  }
  return all;
}

async function changesOf(calls: AwsCalls, StreamArn: Json): Promise<Json[]> {
  const { StreamDescription } = await calls.json('streams', 'DescribeStream', { StreamArn });
  const all: Json[] = [];
  for (const shard of listAt(StreamDescription, 'Shards')) {
    const start = { StreamArn, ShardId: textAt(shard, 'ShardId') ?? '', ShardIteratorType: 'TRIM_HORIZON' };
    const { ShardIterator = '' } = await calls.json('streams', 'GetShardIterator', start);
    all.push(...listAt(await calls.json('streams', 'GetRecords', { ShardIterator }), 'Records'));
  }
  return all;
}
