import type { SqsMessage, SqsQueue, SqsStore } from '../messages/fauxqs-types.ts';

/** A message that a redrive policy moved, with the queue it comes from. */
export interface DeadLetter extends SqsMessage {
  deadLetterSourceArn?: string;
}

/**
 * Lets a queue's redrive policy note on what it moves where it comes from (DeadLetterQueueSourceArn). Dead letters of FIFO queues begin
 * their retention anew.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
 */
export function noteDeadLetters(queue: SqsQueue): void {
  const dequeue = queue.dequeue.bind(queue);
  queue.dequeue = (maxCount, visibilityTimeout, resolver) => {
    const received = dequeue(
      maxCount,
      visibilityTimeout,
      resolver &&
        ((arn) => {
          const target = resolver(arn);
          return target && receiving(target, queue.arn);
        }),
    );
    for (const one of received) {
      const letter: DeadLetter | undefined = queue.inflightMessages.get(one.ReceiptHandle)?.message;
      // To be moved among the attributes, if they are asked for, by received-attributes.ts.
      if (letter?.deadLetterSourceArn !== undefined)
        Object.assign(one, { DeadLetterQueueSourceArn: letter.deadLetterSourceArn });
    }
    return received;
  };
}

/** The dead-letter queue as the redrive of fauxqs sees it, which only puts into it. */
function receiving(target: SqsQueue, sourceArn: string): SqsQueue {
  const seen = Object.create(target) as SqsQueue;
  seen.enqueue = (message: DeadLetter) => {
    message.deadLetterSourceArn = sourceArn;
    if (target.isFifo()) message.sentTimestamp = Date.now();
    target.enqueue(message);
  };
  return seen;
}

/** The queues whose redrive policy names this one. */
export function sourcesOf(queue: SqsQueue, store: SqsStore): SqsQueue[] {
  return [...store.allQueues()].filter((other) => redriveTarget(other) === queue.arn);
}

function redriveTarget({ attributes }: SqsQueue): string | undefined {
  if (!attributes.RedrivePolicy) return undefined;
  return (JSON.parse(attributes.RedrivePolicy) as { deadLetterTargetArn?: string }).deadLetterTargetArn;
}
