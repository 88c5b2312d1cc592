import { waitingLists } from '../fauxqs/queue-extensions.ts';
import type { SqsMessage, SqsQueue } from '../messages/fauxqs-types.ts';

/**
 * Removes messages that are older than the queue's MessageRetentionPeriod, hidden ones included, before anybody can receive them. Age counts from the time a message was
 * first sent; a FIFO dead-letter queue counts from the move (see dead-letters.ts).
 * @param timeScale divides the period
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
 */
export function expireMessages(queue: SqsQueue, timeScale: number): void {
  /** No message of the queue was sent before. */
  let noneBefore = Number.NEGATIVE_INFINITY;
  const oldestAt = (now: number) => now - (Number(queue.attributes.MessageRetentionPeriod) * 1000) / timeScale;

  function expire(): void {
    const oldest = oldestAt(Date.now());
    // Searched only when there is something to find, so that a receive from a large backlog stays cheap.
    if (oldest <= noneBefore) return;
    noneBefore = Number.POSITIVE_INFINITY;
    const isOld = (message: SqsMessage): boolean => {
      if (message.sentTimestamp >= oldest) noneBefore = Math.min(noneBefore, message.sentTimestamp);
      return message.sentTimestamp < oldest;
    };
    for (const list of waitingLists(queue)) {
      const { true: old = [], false: kept = [] } = Object.groupBy(list, (message) => `${isOld(message)}` as const);
      if (old.length === 0) continue;
      for (const { messageId } of old) queue.persistence?.deleteMessage(messageId);
      list.length = 0;
      for (const message of kept) list.push(message);
    }
    // Deleting also lets go of a FIFO group.
    for (const [handle, { message }] of queue.inflightMessages) if (isOld(message)) queue.deleteMessage(handle);
  }

  const enqueue = queue.enqueue.bind(queue);
  queue.enqueue = (message) => {
    // A dead letter can be older than its new queue keeps messages.
    if (message.sentTimestamp < oldestAt(Date.now())) return;
    noneBefore = Math.min(noneBefore, message.sentTimestamp);
    enqueue(message);
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
