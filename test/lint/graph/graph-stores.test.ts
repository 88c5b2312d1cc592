import { describe, expect, it } from 'vitest';
import { readQueues, readStreams } from '../../../lib/lint/graph/graph-stores.ts';
import { readResources } from '../../../lib/lint/reading/resources.ts';

const ARN = { 'Fn::GetAtt': ['Dead', 'Arn'] };
const read = (Type: string, Properties: object, more: object = {}) =>
  readResources([
    {
      path: 'App',
      body: { Resources: { Dead: { Type: 'AWS::SQS::Queue', Properties: {} }, From: { Type, Properties }, ...more } },
    },
  ]);

/** Every place in a template that says where something goes that is given up. */
const GIVE_UP: readonly (readonly [string, object])[] = [
  ['AWS::SQS::Queue', { RedrivePolicy: { deadLetterTargetArn: ARN, maxReceiveCount: 3 } }],
  ['AWS::SNS::Subscription', { RedrivePolicy: { deadLetterTargetArn: ARN } }],
  ['AWS::Lambda::Function', { DeadLetterConfig: { TargetArn: ARN } }],
  ['AWS::Scheduler::Schedule', { Target: { DeadLetterConfig: { Arn: ARN } } }],
  ['AWS::Events::Rule', { Targets: [{ Id: '1', DeadLetterConfig: { Arn: ARN } }] }],
  ['AWS::Events::EventBus', { DeadLetterConfig: { Arn: ARN } }],
  ['AWS::Pipes::Pipe', { SourceParameters: { KinesisStreamParameters: { DeadLetterConfig: { Arn: ARN } } } }],
  ['AWS::Lambda::EventSourceMapping', { DestinationConfig: { OnFailure: { Destination: ARN } } }],
  ['AWS::Lambda::EventInvokeConfig', { DestinationConfig: { OnFailure: { Destination: ARN } } }],
  ['AWS::Serverless::Function', { DeadLetterQueue: { Type: 'SQS', TargetArn: ARN } }],
  [
    'AWS::Serverless::Function',
    { Events: { Tick: { Type: 'Schedule', Properties: { DeadLetterConfig: { Arn: ARN } } } } },
  ],
  [
    'AWS::Serverless::Function',
    { EventInvokeConfig: { DestinationConfig: { OnFailure: { Type: 'SQS', Destination: ARN } } } },
  ],
];

describe('a queue that others give up to', () => {
  it.each(GIVE_UP)('is known by %s %j', (type, properties) => {
    const [dead] = readQueues(read(type, properties));
    expect(dead?.deadLettersOf.map((one) => one.type)).toEqual([type]);
  });

  it('is also known by what is written as text', () => {
    const RedrivePolicy = '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:111122223333:dead"}';
    const named = { Named: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'dead' } } };
    const queues = readQueues(read('AWS::SNS::Subscription', { RedrivePolicy }, named));
    expect(queues.map(({ name, deadLettersOf }) => [name, deadLettersOf.length])).toEqual([
      ['App/Dead', 0],
      ['dead', 1],
    ]);
  });

  it.each([
    ['AWS::Lambda::EventSourceMapping', { EventSourceArn: ARN }],
    ['AWS::Lambda::EventInvokeConfig', { DestinationConfig: { OnSuccess: { Destination: ARN } } }],
    ['AWS::SNS::Subscription', { Endpoint: ARN, RedrivePolicy: { maxReceiveCount: 3 } }],
    ['AWS::Events::Rule', { Targets: [{ Id: '1', Arn: ARN }] }],
    ['AWS::SQS::Queue', { RedriveAllowPolicy: { redrivePermission: 'byQueue', sourceQueueArns: [ARN] } }],
  ])('is not one that is only spoken of: %s %j', (type, properties) => {
    expect(readQueues(read(type, properties))[0]?.deadLettersOf).toEqual([]);
  });
});

describe('what a store says of itself', () => {
  it.each<[string, object, object]>([
    ['nothing', {}, { retentionSeconds: 345_600, visibilitySeconds: 30, fifo: false, redrive: undefined }],
    [
      'numbers',
      { MessageRetentionPeriod: 60, VisibilityTimeout: 0, FifoQueue: true },
      { retentionSeconds: 60, visibilitySeconds: 0, fifo: true },
    ],
    [
      'numbers and truth as text',
      { MessageRetentionPeriod: '60', VisibilityTimeout: '0', FifoQueue: 'true' },
      { retentionSeconds: 60, visibilitySeconds: 0, fifo: true },
    ],
    [
      'what is known at deployment only',
      { MessageRetentionPeriod: { Ref: 'P' }, VisibilityTimeout: { Ref: 'P' }, FifoQueue: 'false' },
      { retentionSeconds: undefined, visibilitySeconds: undefined, fifo: false },
    ],
    [
      'dead letters without a count',
      { RedrivePolicy: { deadLetterTargetArn: ARN } },
      { redrive: { target: expect.objectContaining({ logicalId: 'Dead' }), maxReceiveCount: Number.NaN } },
    ],
    [
      'dead letters elsewhere',
      { RedrivePolicy: { deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:111122223333:x', maxReceiveCount: '4' } },
      { redrive: { target: undefined, maxReceiveCount: 4 } },
    ],
  ])('a queue: %s', (_, properties, known) => {
    expect(readQueues(read('AWS::SQS::Queue', properties))[1]).toMatchObject(known);
  });

  it.each<[object, number | undefined, number | undefined]>([
    [{}, undefined, 24],
    [{ ShardCount: 3, RetentionPeriodHours: 48 }, 3, 48],
    [{ ShardCount: '3', RetentionPeriodHours: '48' }, 3, 48],
    [{ ShardCount: { Ref: 'P' }, RetentionPeriodHours: { Ref: 'P' } }, undefined, undefined],
    [{ ShardCount: 3, StreamModeDetails: { StreamMode: 'PROVISIONED' } }, 3, 24],
    [{ ShardCount: 3, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }, undefined, 24],
  ])('a stream: %j has %s shards for %s hours', (properties, shards, retentionHours) => {
    expect(readStreams(read('AWS::Kinesis::Stream', properties))).toMatchObject([{ shards, retentionHours }]);
  });
});
