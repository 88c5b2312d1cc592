import type { SnsStore, SqsQueue, SqsStore } from './fauxqs-types.ts';

/** Whether a topic may send to a queue. */
export type MaySend = (topicArn: string, queueArn: string) => boolean;

/** The queues as the fan-out of a topic sees them: those that let the topic in. */
export interface Delivery {
  readonly queues: Pick<SqsStore, 'getQueueByArn'>;
  /** Runs a publication, whose fan-out is done when it returns. */
  publish<T>(topicArn: string, run: () => T): T;
}

/**
 * A queue that does not let the topic in gets nothing; the message goes to the subscription's dead-letter queue, without another try,
 * when there is one and it lets the topic in.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
 */
export function createDelivery(sqsStore: SqsStore, snsStore: SnsStore, maySend: MaySend): Delivery {
  let topicArn = '';

  function deadLetterQueue(queueArn: string): SqsQueue | undefined {
    const subscription = snsStore
      .getTopic(topicArn)
      ?.subscriptionArns.map((arn) => snsStore.getSubscription(arn))
      .find((one) => one?.endpoint === queueArn);
    const policy = subscription?.attributes.RedrivePolicy;
    const target: unknown = policy ? JSON.parse(policy).deadLetterTargetArn : undefined;
    if (typeof target !== 'string') return undefined;
    const queue = sqsStore.getQueueByArn(target);
    return queue !== undefined && maySend(topicArn, target) ? queue : undefined;
  }

  return {
    queues: {
      getQueueByArn(queueArn) {
        const queue = sqsStore.getQueueByArn(queueArn);
        return queue === undefined || maySend(topicArn, queueArn) ? queue : deadLetterQueue(queueArn);
      },
    },
    publish(arn, run) {
      topicArn = arn;
      return run();
    },
  };
}
