import type { SqsMessage, SqsQueue, SqsStore } from '../messages/fauxqs-types.ts';

/** Changes how every queue works, those that are there and those to come. Later extensions wrap earlier ones. */
export function extendQueues(store: SqsStore, extend: (queue: SqsQueue) => void): void {
  for (const queue of store.allQueues()) extend(queue);
  const create = store.createQueue.bind(store);
  store.createQueue = (...details) => {
    const queue = create(...details);
    extend(queue);
    return queue;
  };
}

/** All waiting messages of a queue, as the lists that hold them: by group when it is FIFO. */
export function waitingLists(queue: SqsQueue): SqsMessage[][] {
  return queue.isFifo()
    ? [...queue.fifoMessages.values(), ...queue.fifoDelayed.values()]
    : [queue.messages, queue.delayedMessages];
}
