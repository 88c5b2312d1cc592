import type { SqsMessage, SqsQueue } from './fauxqs-types.ts';
import { waitingLists } from './queue-extensions.ts';

/** How often a queue is searched for expired messages at most. */
const SEARCH_INTERVAL_MS = 250;

/**
 * Removes messages that are older than the queue's MessageRetentionPeriod, hidden ones included. Age counts from the time a message was
 * first sent; a FIFO dead-letter queue counts from the move (see dead-letters.ts).
 * @param timeScale divides the period
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
 */
export function expireMessages(queue: SqsQueue, timeScale: number): void {
  let searchedAt = 0;
  const oldestAt = (now: number) => now - (Number(queue.attributes.MessageRetentionPeriod) * 1000) / timeScale;

  function expire(): void {
    const now = Date.now();
    if (now - searchedAt < SEARCH_INTERVAL_MS) return;
    searchedAt = now;
    const oldest = oldestAt(now);
    const isOld = (message: SqsMessage): boolean => message.sentTimestamp < oldest;
    for (const list of waitingLists(queue)) {
      if (!list.some(isOld)) continue;
      const kept = list.filter((message) => !isOld(message));
      for (const message of list) if (isOld(message)) queue.persistence?.deleteMessage(message.messageId);
      list.splice(0, list.length, ...kept);
    }
    // Deleting also lets go of a FIFO group.
    for (const [handle, { message }] of queue.inflightMessages) if (isOld(message)) queue.deleteMessage(handle);
  }

  const enqueue = queue.enqueue.bind(queue);
  queue.enqueue = (message) => {
    // A dead letter can be older than its new queue keeps messages.
    if (message.sentTimestamp >= oldestAt(Date.now())) enqueue(message);
  };
  const processTimers = queue.processTimers.bind(queue);
  queue.processTimers = () => {
    processTimers();
    expire();
  };
  const getAllAttributes = queue.getAllAttributes.bind(queue);
  queue.getAllAttributes = (requested) => {
    // Counts are of now, also while nobody receives.
    queue.processTimers();
    return getAllAttributes(requested);
  };
}
