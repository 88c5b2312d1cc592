import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemAlarms } from '../../lib/constructs/alarms/system-alarms.ts';
import { grantSend } from '../../lib/constructs/channels/channel-grants.ts';
import { EventLog } from '../../lib/constructs/channels/event-log.ts';
import { EventTopic } from '../../lib/constructs/channels/event-topic.ts';
import { LogConsumer } from '../../lib/constructs/consumers/log-consumer.ts';
import { QueueConsumer } from '../../lib/constructs/consumers/queue-consumer.ts';
import { messagingFunction } from '../../lib/constructs/functions/messaging-function.ts';
import { OutboxTable } from '../../lib/constructs/producing/outbox-table.ts';
import { ScheduledWork } from '../../lib/constructs/producing/scheduled-work.ts';
import { ClaimCheckBucket } from '../../lib/constructs/stores/claim-check-bucket.ts';
import { InboxTable } from '../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../lib/constructs/stores/messaging-key.ts';
import { log } from '../../lib/contracts/channels/log.ts';
import { outbox } from '../../lib/contracts/channels/outbox.ts';
import { fifoQueue, queue } from '../../lib/contracts/channels/queue.ts';
import { type Recurring, recurring } from '../../lib/contracts/channels/recurring.ts';
import { topic } from '../../lib/contracts/channels/topic.ts';
import { hours, minutes, seconds } from '../../lib/contracts/declaring/duration.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { events, TicketOpened } from '../contracts/sample-declarations.ts';

let code: string;
beforeAll(() => {
  code = mkdtempSync(join(tmpdir(), 'sluice-sending-'));
  writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => undefined;\n');
});
afterAll(() => rmSync(code, { recursive: true }));

function parts(stackName = 'test-tickets', stage = 'dev') {
  const stack = new Stack(new App({ context: { stage } }), stackName);
  const key = messagingKey(stack);
  const common = { code, inbox: new InboxTable(stack, 'inbox'), alarms: new SystemAlarms(stack, 'alarms', { key }) };
  const fn = (name: string) =>
    messagingFunction(new Construct(stack, name), name, { code, description: name, timeout: seconds(5) });
  return { stack, key, common, fn };
}

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** Statements of the roles of functions whose description says so. */
function statementsOf(stack: Stack, action: string): Statement[] {
  const policies = Template.fromStack(stack).findResources('AWS::IAM::Policy');
  return Object.values(policies)
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Statement[])
    .filter(({ Action }) => [Action].flat().includes(action));
}

const variablesOf = (stack: Stack, name: string): Record<string, unknown> => {
  const functions = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  const found = functions.find(({ Properties }) => Properties.FunctionName?.endsWith(`-${name}`));
  return found?.Properties.Environment?.Variables ?? {};
};

