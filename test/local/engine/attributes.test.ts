import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { ACCOUNT, lambda, start, trust, writeAssembly } from './support.ts';

const REGION = 'eu-west-1';
const arn = (service: string, rest: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;
const text = (pattern: RegExp): string => expect.stringMatching(pattern) as unknown as string;
const role = (id: string): JsonObject => ({ 'Fn::GetAtt': [id, 'Arn'] });

/** Resources with names, and what Ref and each attribute of them is, in a region other than the usual one. */
const RESOURCES: Readonly<Record<string, readonly [type: string, properties: JsonObject, expected: JsonObject]>> = {
  Queue: [
    'AWS::SQS::Queue',
    { QueueName: 'q' },
    { Ref: text(/^http:.*\/q$/), Arn: arn('sqs', 'q'), QueueName: 'q', QueueUrl: text(/^http:.*\/q$/) },
  ],
  Topic: ['AWS::SNS::Topic', { TopicName: 't' }, { Ref: arn('sns', 't'), TopicArn: arn('sns', 't'), TopicName: 't' }],
  Stream: ['AWS::Kinesis::Stream', { Name: 's', ShardCount: 1 }, { Ref: 's', Arn: arn('kinesis', 'stream/s') }],
  Consumer: [
    'AWS::Kinesis::StreamConsumer',
    { ConsumerName: 'c', StreamARN: { 'Fn::GetAtt': ['Stream', 'Arn'] } },
    {
      Ref: text(/:eu-west-1:.*stream\/s\/consumer\/c:\d+$/),
      ConsumerARN: text(/:eu-west-1:.*stream\/s\/consumer\/c:\d+$/),
      ...{ ConsumerName: 'c', ConsumerStatus: 'ACTIVE', StreamARN: arn('kinesis', 'stream/s') },
      ConsumerCreationTimestamp: text(/^\d+\.?\d*$/),
    },
  ],
  Table: [
    'AWS::DynamoDB::Table',
    {
      TableName: 'tab',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
    },
    {
      Ref: 'tab',
      Arn: arn('dynamodb', 'table/tab'),
      StreamArn: text(/:eu-west-1:.*:table\/tab\/stream\/2/),
      TableId: text(/^[0-9a-f-]+$/),
    },
  ],
  Bucket: [
    'AWS::S3::Bucket',
    { BucketName: 'bucket' },
    {
      ...{ Ref: 'bucket', Arn: 'arn:aws:s3:::bucket', DomainName: 'bucket.s3.amazonaws.com' },
      RegionalDomainName: `bucket.s3.${REGION}.amazonaws.com`,
      DualStackDomainName: `bucket.s3.dualstack.${REGION}.amazonaws.com`,
    },
  ],
  Key: [
    'AWS::KMS::Key',
    { KeyPolicy: { Statement: [] } },
    { Ref: text(/^[0-9a-f-]+$/), Arn: text(/^arn:aws:kms:eu-west-1:\d+:key\//), KeyId: text(/^[0-9a-f-]+$/) },
  ],
  Group: ['AWS::Logs::LogGroup', { LogGroupName: '/g' }, { Ref: '/g', Arn: arn('logs', 'log-group:/g:*') }],
  Alarm: [
    'AWS::CloudWatch::Alarm',
    {
      ...{ AlarmName: 'a', Namespace: 'N', MetricName: 'm', Statistic: 'Sum', Period: 60, EvaluationPeriods: 1 },
      ...{ Threshold: 1, ComparisonOperator: 'GreaterThanThreshold' },
    },
    { Ref: 'a', Arn: arn('cloudwatch', 'alarm:a') },
  ],
  Role: [
    'AWS::IAM::Role',
    { RoleName: 'r', AssumeRolePolicyDocument: trust('scheduler.amazonaws.com') },
    { Ref: 'r', Arn: `arn:aws:iam::${ACCOUNT}:role/r`, RoleId: text(/^AROA/) },
  ],
  Rule: [
    'AWS::Events::Rule',
    { Name: 'rule', ScheduleExpression: 'rate(1 hour)' },
    { Ref: 'rule', Arn: arn('events', 'rule/rule') },
  ],
  Schedule: [
    'AWS::Scheduler::Schedule',
    {
      ...{ Name: 'sch', ScheduleExpression: 'rate(1 hour)', FlexibleTimeWindow: { Mode: 'OFF' } },
      Target: { Arn: role('F'), RoleArn: role('Role') },
    },
    { Ref: 'sch', Arn: arn('scheduler', 'schedule/default/sch') },
  ],
};

test('Ref and every attribute are what AWS gives, with the region of the stack', async () => {
  const resources = Object.entries(RESOURCES).map(([id, [Type, Properties]]) => [id, { Type, Properties }] as const);
  const { engine } = await start(
    writeAssembly({
      ...Object.fromEntries(resources),
      ...lambda('F', 'exports.handler = async () => 1;', { FunctionName: 'f' }),
    }),
    { region: REGION },
  );
  const made = engine.stacks[0]?.resources ?? {};
  const found = ({ physicalId, attributes }: { physicalId: string; attributes: Readonly<Record<string, Json>> }) => ({
    Ref: physicalId,
    ...attributes,
  });
  for (const [id, [, , expected]] of Object.entries(RESOURCES))
    expect([id, found(made[id] as never)]).toEqual([id, expected]);
  expect(found(made.F as never)).toMatchObject({ Ref: 'f', Arn: arn('lambda', 'function:f') });
});
