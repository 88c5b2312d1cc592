import type { IMetric, IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { CONSUMER_METRIC } from '../../contracts/agreed/metrics.ts';
import type { ConsumerView } from '../alarms/consumer-view.ts';
import { ALARM_PERIOD, subscriptionMetric } from '../alarms/metrics.ts';
import type { SystemViews } from './system-views.ts';
import { graph, heading, labelled, linesOf } from './widgets.ts';

const consumerMetric = (
  { function: fn, subscription }: ConsumerView,
  metricName: string,
  statistic?: string,
): IMetric => subscriptionMetric(fn, subscription, metricName, statistic);

/** What goes in, what comes out, and what is tried in vain or twice. */
export function throughputRow({ consumers, outboxes, producers }: SystemViews): IWidget[][] {
  return [
    [heading('# Throughput: produced against consumed')],
    [
      ...graph({
        ...{ title: 'Produced', unit: 'events a minute' },
        metrics: [
          ...producers.map(({ name, sent }) => labelled(sent, `sent to ${name}`)),
          ...outboxes.map(({ name, published }) => labelled(published, `published by ${name}`)),
        ],
      }),
      ...graph({
        ...{ title: 'Consumed', unit: 'messages a minute' },
        metrics: consumers.map(({ name, done }) => labelled(done, name)),
      }),
      ...graph({
        ...{ title: 'Retried, rejected, duplicates', unit: 'messages a minute' },
        metrics: consumers.flatMap((consumer) => {
          const tried = consumer.subscription.guarantee === 'exactly-once-aggregation' ? [] : [CONSUMER_METRIC.retried];
          return [...tried, CONSUMER_METRIC.rejected, CONSUMER_METRIC.duplicates].map((name) =>
            labelled(consumerMetric(consumer, name), `${consumer.name} ${name.toLowerCase()}`),
          );
        }),
      }),
    ],
    [
      ...graph({
        ...{ title: 'Failed sends', unit: '% of the tries' },
        metrics: producers.flatMap(({ alarms }) => alarms.map(({ name, metric }) => labelled(metric, name))),
        lines: producers.flatMap(({ alarms }) => linesOf(alarms, 'producer-errors')),
      }),
      ...graph({
        ...{ title: 'From event to processing, 99 of 100', unit: 'milliseconds' },
        metrics: consumers
          .filter(({ subscription }) => subscription.guarantee !== 'exactly-once-aggregation')
          .map((consumer) => labelled(consumerMetric(consumer, CONSUMER_METRIC.age, 'p99'), consumer.name)),
      }),
      ...graph({
        ...{ title: 'Duration of the functions, 99 of 100', unit: 'milliseconds' },
        metrics: consumers.map(({ name, function: fn }) =>
          labelled(fn.metricDuration({ statistic: 'p99', period: ALARM_PERIOD }), name),
        ),
      }),
    ],
    ...consumers.flatMap(({ name, lags }) =>
      lags !== undefined && 'produced' in lags
        ? [
            graph({
              ...{ title: `Records: ${name}`, width: 24, unit: 'records a minute' },
              metrics: [labelled(lags.produced, 'written to the log'), labelled(lags.consumed, `read by ${name}`)],
            }),
          ]
        : [],
    ),
  ];
}
