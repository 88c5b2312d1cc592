import { describe, expect, it } from 'vitest';
import { arnOf, serviceOf } from '../../../lib/lint/reading/arns.ts';
import { graphOfWritten } from '../template-of.ts';

/** What is named by an ARN, by its service: what stands behind the account, and the property of its name. */
const NAMED: readonly (readonly [service: string, resource: string, type: string, property: string, name: string])[] = [
  ['sqs', 'work', 'AWS::SQS::Queue', 'QueueName', 'work'],
  ['sns', 'sales', 'AWS::SNS::Topic', 'TopicName', 'sales'],
  ['sns', 'sales:4b0c1e5a', 'AWS::SNS::Topic', 'TopicName', 'sales'],
  ['kinesis', 'stream/log', 'AWS::Kinesis::Stream', 'Name', 'log'],
  ['kinesis', 'stream/log/consumer/fast:1', 'AWS::Kinesis::Stream', 'Name', 'log'],
  ['lambda', 'function:worker', 'AWS::Lambda::Function', 'FunctionName', 'worker'],
  ['lambda', 'function:worker:live', 'AWS::Lambda::Function', 'FunctionName', 'worker'],
  ['dynamodb', 'table/orders', 'AWS::DynamoDB::Table', 'TableName', 'orders'],
  ['dynamodb', 'table/orders', 'AWS::DynamoDB::GlobalTable', 'TableName', 'orders'],
  ['dynamodb', 'table/orders/stream/2026-01-01', 'AWS::DynamoDB::Table', 'TableName', 'orders'],
  ['kms', 'alias/orders', 'AWS::KMS::Alias', 'AliasName', 'alias/orders'],
  ['cloudwatch', 'alarm:late', 'AWS::CloudWatch::Alarm', 'AlarmName', 'late'],
  ['s3', 'pictures', 'AWS::S3::Bucket', 'BucketName', 'pictures'],
];

describe('an ARN', () => {
  it.each(NAMED)('of %s that ends in %s names a %s', (service, resource, type, property, name) => {
    const arn = `arn:aws:${service}:eu-west-1:111122223333:${resource}`;
    const filledIn = { 'Fn::Sub': `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}` };
    const { resources } = graphOfWritten({ Other: [type, { [property]: 'other' }], One: [type, { [property]: name }] });
    const [from] = resources.all;
    if (from === undefined) throw new Error('the template has resources');
    for (const value of [arn, filledIn]) expect(resources.target(value, from)?.logicalId).toBe('One');
    expect(serviceOf(arn)).toBe(service);
  });

  it.each([
    'arn:aws:kinesis:eu-west-1:1:log',
    'arn:aws:lambda:eu-west-1:1:layer:worker',
    'arn:aws:dynamodb:eu-west-1:1:global/orders',
    'arn:aws:kms:eu-west-1:1:key/1234',
    'arn:aws:cloudwatch::1:dashboard/late',
    'arn:aws:firehose:eu-west-1:1:deliverystream/x',
    'work',
  ])('that is none of those names nothing: %s', (arn) => {
    expect(arnOf(arn)).toBeUndefined();
  });
});
