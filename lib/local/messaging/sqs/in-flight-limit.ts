import type { SqsQueue } from '../messages/fauxqs-types.ts';

/** Messages of a queue that may be received and not yet deleted. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
export const IN_FLIGHT_LIMIT = 120_000;

/** Receives bring no more messages than may be in flight; at the limit, none. */
export function limitInFlight(queue: SqsQueue, limit = IN_FLIGHT_LIMIT): void {
  const dequeue = queue.dequeue.bind(queue);
  queue.dequeue = (maxCount, ...rest) => {
    const room = roomFor(queue, limit);
    return room <= 0 ? [] : dequeue(Math.min(maxCount, room), ...rest);
  };
}

/** How many more messages may be in flight. */
export function roomFor(queue: SqsQueue, limit = IN_FLIGHT_LIMIT): number {
  // Only then: it looks at every message in flight.
  if (queue.inflightMessages.size >= limit) queue.processTimers();
  return limit - queue.inflightMessages.size;
}
