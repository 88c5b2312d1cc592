import type { Outcome } from '../../messaging/messages/delivery.ts';
import type { Metrics } from '../metrics/metrics.ts';

/** Told of what is published, and of what became of it. */
export interface TopicMeter {
  published(topic: string, bytes: number): void;
  notified(topic: string, outcome: Outcome): void;
}

const COUNTED: Readonly<Record<Outcome, readonly string[]>> = {
  filtered: ['NumberOfNotificationsFilteredOut'],
  delivered: ['NumberOfNotificationsDelivered'],
  lost: ['NumberOfNotificationsFailed'],
  redriven: ['NumberOfNotificationsFailed', 'NumberOfNotificationsRedrivenToDlq'],
};

/**
 * Counts under the names of AWS/SNS, by topic.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
 */
export function createTopicMeter(metrics: Metrics): TopicMeter {
  const count = (TopicName: string, name: string, value: number, unit = 'Count') =>
    metrics.series({ namespace: 'AWS/SNS', name, dimensions: { TopicName } }, unit).add(value);
  return {
    published(topic, bytes) {
      count(topic, 'NumberOfMessagesPublished', 1);
      count(topic, 'PublishSize', bytes, 'Bytes');
    },
    notified(topic, outcome) {
      for (const name of COUNTED[outcome]) count(topic, name, 1);
    },
  };
}
