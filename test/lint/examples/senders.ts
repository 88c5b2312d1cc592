import { CfnRule, type CfnRuleProps } from 'aws-cdk-lib/aws-events';
import { CfnPolicy, CfnRole } from 'aws-cdk-lib/aws-iam';
import { CfnKey } from 'aws-cdk-lib/aws-kms';
import { CfnEventInvokeConfig, type CfnEventInvokeConfigProps } from 'aws-cdk-lib/aws-lambda';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { CfnTopic, CfnTopicPolicy } from 'aws-cdk-lib/aws-sns';
import { type CfnQueue, CfnQueuePolicy } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Examples } from '../example.ts';
import { customerKey, deadLetters, fanOut, fn, queue, read, work } from '../plain.ts';
import { allow, neighbours } from '../plain-relations.ts';

const AWS_KEY = { sqsManagedSseEnabled: undefined, kmsMasterKeyId: 'alias/aws/sqs' } as const;
const EVENTS = 'events.amazonaws.com';

/** Lets a service send to a queue. */
const open = (scope: Construct, to: CfnQueue, service: string) =>
  new CfnQueuePolicy(scope, `${to.node.id}-policy`, {
    queues: [to.ref],
    policyDocument: allow(service, ['sqs:SendMessage'], to.attrArn),
  });

/** A rule that sends to a queue which lets it in, with dead letters. */
function rule(
  scope: Construct,
  { to = queue(scope, 'matched'), dead = deadLetters(scope, 'undelivered'), service = EVENTS } = {},
  changes: Partial<CfnRuleProps> = {},
): void {
  neighbours(scope);
  for (const one of [to, dead]) open(scope, one, service);
  const target = { id: 'one', arn: to.attrArn, deadLetterConfig: { arn: dead.attrArn } };
  new CfnRule(scope, 'rule', { name: 'rule', eventPattern: { source: ['shop'] }, targets: [target], ...changes });
}

/** A schedule whose role may use a key, or may not. */
function schedule(scope: Construct, user: 'role' | 'other role', key: CfnKey): void {
  const trusted = (id: string) => new CfnRole(scope, id, { assumeRolePolicyDocument: {} });
  const [role, other] = [trusted('role'), trusted('other')];
  new CfnPolicy(scope, 'may', {
    policyName: 'may',
    roles: [(user === 'role' ? role : other).ref],
    policyDocument: { Statement: [{ Effect: 'Allow', Action: ['kms:*'], Resource: key.attrArn }] },
  });
  const target = { arn: queue(scope, 'due', { kmsMasterKeyId: key.attrArn }).attrArn, roleArn: role.attrArn };
  new CfnSchedule(scope, 'schedule', {
    name: 'schedule',
    scheduleExpression: 'at(2027-01-01T00:00:00)',
    flexibleTimeWindow: { mode: 'OFF' },
    target,
  });
}

const rootKey = (scope: Construct) =>
  new CfnKey(scope, 'key', { keyPolicy: allow('s3.amazonaws.com', ['kms:*'], '*') });

/** A bucket that tells a queue of its objects. */
function bucket(scope: Construct, service: string, changes?: Parameters<typeof queue>[2]): void {
  neighbours(scope);
  const told = queue(scope, 'objects', changes);
  open(scope, told, service);
  new CfnBucket(scope, 'bucket', {
    notificationConfiguration: { queueConfigurations: [{ event: 's3:ObjectCreated:*', queue: told.attrArn }] },
  });
}

/** A rule that tells a topic. */
function tells(scope: Construct, publisher: string | undefined): void {
  const topic = new CfnTopic(scope, 'topic', { topicName: 'topic' });
  if (publisher !== undefined)
    new CfnTopicPolicy(scope, 'policy', {
      topics: [topic.ref],
      policyDocument: allow(publisher, ['sns:Publish'], topic.ref),
    });
  rule(scope, {}, { targets: [{ id: 'one', arn: topic.ref, deadLetterConfig: { arn: 'arn:aws:sqs:x:1:there' } }] });
}

const elsewhere = { id: 'log', arn: 'arn:aws:logs:eu-west-1:111122223333:log-group:seen' };

