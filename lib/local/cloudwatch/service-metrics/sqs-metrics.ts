import { extendQueues } from '../../messaging/fauxqs/queue-extensions.ts';
import type { SqsMessage, SqsQueue, SqsStore } from '../../messaging/messages/fauxqs-types.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Series } from '../metrics/series.ts';
import { inputOf, type RequestMeter } from './request-meter.ts';

/** From the fourth receive on a message no longer counts as the oldest: it goes to the back of the line. */
const RECEIVES_AT_THE_FRONT = 3;

/** What is counted for a queue while it is used. */
interface QueueCounters {
  readonly sent: Series;
  readonly size: Series;
  readonly received: Series;
  readonly empty: Series;
  readonly deleted: Series;
}

/**
 * Counts what the queues of a store do, under the names of AWS/SQS, and samples how full they are once a minute.
 * Messages that redrive moves into a dead-letter queue are not counted as sent, as on AWS.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 * @returns what counts the receives that come back empty
 */
export function meterQueues(store: SqsStore, metrics: Metrics): RequestMeter {
  const counters = new WeakMap<SqsQueue, QueueCounters>();
  /** When redrive moved a message: in a dead-letter queue its age counts from there. */
  const moved = new WeakMap<SqsMessage, number>();

  extendQueues(store, (queue) => {
    const counted = countersOf(queue, metrics);
    counters.set(queue, counted);
    count(queue, counted, moved);
  });
  metrics.onSample((at) => {
    for (const queue of store.allQueues()) sample(queue, metrics, moved, at);
  });
  return (request, { status, body }) => {
    if (request.operation !== 'ReceiveMessage' || status !== 200 || body !== '{}') return;
    const queue = store.getQueue(String(inputOf(request)?.QueueUrl));
    if (queue !== undefined) counters.get(queue)?.empty.add(1);
  };
}

const seriesOf = (queue: SqsQueue, metrics: Metrics, name: string, unit = 'Count') =>
  metrics.series({ namespace: 'AWS/SQS', name, dimensions: { QueueName: queue.name } }, unit);

function countersOf(queue: SqsQueue, metrics: Metrics): QueueCounters {
  return {
    sent: seriesOf(queue, metrics, 'NumberOfMessagesSent'),
    size: seriesOf(queue, metrics, 'SentMessageSize', 'Bytes'),
    received: seriesOf(queue, metrics, 'NumberOfMessagesReceived'),
    empty: seriesOf(queue, metrics, 'NumberOfEmptyReceives'),
    deleted: seriesOf(queue, metrics, 'NumberOfMessagesDeleted'),
  };
}

function count(queue: SqsQueue, counted: QueueCounters, moved: WeakMap<SqsMessage, number>): void {
  const enqueue = queue.enqueue.bind(queue);
  queue.enqueue = (message) => {
    if (message.approximateReceiveCount === 0) {
      counted.sent.add(1);
      counted.size.add(Buffer.byteLength(message.body));
    } else {
      moved.set(message, Date.now());
    }
    enqueue(message);
  };
  const dequeue = queue.dequeue.bind(queue);
  queue.dequeue = (...details) => {
    const received = dequeue(...details);
    if (received.length > 0) counted.received.add(received.length);
    return received;
  };
  const remove = queue.deleteMessage.bind(queue);
  queue.deleteMessage = (receiptHandle) => {
    const deleted = remove(receiptHandle);
    if (deleted) counted.deleted.add(1);
    return deleted;
  };
}

/** How many messages of a queue can be received, are in flight, or are delayed. */
export function levelsOf(queue: SqsQueue): { visible: number; inFlight: number; delayed: number } {
  // Messages whose visibility timeout is over are visible, though nobody has asked for them yet.
  queue.processTimers();
  return {
    visible: lengthOf(readyOf(queue)),
    inFlight: queue.inflightMessages.size,
    delayed: lengthOf(queue.isFifo() ? [...queue.fifoDelayed.values()] : [queue.delayedMessages]),
  };
}

const readyOf = (queue: SqsQueue) => (queue.isFifo() ? [...queue.fifoMessages.values()] : [queue.messages]);

function sample(queue: SqsQueue, metrics: Metrics, moved: WeakMap<SqsMessage, number>, at: number): void {
  const { visible, inFlight, delayed } = levelsOf(queue);
  const levels = {
    ApproximateNumberOfMessagesVisible: visible,
    ApproximateNumberOfMessagesNotVisible: inFlight,
    ApproximateNumberOfMessagesDelayed: delayed,
  };
  for (const [name, level] of Object.entries(levels)) seriesOf(queue, metrics, name).add(level, at);
  let oldest = Number.POSITIVE_INFINITY;
  const look = (message: SqsMessage) => {
    if (message.approximateReceiveCount > RECEIVES_AT_THE_FRONT && !moved.has(message)) return;
    oldest = Math.min(oldest, moved.get(message) ?? message.sentTimestamp);
  };
  for (const messages of readyOf(queue)) messages.forEach(look);
  for (const { message } of queue.inflightMessages.values()) look(message);
  const age = Number.isFinite(oldest) ? Math.max(0, Math.floor((Date.now() - oldest) / 1_000)) : 0;
  seriesOf(queue, metrics, 'ApproximateAgeOfOldestMessage', 'Seconds').add(age, at);
}

const lengthOf = (lists: readonly (readonly unknown[])[]): number => lists.reduce((sum, { length }) => sum + length, 0);
