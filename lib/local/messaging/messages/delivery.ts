import type { SnsStore, SqsMessage, SqsQueue, SqsStore } from './fauxqs-types.ts';
import { passesFilter } from './filter-policy.ts';
import { MAX_ATTRIBUTES } from './message-checks.ts';
import { eventOf, notificationOf, type Publication } from './publication.ts';

/** Whether a topic may send to a queue. */
export type MaySend = (topicArn: string, queueArn: string) => boolean;

/** Hands a notification to a function, as an event. @throws Error when there is no such function, or the topic may not invoke it */
export type NotifyFunction = (topicArn: string, functionArn: string, event: string) => void;

/**
 * What became of a message at one subscription: its filter kept it back, it arrived, or it did not and went to the subscription's dead-letter
 * queue or nowhere.
 */
export type Outcome = 'filtered' | 'delivered' | 'redriven' | 'lost';

type Subscription = NonNullable<ReturnType<SnsStore['getSubscription']>>;

interface Letter {
  readonly body: string;
  readonly attributes?: Publication['attributes'];
}

/**
 * Delivers to the queues and functions that subscribe to a topic. A queue that is gone or does not let the topic in gets nothing, nor does
 * one that would get more attributes than a message can have: SNS takes that for an error of the subscriber. Such a message goes to the
 * subscription's dead-letter queue, without another try, when there is one and it lets the topic in.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
 * https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
 */
export function createDelivery(
  { sqsStore, snsStore, createMessage }: { sqsStore: SqsStore; snsStore: SnsStore; createMessage: CreateMessage },
  maySend: MaySend,
  notify: NotifyFunction,
): (topicArn: string, publication: Publication) => Outcome[] {
  function open(topicArn: string, queueArn: unknown): SqsQueue | undefined {
    if (typeof queueArn !== 'string') return undefined;
    const queue = sqsStore.getQueueByArn(queueArn);
    return queue !== undefined && maySend(topicArn, queueArn) ? queue : undefined;
  }

  function put(queue: SqsQueue, { body, attributes = {} }: Letter, { group, deduplicationId }: Publication): void {
    const message = createMessage(body, attributes, undefined, group, deduplicationId);
    if (queue.isFifo() && deduplicationId !== undefined) {
      if (queue.checkDeduplication(deduplicationId).isDuplicate) return;
      message.sequenceNumber = queue.nextSequenceNumber();
      queue.recordDeduplication(deduplicationId, message.messageId);
    }
    queue.enqueue(message);
  }

  function giveUp(subscription: Subscription, letter: Letter, publication: Publication): Outcome {
    const policy = subscription.attributes.RedrivePolicy;
    const queue = open(subscription.topicArn, policy ? JSON.parse(policy).deadLetterTargetArn : undefined);
    if (queue === undefined) return 'lost';
    put(queue, letter, publication);
    return 'redriven';
  }

  function toQueue(subscription: Subscription, publication: Publication): Outcome {
    const { message, attributes } = publication;
    const notification = { body: JSON.stringify(notificationOf(publication, subscription)) };
    const isRaw = subscription.attributes.RawMessageDelivery === 'true';
    // Nor could a dead letter have them: there they are in the notification.
    if (isRaw && Object.keys(attributes).length > MAX_ATTRIBUTES)
      return giveUp(subscription, notification, publication);
    const letter = isRaw ? { body: message, attributes } : notification;
    const queue = open(subscription.topicArn, subscription.endpoint);
    if (queue === undefined) return giveUp(subscription, letter, publication);
    put(queue, letter, publication);
    return 'delivered';
  }

  function toFunction(subscription: Subscription, publication: Publication): Outcome {
    try {
      notify(subscription.topicArn, subscription.endpoint, JSON.stringify(eventOf(publication, subscription)));
      return 'delivered';
    } catch {
      // Whoever publishes does not hear of it, as on AWS.
      return giveUp(subscription, { body: JSON.stringify(notificationOf(publication, subscription)) }, publication);
    }
  }

  const ways: Readonly<Record<string, typeof toQueue>> = { sqs: toQueue, lambda: toFunction };
  return (topicArn, publication) =>
    (snsStore.getTopic(topicArn)?.subscriptionArns ?? []).flatMap((arn) => {
      const subscription = snsStore.getSubscription(arn);
      const way = subscription?.confirmed ? ways[subscription.protocol] : undefined;
      if (subscription === undefined || way === undefined) return [];
      return passesFilter(subscription, publication) ? way(subscription, publication) : 'filtered';
    });
}

/** A message of fauxqs, new. */
export type CreateMessage = (
  body: string,
  attributes?: SqsMessage['messageAttributes'],
  delaySeconds?: number,
  group?: string,
  deduplicationId?: string,
) => SqsMessage;
