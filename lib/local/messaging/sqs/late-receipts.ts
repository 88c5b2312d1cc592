import { waitingLists } from '../fauxqs/queue-extensions.ts';
import type { SqsMessage, SqsQueue } from '../messages/fauxqs-types.ts';

/** What a receipt handle is worth. */
export type Receipt =
  /** The message is in flight under it. */
  | 'current'
  /** The message is visible again and was not received since. On a standard queue the handle still works, on a FIFO queue not. */
  | 'late'
  /** The message is gone or was received again. */
  | 'stale';

export interface LateReceipts {
  extend(queue: SqsQueue): void;
  worthOf(queue: SqsQueue, receiptHandle: string): Receipt;
  /** Takes a message with a late handle off its standard queue. */
  remove(queue: SqsQueue, receiptHandle: string): void;
  /** Puts it back in flight, so that its visibility can be changed. */
  revive(queue: SqsQueue, receiptHandle: string): void;
}

/** Handles of messages that are gone are thrown out when there are this many more handles than messages. */
const KEPT_BEYOND = 1000;

/**
 * Remembers the last handle of messages whose visibility timeout ended before they were deleted.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
 */
export function createLateReceipts(): LateReceipts {
  const byQueue = new WeakMap<SqsQueue, Map<string, SqsMessage>>();

  function takeBack(queue: SqsQueue, receiptHandle: string): SqsMessage | undefined {
    const late = byQueue.get(queue);
    const message = late?.get(receiptHandle);
    const index = message === undefined ? -1 : queue.messages.indexOf(message);
    late?.delete(receiptHandle);
    return index < 0 ? undefined : queue.messages.splice(index, 1)[0];
  }

  return {
    extend(queue) {
      const late = new Map<string, SqsMessage>();
      const handles = new WeakMap<SqsMessage, string>();
      byQueue.set(queue, late);
      const processTimers = queue.processTimers.bind(queue);
      queue.processTimers = () => {
        const now = Date.now();
        for (const [handle, { message, visibilityDeadline }] of queue.inflightMessages) {
          if (visibilityDeadline > now) continue;
          late.set(handle, message);
          handles.set(message, handle);
        }
        if (late.size > queue.messages.length + KEPT_BEYOND) forgetGone(late, queue);
        processTimers();
      };
      const dequeue = queue.dequeue.bind(queue);
      queue.dequeue = (...details) => {
        const received = dequeue(...details);
        for (const { ReceiptHandle } of late.size > 0 ? received : []) {
          const message = queue.inflightMessages.get(ReceiptHandle)?.message;
          late.delete((message && handles.get(message)) ?? '');
        }
        return received;
      };
      const purge = queue.purge.bind(queue);
      queue.purge = () => {
        late.clear();
        purge();
      };
    },
    worthOf(queue, receiptHandle) {
      const entry = queue.inflightMessages.get(receiptHandle);
      if (entry !== undefined && entry.visibilityDeadline > Date.now()) return 'current';
      queue.processTimers();
      return byQueue.get(queue)?.has(receiptHandle) ? 'late' : 'stale';
    },
    remove(queue, receiptHandle) {
      const message = takeBack(queue, receiptHandle);
      if (message !== undefined) queue.persistence?.deleteMessage(message.messageId);
    },
    revive(queue, receiptHandle) {
      const message = takeBack(queue, receiptHandle);
      if (message === undefined) return;
      queue.inflightMessages.set(receiptHandle, { message, receiptHandle, visibilityDeadline: Date.now() });
    },
  };
}

function forgetGone(late: Map<string, SqsMessage>, queue: SqsQueue): void {
  const there = new Set(waitingLists(queue).flat());
  for (const [handle, message] of late) if (!there.has(message)) late.delete(handle);
}
