import type { EventSourceMapping, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENV } from '../../contracts/agreed/environment.ts';
import type { Queue as QueueContract } from '../../contracts/channels/channel.ts';
import { settingsOf } from '../../contracts/declaring/alarms.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { watchConsumer, watchUndelivered } from '../alarms/consumer.ts';
import { type ConsumerView, consumerView } from '../alarms/consumer-view.ts';
import { oldestMessage, queueDepth, watchQueue } from '../alarms/queue.ts';
import type { SystemAlarms } from '../alarms/system-alarms.ts';
import { deploys } from '../channels/declared.ts';
import type { EventTopic } from '../channels/event-topic.ts';
import { WorkQueue } from '../channels/work-queue.ts';
import { queueSource } from '../functions/event-source.ts';
import { allow, cdkDuration, messagingFunction } from '../functions/messaging-function.ts';
import { tagComponent } from '../stages/stage.ts';
import type { ClaimCheckBucket } from '../stores/claim-check-bucket.ts';
import { keepLargeMessages } from '../stores/dead-letter-bucket.ts';
import type { InboxTable } from '../stores/inbox-table.ts';
import { type BreakerController, watchBreaker } from './breaker-controller.ts';

/** What every consumer is deployed with, beside its declaration. */
export interface ConsumerProps {
  /** Bundle of the function, from `bundleFunctions()`. */
  readonly code: string;
  readonly inbox: InboxTable;
  readonly alarms: SystemAlarms;
  /** Needed by subscriptions that declare a breaker. @default none */
  readonly breakers?: BreakerController;
  /** MiB. @default 512 */
  readonly memory?: number;
  /** @default none */
  readonly environment?: Record<string, string>;
}

/** What a consumer of a queue is deployed with, beside its subscription. */
export interface QueueConsumerProps extends ConsumerProps {
  /** The deployed topic, when the queue is declared to come from one. @default none */
  readonly topic?: EventTopic;
  /** Needed when the queue itself is declared with claim check. @default the topic's */
  readonly claims?: ClaimCheckBucket;
}

/** A subscription to a queue, deployed: queue, dead letters, function, event source mapping, permissions and alarms. */
export class QueueConsumer extends Construct {
  readonly work: WorkQueue;
  /** The work's queue. */
  readonly queue: Queue;
  /** What the consumer gave up. */
  readonly deadLetters: Queue;
  readonly function: LambdaFunction;
  readonly mapping: EventSourceMapping;
  readonly view: ConsumerView;

  constructor(scope: Construct, subscription: Subscription<QueueContract>, props: QueueConsumerProps) {
    super(scope, subscription.name);
    deploys(this, { kind: 'subscription', subscription });
    tagComponent(this, subscription.name);
    const { topic, inbox, alarms, breakers } = props;
    this.work = new WorkQueue(this, {
      drainedBy: subscription,
      ...(topic === undefined ? {} : { topic }),
      ...(props.claims === undefined ? {} : { claims: props.claims }),
    });
    const { queue, deadLetters, subscription: fed } = this.work;
    this.queue = queue;
    this.deadLetters = deadLetters;
    this.function = messagingFunction(this, subscription.name, {
      code: props.code,
      description: `Consumes queue ${subscription.to.name} (${subscription.guarantee})`,
      timeout: subscription.timeout,
      ...(props.memory === undefined ? {} : { memory: props.memory }),
      environment: {
        ...props.environment,
        [ENV.queue]: queue.queueUrl,
        [ENV.deadLetterQueue]: deadLetters.queueUrl,
      },
    });
    allow(this.function, ['sqs:SendMessage'], [deadLetters.queueArn]);
    keepLargeMessages(this.function, subscription);
    inbox.grant(this.function, subscription);
    this.work.claims?.grantFetch(this.function);
    const source = queueSource(queue, {
      batchSize: subscription.batchSize,
      reportBatchItemFailures: true,
      ...(subscription.batchWindow.seconds > 0 ? { maxBatchingWindow: cdkDuration(subscription.batchWindow) } : {}),
      ...(subscription.concurrency === undefined ? {} : { maxConcurrency: subscription.concurrency }),
    });
    this.function.addEventSource(source);
    this.mapping = source.mapping;
    watchBreaker(breakers, subscription, this.function, this.mapping.eventSourceMappingId);
    const parts = { subscription, function: this.function, deadLetters };
    const undelivered =
      fed &&
      watchUndelivered(this, alarms, subscription.name, {
        queue: fed.deadLetters,
        service: 'SNS',
        settings: settingsOf(subscription),
      });
    this.view = consumerView(this, parts, {
      depth: queueDepth(queue),
      lag: oldestMessage(queue),
      lags: undefined,
      alarms: [
        ...watchConsumer(this, alarms, parts),
        ...watchQueue(this, alarms, subscription, queue),
        ...(undelivered ? [undelivered] : []),
      ],
    });
  }
}
