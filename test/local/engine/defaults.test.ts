import { expect, test } from 'vitest';
import { childOf, textIn } from '../../../lib/formats/xml.ts';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { objectAt } from '../../../lib/local/json.ts';
import { lambda, queue, start, type TestEngine, writeAssembly } from './support.ts';

/** A type with properties that can come and go, what is there all the time, and how a resource of it shows itself. */
interface Case {
  readonly type: string;
  readonly stays?: JsonObject;
  readonly goes: JsonObject;
  /** What each of the two has of its own. */
  readonly own?: (which: string) => JsonObject;
  shown(app: TestEngine, id: string): Promise<Json>;
}

const without = (all: JsonObject, ...names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

const QUEUE: JsonObject = {
  ...{ DelaySeconds: 5, MaximumMessageSize: 2_048, MessageRetentionPeriod: 1_000, ReceiveMessageWaitTimeSeconds: 3 },
  ...{ VisibilityTimeout: 99, RedriveAllowPolicy: { redrivePermission: 'denyAll' } },
};
const queueShown: Case['shown'] = async ({ calls, physical }, id) => {
  const answer = await calls.json('sqs', 'GetQueueAttributes', { QueueUrl: physical(id), AttributeNames: ['All'] });
  return without(objectAt(answer, 'Attributes'), 'QueueArn', 'CreatedTimestamp', 'LastModifiedTimestamp');
};
const streamShown: Case['shown'] = async ({ calls, physical }, id) => {
  const answer = await calls.json('kinesis', 'DescribeStreamSummary', { StreamName: physical(id) });
  const all = objectAt(answer, 'StreamDescriptionSummary');
  return without(all, 'StreamName', 'StreamARN', 'StreamCreationTimestamp');
};
const topicShown: Case['shown'] = async ({ calls, physical }, id) => {
  const result = await calls.query('sns', 'GetTopicAttributes', '2010-03-31', { TopicArn: physical(id) });
  const entries = (childOf(result, 'Attributes')?.children ?? []).map((entry) => [
    textIn(entry, 'key'),
    textIn(entry, 'value').replaceAll(physical(id), 'ARN'),
  ]);
  return Object.fromEntries(entries.filter(([key]) => key !== 'TopicArn').sort());
};
const mappingShown: Case['shown'] = async ({ calls, physical }, id) => {
  const answer = await calls.rest('lambda', 'GET', `/2015-03-31/event-source-mappings/${physical(id)}`);
  const ofItsOwn = ['UUID', 'LastModified', 'EventSourceMappingArn', 'EventSourceArn'];
  return without(JSON.parse(answer) as JsonObject, ...ofItsOwn);
};
const functionShown: Case['shown'] = async ({ calls, physical }, id) => {
  const answer = await calls.rest('lambda', 'GET', `/2015-03-31/functions/${physical(id)}/configuration`);
  const ofItsOwn = ['FunctionName', 'FunctionArn', 'LastModified', 'RevisionId', 'LoggingConfig'];
  return without(JSON.parse(answer) as JsonObject, ...ofItsOwn);
};

const CASES: Readonly<Record<string, Case>> = {
  Queue: {
    type: 'AWS::SQS::Queue',
    goes: { ...QUEUE, RedrivePolicy: { deadLetterTargetArn: arnOf('Dead'), maxReceiveCount: 4 } },
    shown: queueShown,
  },
  Encrypted: {
    type: 'AWS::SQS::Queue',
    goes: { KmsMasterKeyId: 'alias/aws/sqs', KmsDataKeyReusePeriodSeconds: 600 },
    shown: queueShown,
  },
  Open: { type: 'AWS::SQS::Queue', goes: { SqsManagedSseEnabled: false }, shown: queueShown },
  Fifo: {
    type: 'AWS::SQS::Queue',
    stays: { FifoQueue: true },
    goes: {
      ...QUEUE,
      ...{ ContentBasedDeduplication: true, DeduplicationScope: 'messageGroup' },
      FifoThroughputLimit: 'perMessageGroupId',
    },
    shown: queueShown,
  },
  Topic: {
    type: 'AWS::SNS::Topic',
    goes: { DisplayName: 'shown', TracingConfig: 'Active', SignatureVersion: '2', KmsMasterKeyId: 'alias/aws/sns' },
    shown: topicShown,
  },
  FifoTopic: {
    type: 'AWS::SNS::Topic',
    stays: { FifoTopic: true },
    goes: { ContentBasedDeduplication: true, FifoThroughputScope: 'MessageGroup' },
    shown: topicShown,
  },
  Stream: {
    type: 'AWS::Kinesis::Stream',
    stays: { ShardCount: 1 },
    goes: {
      ...{ RetentionPeriodHours: 48, MaxRecordSizeInKiB: 2_048, DesiredShardLevelMetrics: ['IncomingBytes'] },
      StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
    },
    shown: streamShown,
  },
  Mapping: {
    type: 'AWS::Lambda::EventSourceMapping',
    stays: { FunctionName: { Ref: 'Reader' }, StartingPosition: 'LATEST' },
    own: (which) => ({ EventSourceArn: arnOf(`Log${which}`) }),
    goes: {
      ...{ BatchSize: 7, BisectBatchOnFunctionError: true, FunctionResponseTypes: ['ReportBatchItemFailures'] },
      ...{ MaximumBatchingWindowInSeconds: 3, MaximumRecordAgeInSeconds: 90, MaximumRetryAttempts: 2 },
      ...{ ParallelizationFactor: 3, DestinationConfig: { OnFailure: { Destination: arnOf('Dead') } } },
      FilterCriteria: { Filters: [{ Pattern: '{"data":{"a":[1]}}' }] },
    },
    shown: mappingShown,
  },
  Function: {
    type: 'AWS::Lambda::Function',
    stays: {
      ...{ Code: { ZipFile: 'exports.handler = async () => 1;' }, Handler: 'index.handler', Runtime: 'nodejs24.x' },
      Role: arnOf('ReaderRole'),
    },
    goes: {
      ...{ Timeout: 20, MemorySize: 512, Environment: { Variables: { A: 'b' } }, Description: 'what it does' },
      DeadLetterConfig: { TargetArn: arnOf('Dead') },
    },
    shown: functionShown,
  },
};

/** Two resources of a case: one has what can go, the other has not. */
const twins = (first: string, second: string): JsonObject =>
  Object.fromEntries(
    Object.entries(CASES).flatMap(([id, { type, stays = {}, goes, own = () => ({}) }]) => [
      [`${id}${first}`, { Type: type, Properties: { ...stays, ...own(first), ...goes } }],
      [`${id}${second}`, { Type: type, Properties: { ...stays, ...own(second) } }],
    ]),
  );

test('a property that comes or goes later leaves the resource as if it had been so from the beginning', async () => {
  const around = {
    ...queue('Dead'),
    LogOne: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } },
    LogTwo: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } },
    ...lambda('Reader', 'exports.handler = async () => 1;'),
  };
  const app = await start(writeAssembly({ ...around, ...twins('One', 'Two') }));
  const shown = async () =>
    new Map(
      await Promise.all(
        Object.entries(CASES).map(
          async ([id, one]) => [id, [await one.shown(app, `${id}One`), await one.shown(app, `${id}Two`)]] as const,
        ),
      ),
    );
  const before = await shown();
  await app.engine.deploy(writeAssembly({ ...around, ...twins('Two', 'One') }));
  const after = await shown();
  for (const id of Object.keys(CASES)) {
    const [full, plain] = before.get(id) ?? [];
    expect([id, full]).not.toEqual([id, plain]);
    expect([id, after.get(id)]).toEqual([id, [plain, full]]);
  }
});
