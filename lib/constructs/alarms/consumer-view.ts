import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { CONSUMER_METRIC } from '../../contracts/agreed/metrics.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { type ConsumerParts, errorRate, receivedPerSecond } from './consumer.ts';
import type { LagMetrics, LogLagMetrics } from './log.ts';
import { deadLetterDepth, subscriptionMetric } from './metrics.ts';
import type { WatchedAlarm } from './system-alarms.ts';

/** A consumer as dashboards see it. All metrics are by the minute. */
export interface ConsumerView {
  readonly name: string;
  readonly subscription: Subscription;
  readonly function: LambdaFunction;
  /** Messages that wait: queues only. */
  readonly depth: IMetric | undefined;
  /** How old the oldest waiting message is: seconds (queues) or milliseconds (streams). */
  readonly lag: IMetric;
  /** Lag in the other ways that it can be told: streams, and more of it for logs. */
  readonly lags: LagMetrics | LogLagMetrics | undefined;
  readonly deadLetterDepth: IMetric;
  /** Percent. */
  readonly errorRate: IMetric;
  /** Messages, a second. */
  readonly received: IMetric;
  readonly done: IMetric;
  readonly alarms: readonly WatchedAlarm[];
}

/** What is the same for all consumers, and what their source adds. */
export const consumerView = (
  scope: Construct,
  parts: ConsumerParts,
  source: Pick<ConsumerView, 'depth' | 'lag' | 'lags' | 'alarms'>,
): ConsumerView => {
  const { subscription, function: fn, deadLetters } = parts;
  return {
    name: subscription.name,
    subscription,
    function: fn,
    deadLetterDepth: deadLetterDepth(deadLetters),
    errorRate: errorRate(scope, parts),
    received: receivedPerSecond(scope, subscription),
    done: subscriptionMetric(scope, subscription, CONSUMER_METRIC.done),
    ...source,
  };
};
