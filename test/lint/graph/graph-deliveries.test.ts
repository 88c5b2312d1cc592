import { describe, expect, it } from 'vitest';
import { arnOf, graphOfWritten } from '../template-of.ts';

const to = arnOf('To');
const dead = arnOf('Dead');
const fn = arnOf('Fn');
const pipe = (parameters: object) => ({ Source: arnOf('Log'), Target: to, RoleArn: 'r', SourceParameters: parameters });
const notify = (list: string, one: object) => ({ NotificationConfiguration: { [list]: [one] } });

/** Every way of handing on: kind, who sends, where to and where failures go, and whether a role sends it, and them. */
const WAYS: readonly (readonly [type: string, properties: object, said: string])[] = [
  [
    'AWS::SNS::Subscription',
    { Endpoint: to, RedrivePolicy: { deadLetterTargetArn: dead } },
    'subscription of sns to To, failures to Dead',
  ],
  ['AWS::SNS::Subscription', { Endpoint: to, RedrivePolicy: '{}' }, 'subscription of sns to To'],
  [
    'AWS::Events::Rule',
    { EventPattern: {}, Targets: [{ Arn: to, DeadLetterConfig: { Arn: dead } }] },
    'rule of events to To, failures to Dead',
  ],
  [
    'AWS::Events::Rule',
    { EventPattern: {}, Targets: [{ Arn: to, RoleArn: 'r', DeadLetterConfig: { Arn: dead } }] },
    'rule of events to To by a role, failures to Dead',
  ],
  ['AWS::Events::Rule', { ScheduleExpression: 'rate(1 hour)', Targets: [{ Arn: to }] }, 'timed rule of events to To'],
  [
    'AWS::Scheduler::Schedule',
    { Target: { Arn: to, RoleArn: 'r', DeadLetterConfig: { Arn: dead } } },
    'schedule of scheduler to To by a role, failures to Dead by a role',
  ],
  [
    'AWS::Pipes::Pipe',
    pipe({ KinesisStreamParameters: { DeadLetterConfig: { Arn: dead } } }),
    'pipe of pipes to To by a role, failures to Dead by a role',
  ],
  [
    'AWS::Lambda::EventSourceMapping',
    { EventSourceArn: arnOf('Log'), FunctionName: fn, DestinationConfig: { OnFailure: { Destination: dead } } },
    'mapping of lambda to Fn by a role, failures to Dead by a role',
  ],
  [
    'AWS::Lambda::Function',
    { DeadLetterConfig: { TargetArn: dead } },
    'function of lambda, failures to Dead by a role',
  ],
  [
    'AWS::Lambda::EventInvokeConfig',
    { FunctionName: fn, DestinationConfig: { OnFailure: { Destination: dead } } },
    'function of lambda, failures to Dead by a role',
  ],
  [
    'AWS::Lambda::EventInvokeConfig',
    { FunctionName: fn, DestinationConfig: { OnSuccess: { Destination: to } } },
    'function of lambda to To by a role',
  ],
  ...['AWS::S3::Bucket', 'Custom::S3BucketNotifications'].flatMap((type) =>
    [
      ['QueueConfigurations', { Queue: to }],
      ['QueueConfigurations', { QueueArn: to }],
      ['TopicConfigurations', { Topic: to }],
      ['TopicConfigurations', { TopicArn: to }],
      ['LambdaConfigurations', { Function: to }],
      ['LambdaFunctionConfigurations', { LambdaFunctionArn: to }],
    ].map(([list, one]) => [type, notify(list as string, one as object), 'notification of s3 to To'] as const),
  ),
];

describe('a delivery', () => {
  it.each(WAYS)('of %s %j is a %s', (type, properties, said) => {
    const { deliveries } = graphOfWritten({
      ...{
        To: ['AWS::SQS::Queue'],
        Dead: ['AWS::SQS::Queue'],
        Log: ['AWS::Kinesis::Stream'],
        Fn: ['AWS::Lambda::Function'],
      },
      One: [type, properties],
    });
    const told = deliveries.map(({ kind, service, role, target, deadLetters, deadLettersByRole }) =>
      [
        `${kind} of ${service.replace('.amazonaws.com', '')}`,
        target && ` to ${target.resource?.logicalId}${role === undefined ? '' : ' by a role'}`,
        deadLetters && `, failures to ${deadLetters.resource?.logicalId}${deadLettersByRole ? ' by a role' : ''}`,
      ].join(''),
    );
    expect(told).toEqual([said]);
  });

  it.each([
    [{ RetryPolicy: { MaximumRetryAttempts: 0 } }, 0],
    [{ RetryPolicy: { MaximumRetryAttempts: '3' } }, 3],
    [{ RetryPolicy: { MaximumEventAgeInSeconds: 60 } }, undefined],
    [{}, undefined],
  ])('with %j is tried %s times more', (policy, retries) => {
    const target = { Arn: 'arn:aws:sqs:eu-west-1:1:x', ...policy };
    const { deliveries } = graphOfWritten({
      Rule: ['AWS::Events::Rule', { Targets: [target] }],
      Schedule: ['AWS::Scheduler::Schedule', { Target: target }],
    });
    expect(deliveries.map((one) => one.retries)).toEqual([retries, retries]);
  });
});
