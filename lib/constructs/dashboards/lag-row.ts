import { Stack } from 'aws-cdk-lib';
import { type IMetric, type IWidget, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { CONSUMER_METRIC, METRIC_NAMESPACE } from '../../contracts/agreed/metrics.ts';
import type { ConsumerView } from '../alarms/consumer-view.ts';
import type { LogLagMetrics } from '../alarms/log.ts';
import { ALARM_PERIOD, math, SECONDS_PER_PERIOD } from '../alarms/metrics.ts';
import type { SystemViews } from './system-views.ts';
import { declaredLinesOf, graph, heading, labelled, linesOf } from './widgets.ts';

/** How far everybody is behind, and for logs of several shards which shard it is. */
export function lagRow({ consumers, outboxes }: SystemViews): IWidget[][] {
  return [
    [heading('# Lag: per consumer and per shard')],
    [
      ...consumers.flatMap(({ name, lag, depth, alarms }) =>
        graph({
          title: `Lag: ${name}`,
          unit: depth === undefined ? 'milliseconds' : 'seconds',
          metrics: [labelled(lag, name)],
          lines: linesOf(alarms, 'oldest-message', 'iterator-age'),
        }),
      ),
      ...outboxes.flatMap(({ name, oldestUnpublished, alarms }) =>
        graph({
          ...{ title: `Oldest unpublished: ${name}`, unit: 'seconds' },
          metrics: [labelled(oldestUnpublished, name)],
          lines: linesOf(alarms, 'oldest-unpublished'),
        }),
      ),
    ],
    ...consumers.map((consumer) =>
      consumer.lags !== undefined && 'produced' in consumer.lags ? logLag(consumer, consumer.lags) : [],
    ),
  ];
}

/** The reader of a log: how many records it is behind, when that is over, and which shard is to blame. */
function logLag(consumer: ConsumerView, { records, minutesToCatchUp, hoursToLoss, shards }: LogLagMetrics): IWidget[] {
  const { name, alarms } = consumer;
  return [
    ...graph({
      ...{ title: `Records behind: ${name}`, unit: 'records' },
      metrics: [labelled(records, name)],
      lines: linesOf(alarms, 'log-lag-messages'),
    }),
    ...graph({
      ...{ title: `Forecast: ${name}`, unit: 'minutes, or hours until data is lost' },
      metrics: [
        labelled(minutesToCatchUp, 'minutes until caught up'),
        labelled(hoursToLoss, 'hours until data is lost'),
      ],
    }),
    ...(shards === undefined ? [] : shardLags(consumer, shards)),
  ];
}

/** Every shard there is, whatever it is called after splits and merges; one above the line is hot. */
function shardLags(consumer: ConsumerView, { least }: NonNullable<LogLagMetrics['shards']>): IWidget[] {
  const { name, function: fn, alarms } = consumer;
  const search = `{${METRIC_NAMESPACE},stack,subscription,shard} MetricName="${CONSUMER_METRIC.shardLag}" stack="${Stack.of(fn).stackName}" subscription="${name}"`;
  const each = new MathExpression({
    expression: `SEARCH('${search}', 'Maximum', ${SECONDS_PER_PERIOD})`,
    usingMetrics: {},
    label: '',
    period: ALARM_PERIOD,
  });
  const [hot] = declaredLinesOf(alarms, 'hot-shard');
  const border: IMetric[] =
    hot === undefined ? [] : [math(`${hot.value} * least`, { least }, `hot above this: ${hot.value} x the least`)];
  return graph({
    ...{ title: `Lag of each shard: ${name}`, unit: 'milliseconds' },
    metrics: [each, ...border],
  });
}
