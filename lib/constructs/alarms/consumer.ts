import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { CONSUMER_METRIC } from '../../contracts/agreed/metrics.ts';
import { type AlarmSettings, settingsOf } from '../../contracts/declaring/alarms.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { watchAggregation } from './aggregation.ts';
import { failedInvocations, watchThrottles } from './function.ts';
import { deadLetterDepth, math, SECONDS_PER_PERIOD, subscriptionMetric } from './metrics.ts';
import type { SystemAlarms, WatchedAlarm } from './system-alarms.ts';

/** What all consumers have. */
export interface ConsumerParts {
  readonly subscription: Subscription;
  readonly function: LambdaFunction;
  readonly deadLetters: Queue;
}

/** Outcomes of tries that failed. An aggregation's batch fails as a whole, which counts as an invocation. */
const FAILED = {
  message: [CONSUMER_METRIC.retried, CONSUMER_METRIC.rejected, CONSUMER_METRIC.outages],
  aggregation: [CONSUMER_METRIC.rejected],
} as const;

/**
 * Tries that failed, percent: of the messages, because a partial batch response is a success to Lambda; or of the invocations, because
 * one that crashes or times out reports no messages. The larger counts.
 */
export function errorRate(scope: Construct, { subscription, function: fn }: ConsumerParts): IMetric {
  const failed = FAILED[subscription.guarantee === 'exactly-once-aggregation' ? 'aggregation' : 'message'];
  const metrics = {
    ...Object.fromEntries(failed.map((name, i) => [`failed${i}`, subscriptionMetric(scope, subscription, name)])),
    done: subscriptionMetric(scope, subscription, CONSUMER_METRIC.done),
    duplicates: subscriptionMetric(scope, subscription, CONSUMER_METRIC.duplicates),
  };
  const failures = failed.map((_, i) => `failed${i}`).join(' + ');
  const messages = math(`100 * (${failures}) / (${failures} + done + duplicates)`, metrics, 'failed tries, %');
  return math(
    'MAX([FILL(messages, 0), FILL(calls, 0)])',
    { messages, calls: failedInvocations(fn) },
    `${subscription.name} errors, %`,
  );
}

/** Messages that came, a second. */
export const receivedPerSecond = (scope: Construct, subscription: Subscription): IMetric =>
  math(
    `received / ${SECONDS_PER_PERIOD}`,
    { received: subscriptionMetric(scope, subscription, CONSUMER_METRIC.received) },
    `${subscription.name} received/s`,
  );

/** Alarms that every consumer has, whatever it reads. */
export function watchConsumer(scope: Construct, alarms: SystemAlarms, parts: ConsumerParts): readonly WatchedAlarm[] {
  const { subscription, function: fn, deadLetters } = parts;
  const settings = settingsOf(subscription);
  return [
    watchDeadLetters(scope, alarms, subscription.name, deadLetters, settings),
    watchUndeliverable(scope, alarms, parts),
    alarms.watch(scope, { kind: 'error-rate', name: subscription.name, settings, metric: errorRate(scope, parts) }),
    watchThrottles(alarms, subscription.name, fn, settings),
    watchDrop(scope, alarms, subscription),
    ...watchAggregation(scope, alarms, subscription),
  ].filter((one) => one !== undefined);
}

/** Somebody must look at a message. */
export const watchDeadLetters = (
  scope: Construct,
  alarms: SystemAlarms,
  name: string,
  queue: Queue,
  settings: readonly (AlarmSettings | undefined)[] = [],
): WatchedAlarm | undefined =>
  alarms.watch(scope, {
    kind: 'dead-letters',
    name,
    settings,
    metric: deadLetterDepth(queue),
    words: { queue: queue.queueName },
  });

/** What happens to a message whose dead letter cannot be sent, for people. */
const NEXT = {
  stop: 'they come again and again and hold up what is behind them (undeliverable: stop)',
  continue:
    'it goes on without them, and they are nowhere but in the log or the stream that they came from (undeliverable: continue)',
} as const;

/** The last resort fails. At most once sends no dead letters. */
function watchUndeliverable(
  scope: Construct,
  alarms: SystemAlarms,
  { subscription, deadLetters }: ConsumerParts,
): WatchedAlarm | undefined {
  if (subscription.guarantee === 'at-most-once') return undefined;
  return alarms.watch(scope, {
    kind: 'dead-letters-failed',
    name: subscription.name,
    settings: settingsOf(subscription),
    metric: subscriptionMetric(scope, subscription, CONSUMER_METRIC.undeliverable),
    words: { queue: deadLetters.queueName, next: NEXT[subscription.undeliverable] },
  });
}

/** What SNS or Scheduler could not deliver: nobody has seen it yet, and nobody will unless it is sent again. */
export const watchUndelivered = (
  scope: Construct,
  alarms: SystemAlarms,
  name: string,
  { queue, service, settings }: { queue: Queue; service: 'SNS' | 'Scheduler'; settings: readonly AlarmSettings[] },
): WatchedAlarm | undefined =>
  alarms.watch(scope, {
    kind: 'undelivered',
    name,
    settings,
    metric: deadLetterDepth(queue),
    words: { queue: queue.queueName, service },
  });

/**
 * Fewer messages than the channel declares to be usual. Where the traffic follows the time of day or the season, one number is not
 * enough: raise the threshold to what the quietest hour needs, or put an alarm of CloudWatch's anomaly detection beside it
 * (`new AnomalyDetectionAlarm`, https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Anomaly_Detection.html).
 */
function watchDrop(scope: Construct, alarms: SystemAlarms, subscription: Subscription): WatchedAlarm | undefined {
  const usual = subscription.to.kind === 'table-changes' ? undefined : subscription.to.traffic?.usualPerSecond;
  if (usual === undefined) return undefined;
  const received = subscriptionMetric(scope, subscription, CONSUMER_METRIC.received);
  return alarms.watch(scope, {
    kind: 'received-drop',
    name: subscription.name,
    settings: settingsOf(subscription),
    metric: math(
      `100 * (1 - received / ${usual * SECONDS_PER_PERIOD})`,
      { received },
      `${subscription.name} below the usual, %`,
    ),
    words: { usual: usual.toLocaleString('en-US') },
  });
}