export const SENDER_EXAMPLES: Examples = {
  'Messaging-ClosedToSender': [
    {
      bad: (s) => rule(s, { service: 'sns.amazonaws.com', dead: opened(s) }),
      good: (s) => rule(s),
      path: 'rule',
      property: 'Targets.0.Arn',
      value: "'matched', without a policy that allows sqs:SendMessage to events.amazonaws.com",
      fix: 'targets.SqsQueue',
    },
    {
      bad: (s) => bucket(s, EVENTS),
      good: (s) => bucket(s, 's3.amazonaws.com'),
      path: 'bucket',
      property: 'NotificationConfiguration.QueueConfigurations.0.Queue',
      value: "'objects', without a policy that allows sqs:SendMessage to s3.amazonaws.com",
      fix: 'SqsDestination',
    },
    {
      bad: (s) => tells(s, 's3.amazonaws.com'),
      good: (s) => tells(s, EVENTS),
      path: 'rule',
      property: 'Targets.0.Arn',
      value: "'topic', without a policy that allows sns:Publish to events.amazonaws.com",
      fix: 'allows events.amazonaws.com',
    },
    {
      bad: (s) => fanOut(s, { undeliveredLetsIn: EVENTS }),
      good: (s) => fanOut(s),
      path: 'subscription',
      property: 'RedrivePolicy.deadLetterTargetArn',
      value: "'undelivered', without a policy that allows sqs:SendMessage to sns.amazonaws.com",
      fix: 'allows sns.amazonaws.com',
    },
  ],
  'Messaging-KeyClosedToSender': [
    {
      bad: (s) => rule(s, { to: queue(s, 'matched', AWS_KEY) }),
      good: (s) => rule(s),
      path: 'matched',
      property: 'KmsMasterKeyId',
      value: "alias/aws/sqs; rule 'rule' sends here",
      fix: 'QueueEncryption.SQS_MANAGED',
    },
    {
      bad: (s) => rule(s, { to: queue(s, 'matched', { kmsMasterKeyId: customerKey(s, 'sns.amazonaws.com').attrArn }) }),
      good: (s) => rule(s, { to: queue(s, 'matched', { kmsMasterKeyId: customerKey(s, EVENTS).attrArn }) }),
      path: 'matched',
      property: 'KmsMasterKeyId',
      value: "key 'Shop/key', whose policy does not name events.amazonaws.com; rule 'rule' sends here",
      fix: 'kms:GenerateDataKey* and kms:Decrypt to events.amazonaws.com',
    },
    {
      bad: (s) => rule(s, { dead: deadLetters(s, 'undelivered', AWS_KEY) }),
      good: (s) => rule(s, { dead: deadLetters(s, 'undelivered') }),
      path: 'undelivered',
      property: 'KmsMasterKeyId',
      value: "alias/aws/sqs; dead letters of rule 'rule' sends here",
      fix: 'QueueEncryption.SQS_MANAGED',
    },
    {
      bad: (s) => fanOut(s, { deadLetters: AWS_KEY }),
      good: (s) => fanOut(s),
      path: 'undelivered',
      property: 'KmsMasterKeyId',
      value: "alias/aws/sqs; dead letters of subscription 'Shop/subscription' sends here",
      fix: 'QueueEncryption.SQS_MANAGED',
    },
    {
      bad: (s) => bucket(s, 's3.amazonaws.com', AWS_KEY),
      good: (s) => bucket(s, 's3.amazonaws.com', { kmsMasterKeyId: customerKey(s, 's3.amazonaws.com').attrArn }),
      path: 'objects',
      property: 'KmsMasterKeyId',
      value: "alias/aws/sqs; notification 'Shop/bucket' sends here",
      fix: 'kms:Decrypt to s3.amazonaws.com',
    },
    {
      bad: (s) => schedule(s, 'other role', rootKey(s)),
      good: (s) => schedule(s, 'role', rootKey(s)),
      path: 'due',
      property: 'KmsMasterKeyId',
      value:
        "key 'Shop/key', which neither its policy nor those of role 'Shop/role' let it use; schedule 'schedule' sends here",
      fix: 'key.grantEncryptDecrypt(role)',
    },
  ],
  'Messaging-EventTargetWithoutDeadLetters': [
    {
      // Only one of two targets has a place for what it cannot take.
      bad: (s) =>
        rule(
          s,
          {},
          {
            targets: [
              { id: 'one', arn: fn(s, 'one').attrArn, deadLetterConfig: { arn: queue(s, 'dead').attrArn } },
              { id: 'two', arn: fn(s, 'two').attrArn },
            ],
          },
        ),
      good: (s) => rule(s, {}, { targets: [elsewhere] }),
      path: 'rule',
      property: 'Targets.1.DeadLetterConfig',
      value: "none, of the target 'Shop/two'",
      fix: 'deadLetterQueue: queue in the target',
    },
    {
      // On a bus of the app's own.
      bad: (s) => rule(s, {}, { eventBusName: 'orders', targets: [{ id: 'a', arn: queue(s, 'copies').attrArn }] }),
      good: (s) => rule(s, {}, { eventBusName: 'orders' }),
      path: 'rule',
      property: 'Targets.0.DeadLetterConfig',
      value: "none, of the target 'Shop/copies'",
      fix: 'an alarm on the queue',
    },
  ],
  'Messaging-ScheduleWithoutDeadLetters': [
    {
      bad: (s) => schedule(s, 'role', rootKey(s)),
      good: (s) => rule(s),
      path: 'schedule',
      property: 'Target.DeadLetterConfig',
      value: "none, of the target 'Shop/due'",
      fix: 'in the target of the schedule or rule',
    },
    {
      bad: (s) => every(s, undefined),
      // It says itself that the next one does.
      good: (s) => every(s, 0),
      path: 'rule',
      property: 'Targets.0.DeadLetterConfig',
      value: "none, of the target 'Shop/one'",
      fix: 'in the target of the schedule or rule',
    },
  ],
  'Messaging-AsyncFailuresDropped': [
    {
      bad: (s) => rule(s, {}, { targets: [{ id: 'one', arn: fn(s, 'one').attrArn }] }),
      good: (s) =>
        rule(
          s,
          {},
          {
            targets: [
              { id: 'one', arn: fn(s, 'one', { deadLetterConfig: { targetArn: 'arn:aws:sqs:x:1:there' } }).attrArn },
            ],
          },
        ),
      path: 'one',
      property: 'DeadLetterConfig',
      value: "none, and no failure destination; invoked by 'rule'",
      fix: 'onFailure: new SqsDestination(queue)',
    },
    {
      // A failure destination of another function is none of this one.
      bad: (s) => fanOut(s, { subscription: { protocol: 'lambda', endpoint: fn(s, 'one').attrArn } }),
      good: (s) => {
        read(s);
        work(s);
      },
      path: 'one',
      property: 'DeadLetterConfig',
      value: "none, and no failure destination; invoked by 'Shop/subscription'",
      fix: 'a queue with dead letters before it',
    },
  ],
  'Messaging-AsyncRetriesUndeclared': [
    {
      // The retries of the rule are EventBridge's, not Lambda's.
      bad: (s) => every(s, 0),
      good: (s) => tried(s, { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 }),
      path: 'one',
      property: 'MaximumRetryAttempts',
      value: "none; invoked by 'rule'",
      fix: 'fn.configureAsyncInvoke({ retryAttempts: 0',
    },
    {
      bad: (s) => tried(s, { maximumRetryAttempts: 0 }),
      good: (s) => read(s),
      path: 'invoke',
      property: 'MaximumEventAgeInSeconds',
      value: "none; invoked by 'rule'",
      fix: 'maxEventAge',
    },
  ],
};

/** A rule that invokes a function every minute, and how often Lambda tries. */
function tried(scope: Construct, config: Omit<CfnEventInvokeConfigProps, 'functionName' | 'qualifier'>): void {
  every(scope, 0);
  new CfnEventInvokeConfig(scope, 'invoke', { functionName: 'one', qualifier: '$LATEST', ...config });
}

/** Dead letters that let EventBridge in, whatever else is closed to it. */
function opened(scope: Construct): CfnQueue {
  const made = deadLetters(scope, 'undelivered');
  new CfnQueuePolicy(scope, 'opened', { queues: [made.ref], policyDocument: allow(EVENTS, ['sqs:*'], made.attrArn) });
  return made;
}

function every(scope: Construct, maximumRetryAttempts: number | undefined): void {
  const retryPolicy = maximumRetryAttempts === undefined ? {} : { retryPolicy: { maximumRetryAttempts } };
  const targets = [{ id: 'one', arn: fn(scope, 'one').attrArn, ...retryPolicy }];
  new CfnRule(scope, 'rule', { name: 'rule', scheduleExpression: 'rate(1 minute)', targets });
}
