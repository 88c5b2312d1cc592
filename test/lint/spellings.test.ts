import { describe, expect, it } from 'vitest';
import { allowing, arnOf, foundBy, type Written } from './template-of.ts';

/** What a rule knows several names of: each of them, and what looks like one and is none. */
const FN: Written = { Fn: ['AWS::Lambda::Function'] };
const queue = (QueueName: string) => ['AWS::SQS::Queue', { QueueName }] as const;

describe('a queue of answers', () => {
  const pairs = (answers: string, asks: string) =>
    foundBy('Messaging-RequestResponseOverQueues', { Answers: queue(answers), Asks: queue(asks) });

  it.each(['reply', 'replies', 'response', 'responses', 'answer', 'answers', 'Reply', 'reply.fifo'])(
    'is called %s',
    (name) => {
      expect(pairs(`prices-${name}`, 'prices-requests')).toEqual([
        `Answers: 'prices-${name}' beside 'prices-requests'`,
      ]);
    },
  );

  it.each(['request', 'requests', 'command', 'commands', 'queries', 'call', 'calls', 'Requests', 'calls.fifo'])(
    'is asked by %s',
    (name) => {
      for (const sign of ['-', '_', '.', ''])
        expect(pairs(`prices${sign}replies`, `prices${sign}${name}`)).toHaveLength(1);
      expect(pairs('prices-replies', `names-${name}`)).toEqual([]);
    },
  );

  it('is none by a name that only has the word in it', () => {
    expect(pairs('prices-replied', 'prices-requests')).toEqual([]);
    expect(pairs('replies-of-prices', 'prices-requests')).toEqual([]);
  });
});

describe('what gives up to standard queues only', () => {
  const given = (type: string, properties: object, FifoQueue = true) =>
    foundBy('Messaging-FifoDeadLettersRefused', { Dead: ['AWS::SQS::Queue', { FifoQueue }], From: [type, properties] });
  it.each<[string, object]>([
    ['AWS::Lambda::EventSourceMapping', { DestinationConfig: { OnFailure: { Destination: arnOf('Dead') } } }],
    ['AWS::Lambda::Function', { DeadLetterConfig: { TargetArn: arnOf('Dead') } }],
    ['AWS::Lambda::EventInvokeConfig', { DestinationConfig: { OnFailure: { Destination: arnOf('Dead') } } }],
    ['AWS::Events::Rule', { Targets: [{ DeadLetterConfig: { Arn: arnOf('Dead') } }] }],
    ['AWS::Scheduler::Schedule', { Target: { DeadLetterConfig: { Arn: arnOf('Dead') } } }],
  ])('is %s', (type, properties) => {
    expect(given(type, properties)).toEqual(["Dead: true, for 'App/From'"]);
    expect(given(type, properties, false)).toEqual([]);
  });

  it('is no queue and no subscription', () => {
    const RedrivePolicy = { deadLetterTargetArn: arnOf('Dead') };
    expect(given('AWS::SQS::Queue', { RedrivePolicy })).toEqual([]);
    expect(given('AWS::SNS::Subscription', { RedrivePolicy })).toEqual([]);
  });
});

describe('who may receive consumes', () => {
  const document = allowing('sqs:ReceiveMessage', { Resource: arnOf('Work') });
  const found = (more: Written) => foundBy('Messaging-QueueWithoutDeadLetters', { Work: ['AWS::SQS::Queue'], ...more });
  it.each<[string, object]>([
    ['AWS::IAM::Policy', document],
    ['AWS::IAM::ManagedPolicy', document],
    ['AWS::IAM::RolePolicy', document],
    ['AWS::IAM::Role', { Policies: [{ PolicyName: 'x', ...document }] }],
  ])('by %s', (type, properties) => {
    expect(found({ By: [type, properties] })).toEqual(['Work: none']);
    const sends = JSON.parse(JSON.stringify(properties).replace('ReceiveMessage', 'SendMessage'));
    expect(found({ By: [type, sends] })).toEqual([]);
  });
});

