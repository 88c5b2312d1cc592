import { App, Duration, Stack, Validations } from 'aws-cdk-lib';
import { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { AttributeType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue as SqsQueueTarget } from 'aws-cdk-lib/aws-events-targets';
import { CfnStream, Stream, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { Key } from 'aws-cdk-lib/aws-kms';
import {
  Code,
  FilterCriteria,
  FilterRule,
  Function as LambdaFunction,
  Runtime,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, KinesisEventSource, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription, SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { MessagingChecks } from '../../../lib/lint/messaging-checks.ts';

/**
 * A shop as many are: plain constructs of the CDK, wired the short way. Every mistake that was put in is named beside it ("seeded"); the pack
 * must find each of them and nothing else.
 */
const app = new App();
Validations.of(app).addPlugins(new MessagingChecks());

const stack = new Stack(app, 'Shop');
const work = (id: string, timeout: number, reserved?: number) =>
  new LambdaFunction(stack, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => ({ batchItemFailures: [] })'),
    timeout: Duration.seconds(timeout),
    ...(reserved === undefined ? {} : { reservedConcurrentExecutions: reserved }),
  });
const somebody = new Topic(stack, 'Somebody');
const tells = (alarm: Alarm, topic: Topic = somebody) => alarm.addAlarmAction(new SnsAction(topic));
const watched = (id: string, metric: Metric, threshold = 0) =>
  new Alarm(stack, id, { metric, threshold, evaluationPeriods: 1 });

// Orders: a queue with dead letters that nobody hears of.
// seeded Messaging-DeadLettersExpireEarly: both queues keep messages for the default of four days
// seeded Messaging-DeadLettersWithoutAlarm
const deadOrders = new Queue(stack, 'DeadOrders');
// seeded Messaging-VisibilityTooShort: 30 s by default, for a function of 20 s
// seeded Messaging-QueueWithoutLagAlarm
const orders = new Queue(stack, 'Orders', { deadLetterQueue: { queue: deadOrders, maxReceiveCount: 3 } });
// seeded Messaging-QueueBatchFailsAsWhole
// seeded Messaging-ThrottledIntoDeadLetters
work('TakeOrder', 20).addEventSource(new SqsEventSource(orders));

// Payments: a queue without dead letters, shared by two functions that filter.
// seeded Messaging-QueueWithoutDeadLetters
// seeded Messaging-SeveralFunctionsOnOneQueue
const payments = new Queue(stack, 'Payments', { visibilityTimeout: Duration.minutes(3) });
tells(watched('PaymentsAge', payments.metricApproximateAgeOfOldestMessage(), 300));
for (const kind of ['card', 'invoice']) {
  // seeded Messaging-FilterDeletesMessages
  // seeded Messaging-FilterDeletesMessages
  work(`Pay-${kind}`, 10).addEventSource(
    new SqsEventSource(payments, {
      reportBatchItemFailures: true,
      maxConcurrency: 10,
      filters: [FilterCriteria.filter({ body: { kind: FilterRule.isEqual(kind) } })],
    }),
  );
}

// Mails: the function has the dead-letter queue that the queue should have, and less concurrency than its source asks for.
const deadMails = new Queue(stack, 'DeadMails', { retentionPeriod: Duration.days(14) });
// seeded Messaging-DeadLetterAlarmOnTraffic
tells(watched('DeadMailsAlarm', deadMails.metricNumberOfMessagesSent()));
const mails = new Queue(stack, 'Mails', {
  visibilityTimeout: Duration.minutes(2),
  deadLetterQueue: { queue: deadMails, maxReceiveCount: 5 },
});
tells(watched('MailsAge', mails.metricApproximateAgeOfOldestMessage(), 300));
// seeded Messaging-ConcurrencyAboveReserved
// seeded Messaging-FunctionDeadLettersUnused
const mailer = new LambdaFunction(stack, 'Mailer', {
  runtime: Runtime.NODEJS_24_X,
  handler: 'index.handler',
  code: Code.fromInline('exports.handler = async () => ({ batchItemFailures: [] })'),
  timeout: Duration.seconds(10),
  reservedConcurrentExecutions: 2,
  deadLetterQueue: deadMails,
});
mailer.addEventSource(new SqsEventSource(mails, { reportBatchItemFailures: true, maxConcurrency: 10 }));

// Clicks: a stream read the short way.
// seeded Messaging-EndlessRetries
// seeded Messaging-NoFailureDestination
// seeded Messaging-StreamBatchFailsAsWhole
// seeded Messaging-BatchNotSplit
// seeded Messaging-StartsAtLatest
const clicks = new Stream(stack, 'Clicks', { streamMode: StreamMode.PROVISIONED, shardCount: 2 });
// seeded Messaging-MoreConsumersThanShards
const counter = work('CountClicks', 30, 100);
counter.addEventSource(new KinesisEventSource(clicks, { startingPosition: StartingPosition.LATEST }));
// seeded Messaging-LagAlarmAfterLoss: 24 h are kept
tells(watched('Lag', counter.metric('IteratorAge'), Duration.days(1).toMilliseconds()));
// seeded Messaging-AlarmNeverMatches
tells(watched('ClicksIn', new Metric({ namespace: 'AWS/Kinesis', metricName: 'WriteProvisionedThroughputExceeded' })));

// Baskets: changes of a table, filtered by a number.
const baskets = new Table(stack, 'Baskets', {
  partitionKey: { name: 'id', type: AttributeType.STRING },
  stream: StreamViewType.NEW_IMAGE,
});
const deadBaskets = new Queue(stack, 'DeadBaskets', { retentionPeriod: Duration.days(14) });
// seeded Messaging-AlarmWithoutAction
watched('DeadBasketsAlarm', deadBaskets.metricApproximateNumberOfMessagesVisible());
// seeded Messaging-TableFilterNeverMatches
// seeded Messaging-StreamWithoutLagAlarm
work('LargeBaskets', 30).addEventSource(
  new DynamoEventSource(baskets, {
    startingPosition: StartingPosition.TRIM_HORIZON,
    retryAttempts: 5,
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    onFailure: { bind: () => ({ destination: deadBaskets.queueArn }) },
    filters: [FilterCriteria.filter({ dynamodb: { NewImage: { total: { N: FilterRule.between(100, 1_000) } } } })],
  }),
);

// News: fan-out to a queue and a function, without a place for what cannot be delivered.
const news = new Topic(stack, 'News');
const deadNews = new Queue(stack, 'DeadNews', { retentionPeriod: Duration.days(14) });
// seeded Messaging-RequestResponseOverQueues
const answers = { deadLetterQueue: { queue: deadNews, maxReceiveCount: 5 } };
const searchRequests = new Queue(stack, 'SearchRequests', answers);
new Queue(stack, 'SearchResponses', answers);
// seeded Messaging-SubscriptionWithoutDeadLetters
news.addSubscription(new SqsSubscription(searchRequests));
// seeded Messaging-SubscriptionWithoutDeadLetters
// seeded Messaging-AsyncFailuresDropped
// seeded Messaging-AsyncRetriesUndeclared
news.addSubscription(new LambdaSubscription(work('ReadNews', 5)));

// Pages: alarms that go to a topic which CloudWatch can neither encrypt for nor publish to.
// seeded Messaging-AlarmTopicKeyClosed
// seeded Messaging-AlarmTopicPolicyClosed
const pages = new Topic(stack, 'Pages', { masterKey: new Key(stack, 'Key'), enforceSSL: true });
tells(watched('DeadNewsAlarm', deadNews.metricApproximateNumberOfMessagesVisible()), pages);

// Refunds: another stack's queue gives up to a queue of this one.
const refunds = new Stack(app, 'Refunds');
// seeded Messaging-ExpiresBeforeDeadLetters
new Queue(refunds, 'Refunds', {
  retentionPeriod: Duration.minutes(2),
  deadLetterQueue: { queue: deadNews, maxReceiveCount: 10 },
});

// Returns: events of the shop, delivered to a queue that nobody but roles may encrypt for, and to a pipe.
const returns = new Queue(stack, 'Returns', { encryption: QueueEncryption.KMS_MANAGED });
// seeded Messaging-EventTargetWithoutDeadLetters
// seeded Messaging-KeyClosedToSender
new Rule(stack, 'Returned', {
  eventPattern: { source: ['shop'], detailType: ['returned'] },
  targets: [new SqsQueueTarget(returns)],
});
// seeded Messaging-ScheduleWithoutDeadLetters
new CfnSchedule(stack, 'Reminder', {
  scheduleExpression: 'at(2027-01-01T09:00:00)',
  flexibleTimeWindow: { mode: 'OFF' },
  target: { arn: returns.queueArn, roleArn: 'arn:aws:iam::111122223333:role/scheduler' },
});
// seeded Messaging-KeyOrderNotKept
const views = new CfnStream(stack, 'Views', {
  streamModeDetails: { streamMode: 'ON_DEMAND' },
  recordDistributionStrategy: 'AUTO',
});
// seeded Messaging-EndlessRetries
// seeded Messaging-NoFailureDestination
// seeded Messaging-BatchNotSplit
// seeded Messaging-StreamWithoutLagAlarm
// seeded Messaging-FilterNeverMatches
new CfnPipe(stack, 'ViewsPipe', {
  roleArn: 'arn:aws:iam::111122223333:role/pipe',
  source: views.attrArn,
  sourceParameters: {
    kinesisStreamParameters: { startingPosition: 'TRIM_HORIZON', parallelizationFactor: 5 },
    filterCriteria: { filters: [{ pattern: '{ "body": { "page": ["home"] } }' }] },
  },
  target: 'arn:aws:events:eu-west-1:111122223333:event-bus/views',
});
// Nothing here consumes it, and no dead letters are missing: another app does.
new Queue(stack, 'ForTheWarehouse');

app.synth();
