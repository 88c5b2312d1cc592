import { Duration, Stack } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { METRIC_NAMESPACE } from '../../contracts/agreed/metrics.ts';

/** All alarms look at minutes. */
export const ALARM_PERIOD = Duration.minutes(1);
export const SECONDS_PER_PERIOD = 60;

/** A metric that the functions of a stack write. @param about `{ subscription: 'charge-card' }` */
export const metricOfStack = (
  stack: string,
  metricName: string,
  about: Readonly<Record<string, string>>,
  statistic = 'Sum',
): Metric =>
  new Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { stack, ...about },
    statistic,
    period: ALARM_PERIOD,
  });

/** The same for the stack of a construct. */
export const sluiceMetric = (
  scope: Construct,
  metricName: string,
  about: Readonly<Record<string, string>>,
  statistic?: string,
): Metric => metricOfStack(Stack.of(scope).stackName, metricName, about, statistic);

/** A metric of a consumer. @param scope in its stack */
export const subscriptionMetric = (
  scope: Construct,
  { name }: { readonly name: string },
  metricName: string,
  statistic?: string,
): Metric => sluiceMetric(scope, metricName, { subscription: name }, statistic);

/** Metric math by the minute. */
export const math = (expression: string, usingMetrics: Record<string, IMetric>, label: string): MathExpression =>
  new MathExpression({ expression, usingMetrics, label, period: ALARM_PERIOD });

/**
 * Messages in a dead-letter queue. Visible ones only: `NumberOfMessagesSent` misses redriven messages, and adding those in
 * flight makes the alarm go off for messages that are just being looked at.
 */
export const deadLetterDepth = (queue: Queue): IMetric =>
  queue.metricApproximateNumberOfMessagesVisible({ period: ALARM_PERIOD, statistic: 'Maximum' });
