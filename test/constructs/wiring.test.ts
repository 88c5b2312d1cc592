import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { type CfnQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchDeadLetters } from '../../lib/constructs/alarms/consumer.ts';
import { watchFunction } from '../../lib/constructs/alarms/function.ts';
import { SystemAlarms } from '../../lib/constructs/alarms/system-alarms.ts';
import { EventLog } from '../../lib/constructs/channels/event-log.ts';
import { EventTopic } from '../../lib/constructs/channels/event-topic.ts';
import { LogConsumer } from '../../lib/constructs/consumers/log-consumer.ts';
import { QueueConsumer } from '../../lib/constructs/consumers/queue-consumer.ts';
import { messagingFunction } from '../../lib/constructs/functions/messaging-function.ts';
import { OutboxTable } from '../../lib/constructs/producing/outbox-table.ts';
import { resolveStage } from '../../lib/constructs/stages/resolve-stage.ts';
import { useStage } from '../../lib/constructs/stages/stage.ts';
import { InboxTable } from '../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../lib/constructs/stores/messaging-key.ts';
import { log } from '../../lib/contracts/channels/log.ts';
import { outbox } from '../../lib/contracts/channels/outbox.ts';
import { fifoQueue, queue } from '../../lib/contracts/channels/queue.ts';
import { fifoTopic, topic } from '../../lib/contracts/channels/topic.ts';
import { days, seconds } from '../../lib/contracts/declaring/duration.ts';
import { immediate } from '../../lib/contracts/declaring/retry.ts';
import { type Subscription, subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { events, TicketOpened, ticketLog, ticketTopic } from '../contracts/sample-declarations.ts';

let code: string;
beforeAll(() => {
  code = mkdtempSync(join(tmpdir(), 'sluice-wiring-'));
  writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => undefined;\n');
});
afterAll(() => rmSync(code, { recursive: true }));

function parts() {
  const stack = new Stack(new App(), 'test-tickets');
  const key = messagingKey(stack);
  return {
    stack,
    key,
    common: { code, inbox: new InboxTable(stack, 'inbox'), alarms: new SystemAlarms(stack, 'alarms', { key }) },
  };
}

const templateOf = (stack: Stack) => Template.fromStack(stack);

const table = (...operations: readonly string[]): string[] => operations.map((operation) => `dynamodb:${operation}`);

describe('wiring that contradicts the declaration', () => {
  const otherTopic = topic('other-topic', { events });
  const otherLog = log('other-log', { events });
  const fed = subscription('worker', { to: queue('work', { events, from: ticketTopic }) });
  const direct = subscription('worker', { to: queue('work', { events }) });
  const reader = subscription('reader', { to: ticketLog });

  it.each<[string, (p: ReturnType<typeof parts>) => unknown, string]>([
    [
      'an outbox without a destination',
      ({ stack }) =>
        new OutboxTable(stack, outbox('box', { publishes: [ticketLog, ticketTopic] }), {
          relayCode: code,
          sweeperCode: code,
          destinations: [new EventLog(stack, ticketLog).destination],
        }),
      "outbox 'box' publishes to 'ticket-topic', which is not among its destinations; pass the deployed channel",
    ],
    [
      'a reader on another log',
      ({ stack, common }) => new LogConsumer(stack, reader, { ...common, log: new EventLog(stack, otherLog) }),
      "subscription 'reader' is declared on log 'ticket-log' but is wired to 'other-log'; pass the log it is declared with",
    ],
    [
      'a queue without its topic',
      ({ stack, common }) => new QueueConsumer(stack, fed, common),
      "queue 'work' is declared to come from topic 'ticket-topic' but is wired to none; pass the topic it is declared with",
    ],
    [
      'a queue on another topic',
      ({ stack, key, common }) =>
        new QueueConsumer(stack, fed, { ...common, topic: new EventTopic(stack, otherTopic, { key }) }),
      "queue 'work' is declared to come from topic 'ticket-topic' but is wired to 'other-topic'; pass the topic it is declared with",
    ],
    [
      'a topic for a queue that has none',
      ({ stack, key, common }) =>
        new QueueConsumer(stack, direct, { ...common, topic: new EventTopic(stack, ticketTopic, { key }) }),
      "queue 'work' is declared to come from no topic but is wired to 'ticket-topic'; pass the topic it is declared with",
    ],
  ])('is refused: %s', (_, wire, message) => {
    expect(() => wire(parts())).toThrow(message);
  });
});

describe('what is declared is deployed', () => {
  const consumerTemplate = (declared: Subscription<ReturnType<typeof queue>>) => {
    const { stack, common } = parts();
    new QueueConsumer(stack, declared, common);
    return templateOf(stack);
  };

  it('batch, window and concurrency reach the mapping, and the window the visibility', () => {
    const declared = subscription('worker', {
      to: queue('work', { events }),
      timeout: seconds(10),
      batchSize: 50,
      batchWindow: seconds(5),
      concurrency: 7,
      retry: immediate({ attempts: 4 }),
    });
    const template = consumerTemplate(declared);
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 50,
      MaximumBatchingWindowInSeconds: 5,
      ScalingConfig: { MaximumConcurrency: 7 },
    });
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'test-tickets-work',
      VisibilityTimeout: 65,
      RedrivePolicy: { maxReceiveCount: 50 },
    });
  });

  it.each([
    ['none', seconds(0), undefined],
    ['the shortest', seconds(1), 1],
  ])('a window reaches the mapping of a queue and of a log: %s', (_, batchWindow, MaximumBatchingWindowInSeconds) => {
    const { stack, common } = parts();
    new QueueConsumer(stack, subscription('worker', { to: queue('work', { events }), batchWindow }), common);
    const reader = subscription('reader', { to: ticketLog, batchWindow });
    new LogConsumer(stack, reader, { ...common, log: new EventLog(stack, ticketLog) });
    const mappings = Object.values(templateOf(stack).findResources('AWS::Lambda::EventSourceMapping'));
    expect(mappings.map(({ Properties }) => Properties.MaximumBatchingWindowInSeconds)).toEqual([
      MaximumBatchingWindowInSeconds,
      MaximumBatchingWindowInSeconds,
    ]);
  });

  it.each([
    ['effect', table('GetItem', 'PutItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem')],
    ['lease', table('GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchGetItem')],
    ['natural', table('BatchGetItem', 'UpdateItem', 'DeleteItem')],
    ['none', table('BatchGetItem', 'UpdateItem', 'DeleteItem')],
  ] as const)('inbox %s: the function may do %o', (inbox, actions) => {
    const template = consumerTemplate(subscription('worker', { to: queue('work', { events }), inbox }));
    const statements = Object.values(template.findResources('AWS::IAM::Policy')).flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement as { Action: unknown }[],
    );
    expect(statements.map(({ Action }) => Action).filter((action) => String(action).includes('dynamodb'))).toEqual([
      actions,
    ]);
    const { Environment } = Object.values(template.findResources('AWS::Lambda::Function'))[0]?.Properties ?? {};
    expect(Environment.Variables).toHaveProperty('SLUICE_INBOX_TABLE');
  });

  it('FIFO topic and queue are FIFO by group, and the filter lists the queue’s events', () => {
    const { stack, key, common } = parts();
    const orders = fifoTopic('orders', { events });
    const declared = subscription('worker', { to: fifoQueue('work', { events: [TicketOpened], from: orders }) });
    new QueueConsumer(stack, declared, { ...common, topic: new EventTopic(stack, orders, { key }) });
    const template = templateOf(stack);
    template.hasResourceProperties('AWS::SNS::Topic', {
      TopicName: 'test-tickets-orders.fifo',
      FifoTopic: true,
      FifoThroughputScope: 'MessageGroup',
    });
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'test-tickets-work.fifo',
      DeduplicationScope: 'messageGroup',
    });
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'test-tickets-work-dead-letters.fifo',
      FifoQueue: true,
    });
    template.hasResourceProperties('AWS::SNS::Subscription', {
      RawMessageDelivery: true,
      FilterPolicy: { type: [TicketOpened.type] },
    });
  });

  it('what a topic cannot deliver has a queue of the topic’s kind and an alarm, apart from what the consumer gives up', () => {
    const { stack, key, common } = parts();
    const orders = fifoTopic('orders', { events });
    const declared = subscription('worker', { to: queue('work', { events, from: orders }) });
    const { work } = new QueueConsumer(stack, declared, { ...common, topic: new EventTopic(stack, orders, { key }) });
    const template = templateOf(stack);
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'test-tickets-work-subscription-dead-letters.fifo',
      FifoQueue: true,
      MessageRetentionPeriod: 14 * 86_400,
    });
    template.hasResourceProperties('AWS::SNS::Subscription', {
      RedrivePolicy: { deadLetterTargetArn: stack.resolve(work.subscription?.deadLetters.queueArn) },
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'test-tickets-worker-undelivered',
      Threshold: 0,
    });
  });

  it('what a standard topic cannot deliver has a standard queue', () => {
    const { stack, key, common } = parts();
    const standard = topic('standard', { events });
    const other = subscription('other', { to: queue('other-work', { events, from: standard }) });
    new QueueConsumer(stack, other, { ...common, topic: new EventTopic(stack, standard, { key }) });
    templateOf(stack).hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'test-tickets-other-work-subscription-dead-letters',
      FifoQueue: Match.absent(),
    });
  });

  it('a filter beyond the event type looks at the body, with the type', () => {
    const { stack, key, common } = parts();
    const filter = { subject: [{ prefix: 'vip-' }], data: { ticket: ['T-1', { 'anything-but': ['T-2'] }] } };
    const plain = topic('plain', { events });
    const declared = subscription('worker', { to: queue('work', { events: [TicketOpened], from: plain, filter }) });
    new QueueConsumer(stack, declared, { ...common, topic: new EventTopic(stack, plain, { key }) });
    templateOf(stack).hasResourceProperties('AWS::SNS::Subscription', {
      FilterPolicyScope: 'MessageBody',
      FilterPolicy: { type: [TicketOpened.type], ...filter },
    });
  });

  it('a log on demand has no shard count, one with metrics of its shards names them', () => {
    const { stack } = parts();
    new EventLog(stack, log('elastic', { events, capacity: 'on-demand', retention: days(365) }));
    new EventLog(stack, log('watched', { events, shards: 3, shardMetrics: ['IncomingBytes', 'OutgoingRecords'] }));
    const template = templateOf(stack);
    template.hasResourceProperties('AWS::Kinesis::Stream', {
      Name: 'test-tickets-elastic',
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      ShardCount: Match.absent(),
      DesiredShardLevelMetrics: Match.absent(),
      RetentionPeriodHours: 8_760,
    });
    template.hasResourceProperties('AWS::Kinesis::Stream', {
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
      ShardCount: 3,
      DesiredShardLevelMetrics: ['IncomingBytes', 'OutgoingRecords'],
    });
  });

  it('an enhanced reader of a log has a stream consumer of its own, which it may subscribe with and nothing else', () => {
    const { stack, common } = parts();
    const watched = new EventLog(stack, ticketLog);
    const declared = subscription('reader', { to: ticketLog, fanOut: 'enhanced' });
    const { streamConsumer } = new LogConsumer(stack, declared, { ...common, log: watched });
    const arn = stack.resolve(streamConsumer?.streamConsumerArn);
    const template = templateOf(stack);
    template.hasResourceProperties('AWS::Kinesis::StreamConsumer', { ConsumerName: 'test-tickets-reader' });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', { EventSourceArn: arn });
    const actions = ['DescribeStream', 'DescribeStreamSummary', 'GetRecords', 'GetShardIterator', 'ListShards'];
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          { Effect: 'Allow', Action: 'kinesis:SubscribeToShard', Resource: arn },
          {
            Effect: 'Allow',
            Action: actions.map((action) => `kinesis:${action}`),
            Resource: stack.resolve(watched.stream.streamArn),
          },
        ]),
      },
    });
  });

  it('a shared reader has none', () => {
    const { stack, common } = parts();
    const { streamConsumer } = new LogConsumer(stack, subscription('reader', { to: ticketLog }), {
      ...common,
      log: new EventLog(stack, ticketLog),
    });
    expect(streamConsumer).toBeUndefined();
    templateOf(stack).resourceCountIs('AWS::Kinesis::StreamConsumer', 0);
  });

  it('a log takes twenty enhanced readers', () => {
    const { stack, common } = parts();
    const busy = new EventLog(stack, ticketLog);
    const read = (i: number) =>
      new LogConsumer(stack, subscription(`reader-${i}`, { to: ticketLog, fanOut: 'enhanced' }), {
        ...common,
        log: busy,
      });
    for (let i = 1; i <= 20; i++) read(i);
    expect(() => read(21)).toThrow("log 'ticket-log' has 21 consumers with enhanced fan-out (reader-1, reader-2, ");
  });

  it('the mapping of a log retries long enough for every record of a batch to have its attempts, and not forever', () => {
    const { stack, common } = parts();
    const declared = subscription('reader', {
      to: ticketLog,
      retry: immediate({ attempts: 4 }),
      batchWindow: seconds(2),
    });
    new LogConsumer(stack, declared, { ...common, log: new EventLog(stack, ticketLog) });
    templateOf(stack).hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      MaximumRetryAttempts: 4 * 100 + 50,
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 2,
      StartingPosition: 'TRIM_HORIZON',
    });
  });

  it('alarms are mailed to nobody unless the stage says so', () => {
    const template = templateOf(parts().stack);
    template.resourceCountIs('AWS::SNS::Subscription', 0);
    template.resourceCountIs('AWS::SNS::Topic', 2);
  });

  it('nobody has to confirm twice: who hears of both severities has one topic for both', () => {
    const [both, now, later] = ['both@shop.org', 'now@shop.org', 'later@shop.org'];
    const app = new App();
    useStage(app, resolveStage('dev', { alarmEmails: { critical: [both, now], warning: [later, both] } }));
    const stack = new Stack(app, 'test-tickets');
    const alarms = new SystemAlarms(stack, 'alarms', { key: messagingKey(stack) });
    watchFunction(
      alarms,
      'worker',
      messagingFunction(stack, 'worker', { code, description: 'w', timeout: seconds(3) }),
    );
    const dead = new Queue(stack, 'dead');
    watchDeadLetters(stack, alarms, 'worker', dead);
    const template = templateOf(stack);
    const topic = (found: { topicArn: string } | undefined) => stack.resolve(found?.topicArn);
    const [critical, warning, everything] = [alarms.topics.critical, alarms.topics.warning, alarms.everything].map(
      topic,
    );
    const subscriptions = Object.values(template.findResources('AWS::SNS::Subscription')).map(
      ({ Properties: { Endpoint, Protocol, TopicArn } }) => ({ Endpoint, Protocol, TopicArn }),
    );
    const mailed = (Endpoint: string, TopicArn: unknown) => ({ Endpoint, Protocol: 'email', TopicArn });
    expect(subscriptions).toHaveLength(3);
    expect(subscriptions).toEqual(
      expect.arrayContaining([mailed(both, everything), mailed(now, critical), mailed(later, warning)]),
    );
    for (const [name, actions] of [
      ['worker-dead-letters', [critical, everything]],
      ['worker-throttles', [warning, everything]],
    ] as const)
      template.hasResourceProperties('AWS::CloudWatch::Alarm', {
        AlarmName: `test-tickets-${name}`,
        AlarmActions: actions,
        OKActions: actions,
      });
    template.hasResourceProperties('AWS::CloudWatch::CompositeAlarm', { AlarmActions: [critical, everything] });
  });

  it('alarms are mailed by severity where the stage says so', () => {
    const app = new App();
    useStage(
      app,
      resolveStage('dev', { alarmEmails: { critical: ['now@example.com'], warning: ['later@example.com'] } }),
    );
    const stack = new Stack(app, 'test-tickets');
    const { topics } = new SystemAlarms(stack, 'alarms', { key: messagingKey(stack) });
    const template = templateOf(stack);
    for (const [severity, Endpoint] of [
      ['critical', 'now@example.com'],
      ['warning', 'later@example.com'],
    ] as const) {
      template.hasResourceProperties('AWS::SNS::Subscription', {
        Endpoint,
        TopicArn: stack.resolve(topics[severity].topicArn),
      });
    }
  });
});