describe('claim checks', () => {
  const news = topic('news', { events, oversized: 'claim-check' });
  const history = log('history', { events, oversized: 'claim-check' });
  const letters = queue('letters', { events, oversized: 'claim-check' });
  const fed = subscription('reader', { to: queue('fed', { events, from: news }) });
  const direct = subscription('writer', { to: letters });
  const following = subscription('follower', { to: history });

  it('the bucket is encrypted, closed and forgets, after the longest life of a message', () => {
    const { stack } = parts();
    new ClaimCheckBucket(stack, 'claims', { channels: [news] });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 58, Prefix: 'claims/', Status: 'Enabled' }] },
    });
    expect(JSON.stringify(template.findResources('AWS::S3::BucketPolicy'))).toContain('aws:SecureTransport');
  });

  it('whoever sends may store, whoever reads may fetch, and nothing else', () => {
    const { stack, key, common, fn } = parts();
    const claims = new ClaimCheckBucket(stack, 'claims', { channels: [news, history, letters] });
    const deployedTopic = new EventTopic(stack, news, { key, claims });
    const deployedLog = new EventLog(stack, history, { claims });
    new QueueConsumer(stack, fed, { ...common, topic: deployedTopic });
    const writing = new QueueConsumer(stack, direct, { ...common, claims });
    new LogConsumer(stack, following, { ...common, log: deployedLog });
    const box = new OutboxTable(stack, outbox('box', { publishes: [news, history] }), {
      relayCode: code,
      sweeperCode: code,
      destinations: [deployedTopic.destination, deployedLog.destination],
    });
    const producer = fn('producer');
    box.grantTransact(producer);
    const sender = fn('sender');
    grantSend(sender, writing.work.destination);
    const variable = 'SLUICE_CLAIMS_BUCKET';
    for (const name of ['reader', 'writer', 'follower', 'box-relay', 'box-sweeper', 'producer', 'sender']) {
      expect([name, variable in variablesOf(stack, name)]).toEqual([name, true]);
    }
    // Consumers also keep and read what their dead letters cannot hold, in a bucket of its own.
    const alone = (action: string) => statementsOf(stack, action).filter(({ Action }) => Action === action);
    expect(alone('s3:GetObject')).toHaveLength(3);
    expect(alone('s3:PutObject')).toHaveLength(4);
    for (const { Resource } of [...alone('s3:GetObject'), ...alone('s3:PutObject')]) {
      expect(JSON.stringify(Resource)).toContain('/claims/*');
    }
  });

  it('every consumer may keep in one bucket what its dead letters cannot hold, and read it again; parked messages also go', () => {
    const { stack, common } = parts();
    const ordered = fifoQueue('ordered', { events });
    new QueueConsumer(stack, subscription('first', { to: queue('plain', { events }) }), common);
    new QueueConsumer(
      stack,
      subscription('second', { to: ordered, guarantee: 'effectively-once', failedKey: 'park' }),
      common,
    );
    new QueueConsumer(
      stack,
      subscription('third', { to: queue('told', { events }), guarantee: 'at-most-once' }),
      common,
    );
    const told = (action: string) =>
      statementsOf(stack, action).map(({ Action, Resource }) => [
        Action,
        JSON.stringify(Resource).match(/[a-z-]+\/[a-z]+\/\*/)?.[0],
      ]);
    expect(told('s3:PutObject')).toEqual([
      [['s3:PutObject', 's3:GetObject'], 'dead-letters/first/*'],
      [['s3:PutObject', 's3:GetObject'], 'dead-letters/second/*'],
      [['s3:PutObject', 's3:GetObject', 's3:DeleteObject'], 'parked/second/*'],
    ]);
    const buckets = Object.entries(Template.fromStack(stack).findResources('AWS::S3::Bucket')).filter(([id]) =>
      id.startsWith('DeadLetterBodies'),
    );
    expect(buckets).toEqual([[expect.any(String), expect.anything()]]);
    expect(buckets[0]?.[1].Properties.LifecycleConfiguration).toEqual({
      Rules: [{ ExpirationInDays: 29, Prefix: 'dead-letters/', Status: 'Enabled' }],
    });
    for (const [name, has] of [
      ['first', true],
      ['second', true],
      ['third', false],
    ] as const)
      expect('SLUICE_DEAD_LETTER_BUCKET' in variablesOf(stack, name)).toBe(has);
  });

  it('nobody gets a bucket for claims where none is declared', () => {
    const { stack, key, common } = parts();
    const plain = topic('plain', { events });
    const reader = subscription('reader', { to: queue('fed', { events, from: plain }) });
    new QueueConsumer(stack, reader, { ...common, topic: new EventTopic(stack, plain, { key }) });
    expect('SLUICE_CLAIMS_BUCKET' in variablesOf(stack, 'reader')).toBe(false);
  });

  it.each<[string, (p: ReturnType<typeof parts>) => unknown, string]>([
    [
      'a topic',
      ({ stack, key }) => new EventTopic(stack, news, { key }),
      "topic 'news' is declared with oversized: 'claim-check' but has no bucket; pass claims: new ClaimCheckBucket(...)",
    ],
    ['a log', ({ stack }) => new EventLog(stack, history), "log 'history' is declared with oversized: 'claim-check'"],
    [
      'a queue',
      ({ stack, common }) => new QueueConsumer(stack, direct, common),
      "queue 'letters' is declared with oversized: 'claim-check'",
    ],
    [
      'a bucket of nobody',
      ({ stack }) => new ClaimCheckBucket(stack, 'claims', { channels: [] }),
      "claim-check bucket 'claims' has no channels; list those that are declared with oversized: 'claim-check'",
    ],
  ])('cannot be wired without what they need: %s', (_, wire, message) => {
    expect(() => wire(parts())).toThrow(message);
  });
});

