import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { settingsOf } from '../../contracts/declaring/alarms.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { ALARM_PERIOD } from './metrics.ts';
import type { SystemAlarms, WatchedAlarm } from './system-alarms.ts';

export const queueDepth = (queue: Queue) =>
  queue.metricApproximateNumberOfMessagesVisible({ period: ALARM_PERIOD, statistic: 'Maximum' });
export const oldestMessage = (queue: Queue) => queue.metricApproximateAgeOfOldestMessage({ period: ALARM_PERIOD });

/** Alarms of a work queue: that it is not drained as fast as it fills, by number and by time. */
export function watchQueue(
  scope: Construct,
  alarms: SystemAlarms,
  subscription: Subscription,
  queue: Queue,
): readonly WatchedAlarm[] {
  const common = { name: subscription.name, settings: settingsOf(subscription) };
  return [
    alarms.watch(scope, { ...common, kind: 'queue-depth', metric: queueDepth(queue) }),
    alarms.watch(scope, { ...common, kind: 'oldest-message', metric: oldestMessage(queue) }),
  ].filter((one) => one !== undefined);
}