describe('names', () => {
  const declare: readonly ((p: ReturnType<typeof parts>) => unknown)[] = [
    ({ stack, common }) =>
      new LogConsumer(stack, subscription('reader', { to: ticketLog, fanOut: 'enhanced' }), {
        ...common,
        log: new EventLog(stack, ticketLog),
      }),
    ({ stack, key, common }) =>
      new QueueConsumer(stack, subscription('fed', { to: queue('fed-work', { events, from: ticketTopic }) }), {
        ...common,
        topic: new EventTopic(stack, ticketTopic, { key }),
      }),
    ({ stack, common }) => new QueueConsumer(stack, subscription('direct', { to: queue('work', { events }) }), common),
  ];

  it('do not change with the order of declaration, nor from one synthesis to the next', () => {
    const resources = (order: typeof declare) => {
      const p = parts();
      for (const one of order) one(p);
      const { Resources } = templateOf(p.stack).toJSON() as { Resources: Record<string, { Properties: object }> };
      // One alarm looks at all others, in the order they were made; a function's asset is the same folder.
      return Object.entries(Resources)
        .map(([id, { Properties }]) => [
          id,
          Object.entries(Properties ?? {}).filter(([name]) => /Name$/.test(name) && name !== 'DashboardName'),
        ])
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    };
    expect(resources(declare.toReversed())).toEqual(resources(declare));
    expect(resources(declare)).toEqual(resources(declare));
  });
});

it('what the constructs made can be changed through them', () => {
  const { stack, common } = parts();
  const work = new QueueConsumer(stack, subscription('worker', { to: queue('work', { events }) }), common);
  const reading = new LogConsumer(stack, subscription('reader', { to: ticketLog }), {
    ...common,
    log: new EventLog(stack, ticketLog),
  });
  const mappings = [work.mapping, reading.mapping].map(({ node }) => node.defaultChild as CfnEventSourceMapping);
  for (const mapping of mappings) mapping.addPropertyOverride('MetricsConfig', { Metrics: ['EventCount'] });
  (work.queue.node.defaultChild as CfnQueue).delaySeconds = 7;
  (reading.mapping.node.defaultChild as CfnEventSourceMapping).parallelizationFactor = 2;
  const template = templateOf(stack);
  template.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'test-tickets-work', DelaySeconds: 7 });
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', { ParallelizationFactor: 2 });
  template.resourcePropertiesCountIs(
    'AWS::Lambda::EventSourceMapping',
    { MetricsConfig: { Metrics: ['EventCount'] } },
    2,
  );
});
