import type { SqsMessage, SqsQueue } from '../messages/fauxqs-types.ts';

type Dequeue = SqsQueue['dequeue'];
type Received = ReturnType<Dequeue>;

/** Members of a FIFO queue that fauxqs keeps private. */
interface FifoQueue extends Omit<SqsQueue, 'dequeueFifo'> {
  dequeueFifo: Dequeue;
}

/** Most messages one ReceiveMessage returns. */
const MAX_RECEIVE = 10;

/** In which order messages came into their queues. */
const arrival = new WeakMap<SqsMessage, number>();
let arrivals = 0;

/** Notes that a message has come into its queue, behind all noted before. */
export function noteArrival(message: SqsMessage): void {
  arrival.set(message, arrivals++);
}

/**
 * Makes a fauxqs FIFO queue return several messages of one group in one receive, as AWS does ("as many messages with the
 * same message group ID as possible"), and puts messages that become visible again back where they were in their group.
 * fauxqs returns one message per group, and so never needs the second.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
 */
export function keepGroupsInOrder(fauxqsQueue: SqsQueue): void {
  const queue = fauxqsQueue as unknown as FifoQueue;
  const enqueue = queue.enqueue.bind(queue);
  queue.enqueue = (message) => {
    noteArrival(message);
    enqueue(message);
  };

  const dequeueOnePerGroup = queue.dequeueFifo.bind(queue);
  queue.dequeueFifo = (maxCount, visibilityTimeout, dlqResolver) => {
    const limit = Math.min(maxCount, MAX_RECEIVE);
    const received: Received = [];
    queue.processTimers();
    // What this receive has taken does not come back during it, not even with a visibility timeout of 0.
    const { processTimers } = queue;
    queue.processTimers = () => undefined;
    // One at a time, from the first group that nobody else holds: all of its messages before those of the next.
    while (received.length < limit) {
      const held = heldGroups(queue, received);
      for (const group of held.keys()) queue.fifoLockedGroups.delete(group);
      const more = dequeueOnePerGroup(1, visibilityTimeout, dlqResolver);
      for (const [group, count] of held) {
        queue.fifoLockedGroups.set(group, count + (queue.fifoLockedGroups.get(group) ?? 0));
      }
      if (more.length === 0) break;
      received.push(...more);
    }
    queue.processTimers = processTimers;
    return received;
  };

  const restoreOrder = () => {
    for (const messages of queue.fifoMessages.values()) {
      if (messages.length > 1) messages.sort((a, b) => (arrival.get(a) ?? 0) - (arrival.get(b) ?? 0));
    }
  };
  const processTimers = queue.processTimers.bind(queue);
  queue.processTimers = () => {
    const inFlight = queue.inflightMessages.size;
    processTimers();
    if (queue.inflightMessages.size < inFlight) restoreOrder();
  };
  const changeVisibility = queue.changeVisibility.bind(queue);
  queue.changeVisibility = (receiptHandle, timeoutSeconds) => {
    changeVisibility(receiptHandle, timeoutSeconds);
    if (timeoutSeconds === 0) restoreOrder();
  };
}

/** Groups of the messages just received, with how many of their messages are in flight. */
function heldGroups(queue: FifoQueue, received: Received): Map<string, number> {
  const held = new Map<string, number>();
  for (const { ReceiptHandle } of received) {
    const group = queue.inflightMessages.get(ReceiptHandle)?.message.messageGroupId;
    if (group !== undefined) held.set(group, queue.fifoLockedGroups.get(group) ?? 0);
  }
  return held;
}
