import type { Construct } from 'constructs';
import { CONSUMER_METRIC } from '../../contracts/agreed/metrics.ts';
import { settingsOf } from '../../contracts/declaring/alarms.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { math, subscriptionMetric } from './metrics.ts';
import type { SystemAlarms, WatchedAlarm } from './system-alarms.ts';

/** Alarms of an aggregation: that its state cannot be kept, and that events come too late for it. Other subscriptions have none. */
export function watchAggregation(
  scope: Construct,
  alarms: SystemAlarms,
  subscription: Subscription,
): readonly (WatchedAlarm | undefined)[] {
  const { name, guarantee, lateness } = subscription;
  if (guarantee !== 'exactly-once-aggregation') return [];
  const metric = (metricName: string) => subscriptionMetric(scope, subscription, metricName);
  const common = { name, settings: settingsOf(subscription) };
  return [
    alarms.watch(scope, { ...common, kind: 'state-failures', metric: metric(CONSUMER_METRIC.stateFailures) }),
    lateness === undefined
      ? undefined
      : alarms.watch(scope, {
          ...common,
          kind: 'late-dropped',
          metric: math(
            '100 * late / received',
            { late: metric(CONSUMER_METRIC.lateDropped), received: metric(CONSUMER_METRIC.received) },
            `${name} late, %`,
          ),
        }),
  ];
}