describe('scheduled work', () => {
  const data = { ticket: 'T-1', text: '' };
  const work = queue('work', { events });
  const worker = subscription('worker', { to: work });

  function scheduled(list: readonly Recurring[] = [], stackName?: string, stage?: string) {
    const p = parts(stackName, stage);
    const consumer = new QueueConsumer(p.stack, worker, p.common);
    return { ...p, scheduled: new ScheduledWork(p.stack, 'scheduled', { queue: consumer.work, recurring: list }) };
  }

  it('a schedule’s role may send to the queue and its dead letters, for this account only', () => {
    const { stack } = scheduled();
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::Scheduler::ScheduleGroup', { Name: 'test-tickets-work' });
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
    });
    const sending = statementsOf(stack, 'sqs:SendMessage').filter(({ Resource }) => Array.isArray(Resource));
    expect(sending).toHaveLength(1);
    expect(sending[0]?.Resource).toHaveLength(2);
  });

  it.each([
    ['prod', 'RetainExceptOnCreate'],
    ['dev', 'Delete'],
  ])('goes with its stack, or stays with the role that it is sent with: %s', (stage, DeletionPolicy) => {
    const { stack } = scheduled([], 'test-tickets', stage);
    const template = Template.fromStack(stack);
    template.hasResource('AWS::Scheduler::ScheduleGroup', { DeletionPolicy });
    const kept = [
      ...Object.entries(template.findResources('AWS::IAM::Role')),
      ...Object.entries(template.findResources('AWS::IAM::Policy')),
    ].filter(([id]) => id.startsWith('scheduled'));
    expect(kept.map(([, resource]) => resource.DeletionPolicy)).toEqual([DeletionPolicy, DeletionPolicy]);
  });

  it('a function may make schedules in the group, and hand the role to Scheduler only', () => {
    const { stack, scheduled: made, fn } = scheduled();
    made.grantLater(fn('producer'));
    expect(statementsOf(stack, 'scheduler:CreateSchedule')).toMatchObject([
      { Action: ['scheduler:CreateSchedule', 'scheduler:GetSchedule', 'scheduler:DeleteSchedule'] },
    ]);
    expect(JSON.stringify(statementsOf(stack, 'scheduler:CreateSchedule')[0]?.Resource)).toContain(':schedule/');
    expect(statementsOf(stack, 'iam:PassRole')).toMatchObject([
      { Condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } } },
    ]);
    const variables = variablesOf(stack, 'producer');
    expect(Object.keys(variables)).toEqual(['SLUICE_STACK', 'SLUICE_SCHEDULES_WORK', 'SLUICE_CHANNEL_WORK']);
    expect(JSON.stringify(variables.SLUICE_SCHEDULES_WORK)).toContain('deadLettersArn');
  });

  it('recurring work is a schedule whose event is named by the due time', () => {
    const { stack } = scheduled([
      recurring('hourly', { to: work, event: TicketOpened, data, every: hours(1) }),
      recurring('minutely', { to: work, event: TicketOpened, data, every: minutes(1) }),
      recurring('daily', { to: work, event: TicketOpened, data, cron: '0 9 * * ? *', timezone: 'Europe/London' }),
    ]);
    const schedules = Object.values(Template.fromStack(stack).findResources('AWS::Scheduler::Schedule'));
    expect(schedules.map(({ Properties: p }) => [p.Name, p.ScheduleExpression, p.ScheduleExpressionTimezone])).toEqual([
      ['test-tickets-hourly', 'rate(60 minutes)', 'UTC'],
      ['test-tickets-minutely', 'rate(1 minute)', 'UTC'],
      ['test-tickets-daily', 'cron(0 9 * * ? *)', 'Europe/London'],
    ]);
    const { Target, FlexibleTimeWindow } = schedules[2]?.Properties ?? {};
    expect(FlexibleTimeWindow).toEqual({ Mode: 'OFF' });
    expect(Target).toMatchObject({ RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 } });
    expect(Object.keys(Target.DeadLetterConfig)).toEqual(['Arn']);
    expect(JSON.parse(Target.Input)).toMatchObject({
      id: 'daily@<aws.scheduler.scheduled-time>',
      time: '<aws.scheduler.scheduled-time>',
      type: TicketOpened.type,
      subject: 'T-1',
      data,
    });
  });

  it.each([
    [64, 24],
    [65, 25],
  ])('has a name of up to 64 characters, and leaves a longer one to CloudFormation: %i', (length, ofStack) => {
    const name = `a${'-b'.repeat(19)}`;
    const { stack } = scheduled(
      [recurring(name, { to: work, event: TicketOpened, data, every: hours(1) })],
      `test-${'x'.repeat(ofStack - 5)}`,
    );
    const whole = `${stack.stackName}-${name}`;
    expect(whole).toHaveLength(length);
    const schedules = Object.values(Template.fromStack(stack).findResources('AWS::Scheduler::Schedule'));
    expect(schedules.map(({ Properties }) => Properties.Name)).toEqual([length <= 64 ? whole : undefined]);
  });

  describe('for a FIFO queue', () => {
    const ordered = fifoQueue('in-order', { events });

    function inOrder(list: readonly Recurring[] = [], withAlarms = true) {
      const p = parts();
      const consumer = new QueueConsumer(p.stack, subscription('ordered', { to: ordered }), p.common);
      const { alarms } = p.common;
      const props = { queue: consumer.work, recurring: list, ...(withAlarms ? { alarms } : {}) };
      return { ...p, scheduled: new ScheduledWork(p.stack, 'scheduled', props) };
    }

    it('goes into the group of its event, which the queue tells apart by content', () => {
      const { stack } = inOrder([recurring('hourly', { to: ordered, event: TicketOpened, data, every: hours(1) })]);
      const template = Template.fromStack(stack);
      template.hasResourceProperties('AWS::Scheduler::Schedule', {
        Target: { SqsParameters: { MessageGroupId: 'T-1' } },
      });
      template.hasResourceProperties('AWS::SQS::Queue', {
        QueueName: 'test-tickets-in-order.fifo',
        ContentBasedDeduplication: true,
      });
    });

    it('has a standard queue, with an alarm, for what cannot be delivered', () => {
      const { stack, scheduled: made, fn } = inOrder();
      made.grantLater(fn('producer'));
      const template = Template.fromStack(stack);
      const name = 'test-tickets-in-order-undelivered-dead-letters';
      template.hasResourceProperties('AWS::SQS::Queue', { QueueName: name, FifoQueue: Match.absent() });
      template.hasResourceProperties('AWS::CloudWatch::Alarm', {
        AlarmName: 'test-tickets-in-order-scheduled-undelivered',
      });
      const [logicalId] = Object.keys(template.findResources('AWS::SQS::Queue', { Properties: { QueueName: name } }));
      expect(JSON.stringify(variablesOf(stack, 'producer').SLUICE_SCHEDULES_IN_ORDER)).toContain(logicalId);
    });

    it('needs somebody who watches that', () => {
      expect(() => inOrder([], false)).toThrow(
        "scheduled work for FIFO queue 'in-order' needs alarms: what Scheduler cannot deliver goes to a queue of its own",
      );
    });

    it('is refused with a group that SQS does not take', () => {
      const spaced = { ...data, ticket: 'T 1' };
      const work = recurring('hourly', { to: ordered, event: TicketOpened, data: spaced, every: hours(1) });
      expect(() => inOrder([work])).toThrow(
        "recurring work 'hourly' has the message group 'T 1'; it must have 1 to 128",
      );
    });
  });

  it('is refused for another queue than it is declared for', () => {
    const elsewhere = recurring('hourly', {
      to: queue('elsewhere', { events }),
      event: TicketOpened,
      data,
      every: hours(1),
    });
    expect(() => scheduled([elsewhere])).toThrow(
      "recurring work 'hourly' is declared for queue 'elsewhere' but is wired to 'work'; pass the queue it is declared with",
    );
  });
});

describe('the records of a log', () => {
  const streamOf = (options: Partial<Parameters<typeof log>[1]>) => {
    const { stack } = parts();
    new EventLog(stack, log('history', { events, ...options }));
    return Object.values(Template.fromStack(stack).findResources('AWS::Kinesis::Stream'))[0]?.Properties;
  };

  it('are as large as Kinesis takes them unless the log declares more', () => {
    expect(streamOf({})).not.toHaveProperty('MaxRecordSizeInKiB');
    expect(streamOf({ maxRecordKiB: 1_024 })).not.toHaveProperty('MaxRecordSizeInKiB');
    expect(streamOf({ maxRecordKiB: 1_025 })).toMatchObject({ MaxRecordSizeInKiB: 1_025 });
    expect(streamOf({ maxRecordKiB: 10_240, capacity: 'on-demand' })).toMatchObject({ MaxRecordSizeInKiB: 10_240 });
  });
});
