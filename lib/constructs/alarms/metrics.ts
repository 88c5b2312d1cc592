import { Duration, Stack } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { METRIC_NAMESPACE } from '../../contracts/metrics.ts';

/** All alarms look at minutes. */
export const ALARM_PERIOD = Duration.minutes(1);
export const SECONDS_PER_PERIOD = 60;

/** A metric that the runtime writes. @param about `{ subscription: 'charge-card' }` */
export const sluiceMetric = (
  scope: Construct,
  metricName: string,
  about: Readonly<Record<string, string>>,
  statistic = 'Sum',
): Metric =>
  new Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { stack: Stack.of(scope).stackName, ...about },
    statistic,
    period: ALARM_PERIOD,
  });

/** Metric math by the minute. */
export const math = (expression: string, usingMetrics: Record<string, IMetric>, label: string): MathExpression =>
  new MathExpression({ expression, usingMetrics, label, period: ALARM_PERIOD });

/**
 * Messages in a dead-letter queue. Visible ones only: `NumberOfMessagesSent` misses redriven messages, and adding those in
 * flight makes the alarm go off for messages that are just being looked at.
 */
export const deadLetterDepth = (queue: Queue): IMetric =>
  queue.metricApproximateNumberOfMessagesVisible({ period: ALARM_PERIOD, statistic: 'Maximum' });