describe('a function that nobody waits for', () => {
  const found = (more: Written) => foundBy('Messaging-AsyncFailuresDropped', { ...FN, ...more });
  const target = { Arn: arnOf('Fn'), RoleArn: 'r' };
  it.each<[string, string, object]>([
    ['a topic', 'AWS::SNS::Subscription', { Endpoint: arnOf('Fn'), Protocol: 'lambda' }],
    ['a rule', 'AWS::Events::Rule', { EventPattern: {}, Targets: [target] }],
    ['a schedule, once', 'AWS::Scheduler::Schedule', { ScheduleExpression: 'at(2026-12-01T00:00:00)', Target: target }],
    [
      'a bucket',
      'AWS::S3::Bucket',
      { NotificationConfiguration: { LambdaConfigurations: [{ Function: arnOf('Fn') }] } },
    ],
  ])('is invoked by %s', (_, type, properties) => {
    const [said] = found({ By: [type, properties] });
    expect(said).toBe("Fn: none, and no failure destination; invoked by 'App/By'");
    const safe = { DeadLetterConfig: { TargetArn: 'arn:aws:sqs:eu-west-1:1:x' } };
    expect(found({ By: [type, properties], Fn: ['AWS::Lambda::Function', safe] })).toEqual([]);
  });

  it.each([
    ['AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(1 hour)', Target: target }],
    ['AWS::Scheduler::Schedule', { ScheduleExpression: 'cron(0 9 * * ? *)', Target: target }],
    ['AWS::Events::Rule', { ScheduleExpression: 'rate(1 hour)', Targets: [target] }],
  ])('comes again by itself: %s %j', (type, properties) => {
    expect(found({ By: [type, properties] })).toEqual([]);
    // One that is not repeated needs no dead letters either.
    const once = JSON.parse(
      JSON.stringify(properties).replace('"RoleArn":"r"', '"RetryPolicy":{"MaximumRetryAttempts":0}'),
    );
    const dropped = (one: object) => foundBy('Messaging-ScheduleWithoutDeadLetters', { ...FN, By: [type, one] }).length;
    expect([dropped(properties), dropped(once)]).toEqual([1, 0]);
  });

  it('says who invokes it, each once', () => {
    const Targets = [target, { ...target, Id: '2' }];
    const rule = (Name: string) => ['AWS::Events::Rule', { Name, EventPattern: {}, Targets }] as const;
    expect(found({ A: rule('sold'), B: rule('sent') })).toEqual([
      "Fn: none, and no failure destination; invoked by 'sold', 'sent'",
    ]);
  });
});

describe('subscriptions of machines', () => {
  it.each(['sqs', 'lambda', 'http', 'https', 'firehose'])('need dead letters: %s', (Protocol) => {
    const found = (properties: object) =>
      foundBy('Messaging-SubscriptionWithoutDeadLetters', { By: ['AWS::SNS::Subscription', properties] });
    expect(found({ Protocol })).toEqual([`By: none, of a subscription by ${Protocol}`]);
    expect(found({ Protocol, RedrivePolicy: { deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:1:x' } })).toEqual([]);
    expect(found({ Protocol: 'email' })).toEqual([]);
  });
});

describe('settings of streams', () => {
  it.each<[string, unknown]>([
    ['BisectBatchOnFunctionError', true],
    ['DestinationConfig', { OnFailure: { Destination: 'x' } }],
    ['MaximumRecordAgeInSeconds', 60],
    ['MaximumRetryAttempts', 0],
    ['ParallelizationFactor', 1],
    ['StartingPosition', 'LATEST'],
    ['TumblingWindowInSeconds', 0],
  ])('are none of queues: %s', (name, value) => {
    const found = (EventSourceArn: unknown) =>
      foundBy('Messaging-StreamSettingsOnQueue', {
        ...{ Work: queue('work'), Log: ['AWS::Kinesis::Stream'] },
        By: ['AWS::Lambda::EventSourceMapping', { EventSourceArn, [name]: value }],
      });
    expect([found(arnOf('Work')), found(arnOf('Log'))]).toEqual([[`By: ${name} on queue 'work'`], []]);
  });
});

describe('an alarm on', () => {
  const alarm = (MetricName: string, Name: string, Value: unknown): Written => ({
    Alarm: ['AWS::CloudWatch::Alarm', { MetricName, Dimensions: [{ Name, Value }] }],
  });
  it.each([
    ['ExecutionFailed', 0],
    ['ExecutionThrottled', 0],
    ['ExecutionTimeout', 0],
    ['Invocations', 1],
  ])('%s of a pipe leaves %i pipes unwatched', (metric, count) => {
    const by = { Log: ['AWS::Kinesis::Stream'], Pipe: ['AWS::Pipes::Pipe', { Source: arnOf('Log') }] } as const;
    const found = foundBy('Messaging-StreamWithoutLagAlarm', { ...by, ...alarm(metric, 'PipeName', { Ref: 'Pipe' }) });
    expect(found).toHaveLength(count);
  });

  it.each([
    ['NumberOfMessagesSent', true],
    ['NumberOfMessagesReceived', true],
    ['NumberOfMessagesDeleted', false],
    ['ApproximateNumberOfMessagesVisible', false],
  ])('%s of dead letters counts traffic: %s', (metric, is) => {
    const given: Written = {
      ...{ Dead: queue('dead'), Work: ['AWS::SQS::Queue', { RedrivePolicy: { deadLetterTargetArn: arnOf('Dead') } }] },
      ...alarm(metric, 'QueueName', { 'Fn::GetAtt': ['Dead', 'QueueName'] }),
    };
    expect(foundBy('Messaging-DeadLetterAlarmOnTraffic', given)).toEqual(is ? [`Alarm: ${metric} of 'dead'`] : []);
  });
});
