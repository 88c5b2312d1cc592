import type { SqsQueue } from '../messages/fauxqs-types.ts';

/** How long a message that comes in waits before it can be received, in milliseconds; 0: not at all. */
export type HoldBack = (queueName: string) => number;

/** Lets messages of a standard queue be overtaken, which such a queue may always do. */
export function holdMessagesBack(queue: SqsQueue, holdBack: HoldBack): void {
  const enqueue = queue.enqueue.bind(queue);
  queue.enqueue = (message) => {
    const ms = holdBack(queue.name);
    if (ms > 0) message.delayUntil = Math.max(message.delayUntil ?? 0, Date.now() + ms);
    enqueue(message);
  };
}
