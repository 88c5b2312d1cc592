import type { SnsStore, SqsMessage, SqsQueue, SqsStore } from './fauxqs-types.ts';
import { type Filterable, passesFilter } from './filter-policy.ts';

/** Whether a topic may send to a queue. */
export type MaySend = (topicArn: string, queueArn: string) => boolean;

type Subscription = NonNullable<ReturnType<SnsStore['getSubscription']>>;

/** The queues as the fan-out of a topic sees them: those that are there and let the topic in. */
export interface Delivery {
  readonly queues: Pick<SqsStore, 'getQueueByArn'>;
  /** The topics as the fan-out sees them: with the subscriptions that the message passes, and without their policies. */
  readonly topics: SnsStore;
  /** Runs a publication, whose fan-out is done when it returns. */
  publish<T>(topicArn: string, run: () => T): T;
  /** Puts what a subscriber did not take into the subscription's dead-letter queue, when there is one that lets the topic in. */
  giveUp(topicArn: string, subscription: Subscription, body: string): void;
}

/**
 * A queue that is gone or does not let the topic in gets nothing; the message goes to the subscription's dead-letter queue, without
 * another try, when there is one and it lets the topic in.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
 */
export function createDelivery(
  { sqsStore, snsStore, createMessage }: { sqsStore: SqsStore; snsStore: SnsStore; createMessage: CreateMessage },
  maySend: MaySend,
): Delivery {
  let publishing = '';
  const { topics, endFanout } = filteredTopics(snsStore);

  function deadLetterQueue(topicArn: string, subscription: Subscription | undefined): SqsQueue | undefined {
    const policy = subscription?.attributes.RedrivePolicy;
    const target: unknown = policy ? JSON.parse(policy).deadLetterTargetArn : undefined;
    if (typeof target !== 'string') return undefined;
    const queue = sqsStore.getQueueByArn(target);
    return queue !== undefined && maySend(topicArn, target) ? queue : undefined;
  }

  return {
    topics,
    queues: {
      getQueueByArn(queueArn) {
        const queue = sqsStore.getQueueByArn(queueArn);
        if (queue !== undefined && maySend(publishing, queueArn)) return queue;
        const subscription = snsStore
          .getTopic(publishing)
          ?.subscriptionArns.map((arn) => snsStore.getSubscription(arn))
          .find((one) => one?.endpoint === queueArn);
        return deadLetterQueue(publishing, subscription);
      },
    },
    publish(topicArn, run) {
      publishing = topicArn;
      try {
        return run();
      } finally {
        endFanout();
      }
    },
    giveUp(topicArn, subscription, body) {
      deadLetterQueue(topicArn, subscription)?.enqueue(createMessage(body));
    },
  };
}

/** fauxqs' own filters look into no lists and take what is not there for null: it sees neither the policies nor whom they exclude. */
function filteredTopics(snsStore: SnsStore): { readonly topics: SnsStore; endFanout(): void } {
  let current: Filterable | undefined;
  const topics = Object.create(snsStore) as SnsStore;
  // Told of each message before it is handed to the subscriptions.
  const spy = {
    addMessage({ body, messageAttributes }: { body: string; messageAttributes: Filterable['attributes'] }) {
      current = { message: body, attributes: messageAttributes };
    },
  };
  Object.assign(topics, { spy });
  topics.getSubscription = (arn) => {
    const subscription = snsStore.getSubscription(arn);
    if (subscription === undefined || current === undefined || !subscription.attributes.FilterPolicy)
      return subscription;
    if (!passesFilter(subscription, current)) return undefined;
    const { FilterPolicy: _seen, ...attributes } = subscription.attributes;
    return { ...subscription, attributes };
  };
  return {
    topics,
    endFanout() {
      current = undefined;
    },
  };
}

/** A message of fauxqs, new. */
export type CreateMessage = (
  body: string,
  attributes?: SqsMessage['messageAttributes'],
  delaySeconds?: number,
  group?: string,
  deduplicationId?: string,
) => SqsMessage;
