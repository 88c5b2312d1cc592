import { Duration } from 'aws-cdk-lib';
import { type CfnQueue, DeduplicationScope, FifoThroughputLimit, type Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Queue as QueueContract } from '../../contracts/channels/channel.ts';
import { maxReceiveCountOf, visibilityOf } from '../../contracts/subscriptions/delivery-numbers.ts';
import type { Subscription as SubscriptionContract } from '../../contracts/subscriptions/subscription.ts';
import { cdkDuration } from '../functions/messaging-function.ts';
import { type ClaimCheckBucket, claimsOf } from '../stores/claim-check-bucket.ts';
import type { Destination } from './channel-grants.ts';
import { deploys } from './declared.ts';
import type { EventTopic } from './event-topic.ts';
import { DEAD_LETTER_SUFFIX, messageQueue } from './message-queue.ts';
import { TopicSubscription } from './topic-subscription.ts';

/** What a queue is deployed with, beside its declaration. */
export interface WorkQueueProps {
  /** The subscription that drains the queue; it decides visibility and redrive. */
  readonly drainedBy: SubscriptionContract<QueueContract>;
  /** Must be the deployed form of the topic the queue is declared to come `from`. @default none */
  readonly topic?: EventTopic;
  /** Needed when the queue is declared with claim check. @default the topic's */
  readonly claims?: ClaimCheckBucket;
}

/**
 * A declared queue as an SQS queue with its dead-letter queue (FIFO with FIFO), and its filtered subscription, with dead letters of its own, when
 * a topic feeds it.
 */
export class WorkQueue extends Construct {
  readonly contract: QueueContract;
  readonly queue: Queue;
  /** What the consumer gave up. */
  readonly deadLetters: Queue;
  /** When a topic feeds it. Its dead letters are what SNS could not deliver; somebody must watch them. */
  readonly subscription: TopicSubscription | undefined;
  readonly destination: Destination;
  /** Where the data of oversized events is, whoever sent them. */
  readonly claims: ClaimCheckBucket | undefined;

  constructor(scope: Construct, props: WorkQueueProps) {
    const { drainedBy, topic } = props;
    const contract = drainedBy.to;
    super(scope, contract.name);
    this.contract = contract;
    this.claims = claimsOf(contract, props.claims ?? topic?.claims);
    const fifo = contract.order === 'per-key';
    // Groups are independent of each other, so deduplication and throughput need not be shared across the queue.
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html
    const kind = fifo
      ? {
          deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
          fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
        }
      : {};
    this.deadLetters = messageQueue(this, 'DeadLetters', {
      ...kind,
      fifo,
      name: `${contract.name}${DEAD_LETTER_SUFFIX}`,
      retention: contract.deadLetterRetention,
    });
    this.queue = messageQueue(this, 'Queue', {
      ...kind,
      fifo,
      name: contract.name,
      retention: contract.retention,
      visibilityTimeout: cdkDuration(visibilityOf(drainedBy)),
      receiveMessageWaitTime: Duration.seconds(20),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: maxReceiveCountOf(drainedBy) },
    });
    deploys(this.queue, { kind: 'channel', channel: contract });
    this.destination = {
      name: contract.name,
      address: this.queue.queueUrl,
      arn: this.queue.queueArn,
      sendActions: ['sqs:SendMessage'],
      ...(this.claims === undefined ? {} : { claims: this.claims }),
    };
    if (contract.from?.name !== topic?.contract.name) {
      throw new Error(
        `queue '${contract.name}' is declared to come from ${contract.from === undefined ? 'no topic' : `topic '${contract.from.name}'`} but is wired to ${topic === undefined ? 'none' : `'${topic.contract.name}'`}; pass the topic it is declared with`,
      );
    }
    this.subscription =
      topic === undefined ? undefined : new TopicSubscription(this, contract, { topic, queue: this.queue });
  }

  /**
   * FIFO queues: lets those send who name no deduplication id, as EventBridge Scheduler does; who names one is not affected.
   * https://docs.aws.amazon.com/scheduler/latest/APIReference/API_SqsParameters.html
   */
  deduplicateByContent(): void {
    (this.queue.node.defaultChild as CfnQueue).contentBasedDeduplication = true;
  }
}
