import type { SqsMessage, SqsQueue } from '../messages/fauxqs-types.ts';

/** Longest a message can be hidden after it was received, however often that is changed: 12 hours. */
export const VISIBILITY_LIMIT_SECONDS = 43_200;

/** When messages were received last, for the limit on their visibility timeout. */
export interface ReceiveTimes {
  extend(queue: SqsQueue): void;
  /** Whether hiding the message for so many seconds from now would pass the limit. */
  wouldPassLimit(queue: SqsQueue, receiptHandle: string, seconds: number): boolean;
}

export function createReceiveTimes(): ReceiveTimes {
  const times = new WeakMap<SqsMessage, number>();
  return {
    extend(queue) {
      const dequeue = queue.dequeue.bind(queue);
      queue.dequeue = (...details) => {
        const received = dequeue(...details);
        const now = Date.now();
        for (const { ReceiptHandle } of received) {
          const message = queue.inflightMessages.get(ReceiptHandle)?.message;
          if (message !== undefined) times.set(message, now);
        }
        return received;
      };
    },
    wouldPassLimit(queue, receiptHandle, seconds) {
      const message = queue.inflightMessages.get(receiptHandle)?.message;
      const receivedAt = message && times.get(message);
      const elapsed = receivedAt === undefined ? 0 : Math.floor((Date.now() - receivedAt) / 1000);
      return elapsed + seconds > VISIBILITY_LIMIT_SECONDS;
    },
  };
}
