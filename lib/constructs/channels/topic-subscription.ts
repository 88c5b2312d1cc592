import { FilterOrPolicy, type Subscription, SubscriptionFilter } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Queue as QueueContract } from '../../contracts/channels/channel.ts';
import type { EnvelopeFilter, FilterCondition, FilterPattern } from '../../contracts/channels/subscription-filter.ts';
import { ATTRIBUTE } from '../../contracts/events/envelope.ts';
import { acknowledgeDeadLetters } from '../stages/acknowledge.ts';
import { idByName } from '../stages/logical-ids.ts';
import type { EventTopic } from './event-topic.ts';
import { DEAD_LETTER_SUFFIX, messageQueue } from './message-queue.ts';

/**
 * A queue's subscription to the topic it is declared to come from: raw, filtered by the declared events and filter, with dead letters of its own for
 * what SNS cannot deliver. Those are FIFO when the topic is, also where the subscribed queue is a standard one, whose own dead letters SNS therefore
 * could not use. https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
 */
export class TopicSubscription extends Construct {
  readonly subscription: Subscription;
  /** Messages that SNS could not deliver, as they were published: it adds no reason. Nobody has tried to handle them. */
  readonly deadLetters: Queue;

  constructor(scope: Construct, contract: QueueContract, { topic, queue }: { topic: EventTopic; queue: IQueue }) {
    super(scope, 'Subscription');
    this.deadLetters = messageQueue(this, 'DeadLetters', {
      name: `${contract.name}-subscription${DEAD_LETTER_SUFFIX}`,
      fifo: topic.contract.order === 'per-key',
      retention: contract.deadLetterRetention,
    });
    acknowledgeDeadLetters(this.deadLetters, 'a subscription');
    this.subscription = topic.topic.addSubscription(
      new SqsSubscription(queue, {
        rawMessageDelivery: true,
        deadLetterQueue: this.deadLetters,
        ...filterOf(contract),
      }),
    );
    // It hangs on the queue under a name that the CDK makes of the topic's place in the tree.
    idByName(this.subscription, `${contract.name}-from-${topic.contract.name}`);
  }
}

/** Without a declared filter the attribute decides, which SNS finds without reading the body. One subscription looks at one of them only. */
function filterOf({ events, filter }: QueueContract) {
  const types = new SubscriptionFilter(events.map(({ type }) => type));
  if (filter === undefined) return { filterPolicy: { [ATTRIBUTE.type]: types } };
  return { filterPolicyWithMessageBody: { type: FilterOrPolicy.filter(types), ...policyOf(filter) } };
}

const policyOf = (pattern: EnvelopeFilter | FilterPattern): Record<string, FilterOrPolicy> =>
  Object.fromEntries(
    Object.entries<readonly FilterCondition[] | FilterPattern>({ ...pattern }).map(([field, value]) => [
      field,
      isPattern(value)
        ? FilterOrPolicy.policy(policyOf(value))
        : FilterOrPolicy.filter(new SubscriptionFilter([...value])),
    ]),
  );

const isPattern = (value: readonly FilterCondition[] | FilterPattern): value is FilterPattern => !Array.isArray(value);
