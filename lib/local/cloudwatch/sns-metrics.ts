import { parseArn } from '../../formats/arn.ts';
import type { Delivery } from '../messaging/delivery.ts';
import type { Fauxqs } from '../messaging/fauxqs.ts';
import type { SnsStore } from '../messaging/fauxqs-types.ts';
import type { NotifyFunction } from '../messaging/function-subscriptions.ts';
import type { Metrics } from './metrics.ts';

/** What became of the notifications of the messages published just now. */
interface Fanout {
  /** Subscriptions whose filter let a message pass. */
  passed: number;
  /** Their queue is gone, or does not let the topic in. */
  failed: number;
  /** Of those: went to the subscription's dead-letter queue. */
  redriven: number;
}

/**
 * fauxqs' SNS, counted under the names of AWS/SNS, by topic.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
 */
export function meterTopics(fauxqs: Fauxqs, metrics: Metrics): Fauxqs {
  const { snsStore, delivery } = fauxqs;
  const fanout = watchFanout(delivery);

  const count = counter(metrics);

  return {
    ...fauxqs,
    async callSns(request) {
      const parameters = request.body as Readonly<Record<string, string>>;
      const sizes = publishedSizes(parameters);
      const topic = sizes.length > 0 ? snsStore.getTopic(parameters.TopicArn ?? '') : undefined;
      if (topic === undefined) return fauxqs.callSns(request);
      // The action, fan-out included, runs before its promise is returned: what is seen until then is its own.
      fanout.current = { passed: 0, failed: 0, redriven: 0 };
      const answer = fauxqs.callSns(request);
      const { passed, failed, redriven } = fanout.current;
      fanout.current = undefined;
      const response = await answer;
      if (response.status !== 200) return response;
      count(topic.name, 'NumberOfMessagesPublished', sizes.length);
      for (const size of sizes) count(topic.name, 'PublishSize', size, 'Bytes');
      const possible = sizes.length * subscribers(topic.subscriptionArns, snsStore);
      if (passed > failed) count(topic.name, 'NumberOfNotificationsDelivered', passed - failed);
      if (failed > 0) count(topic.name, 'NumberOfNotificationsFailed', failed);
      if (redriven > 0) count(topic.name, 'NumberOfNotificationsRedrivenToDlq', redriven);
      if (possible > passed) count(topic.name, 'NumberOfNotificationsFilteredOut', possible - passed);
      return response;
    },
  };
}

/** Notifications that functions take are counted where they are handed over; those that their filters keep back are not counted. */
export function meterNotify(notify: NotifyFunction, metrics: Metrics): NotifyFunction {
  const count = counter(metrics);
  return (topicArn, ...details) => {
    const topic = parseArn(topicArn)?.resource ?? '';
    try {
      notify(topicArn, ...details);
    } catch (error) {
      count(topic, 'NumberOfNotificationsFailed', 1);
      throw error;
    }
    count(topic, 'NumberOfNotificationsDelivered', 1);
  };
}

const counter =
  (metrics: Metrics) =>
  (TopicName: string, name: string, value: number, unit = 'Count') =>
    metrics.series({ namespace: 'AWS/SNS', name, dimensions: { TopicName } }, unit).add(value);

/** fauxqs asks for a queue when, and only when, a subscription's filter lets a message pass. */
function watchFanout({ queues }: Delivery): { current: Fanout | undefined } {
  const fanout: { current: Fanout | undefined } = { current: undefined };
  const find = queues.getQueueByArn.bind(queues);
  queues.getQueueByArn = (arn) => {
    const queue = find(arn);
    if (fanout.current !== undefined) {
      fanout.current.passed += 1;
      if (queue?.arn !== arn) fanout.current.failed += 1;
      if (queue !== undefined && queue.arn !== arn) fanout.current.redriven += 1;
    }
    return queue;
  };
  return fanout;
}

function subscribers(arns: Iterable<string>, store: SnsStore): number {
  let number = 0;
  for (const arn of arns) {
    const subscription = store.getSubscription(arn);
    if (subscription?.confirmed && subscription.protocol === 'sqs') number += 1;
  }
  return number;
}

const ENTRY_MESSAGE = /^PublishBatchRequestEntries\.member\.\d+\.Message$/;

/** Bytes of each message in a Publish or PublishBatch; none for other calls. */
function publishedSizes(parameters: Readonly<Record<string, string>>): number[] {
  if (parameters.Action === 'Publish') return [Buffer.byteLength(parameters.Message ?? '')];
  if (parameters.Action !== 'PublishBatch') return [];
  return Object.entries(parameters)
    .filter(([name]) => ENTRY_MESSAGE.test(name))
    .map(([, message]) => Buffer.byteLength(message));
}
