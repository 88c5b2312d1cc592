import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  Metric,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { CONSUMER_METRIC, METRIC_NAMESPACE } from '../contracts/metrics.ts';
import { ALARM_PERIOD } from './alarm-topic.ts';
import type { OutboxView } from './outbox-alarms.ts';
import type { ConsumerView } from './queue-consumer.ts';
import { physicalName } from './stage.ts';

const FULL = 24;
const THIRD = 8;
const HEIGHT = 6;

const consumerMetric = (consumer: ConsumerView, metricName: string): Metric =>
  new Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { subscription: consumer.name },
    statistic: 'Sum',
    period: ALARM_PERIOD,
    label: `${consumer.name} ${metricName}`,
  });

const labelled = (metric: IMetric, label: string): IMetric => (metric as Metric).with({ label });

/** One dashboard for a system: health on top, throughput in the middle, lag per consumer below. */
export class SystemDashboard extends Construct {
  readonly dashboard: Dashboard;

  constructor(
    scope: Construct,
    id: string,
    system: string,
    { consumers, outboxes }: { readonly consumers: readonly ConsumerView[]; readonly outboxes: readonly OutboxView[] },
  ) {
    super(scope, id);
    const watched = [...consumers, ...outboxes];
    this.dashboard = new Dashboard(this, 'Dashboard', { dashboardName: physicalName(this, 'overview') });
    this.dashboard.addWidgets(
      new TextWidget({ width: FULL, height: 1, markdown: `# ${system}: health, throughput, lag` }),
    );
    this.dashboard.addWidgets(
      new AlarmStatusWidget({
        title: 'Alarms',
        width: THIRD,
        height: HEIGHT,
        alarms: watched.flatMap((v) => v.alarms),
      }),
      new GraphWidget({
        title: 'Waiting messages',
        width: THIRD,
        height: HEIGHT,
        left: consumers.flatMap(({ name, depth }) => (depth === undefined ? [] : [labelled(depth, name)])),
      }),
      new GraphWidget({
        title: 'Dead letters',
        width: THIRD,
        height: HEIGHT,
        left: watched.map(({ name, deadLetterDepth }) => labelled(deadLetterDepth, name)),
      }),
    );
    this.dashboard.addWidgets(
      new GraphWidget({
        title: 'Published by the outbox',
        width: THIRD,
        height: HEIGHT,
        left: outboxes.map(({ name, published }) => labelled(published, name)),
      }),
      new GraphWidget({
        title: 'Done per consumer',
        width: THIRD,
        height: HEIGHT,
        left: consumers.map((consumer) => consumerMetric(consumer, CONSUMER_METRIC.done)),
      }),
      new GraphWidget({
        title: 'Duplicates, retries, rejections',
        width: THIRD,
        height: HEIGHT,
        left: consumers.flatMap((consumer) =>
          [CONSUMER_METRIC.duplicates, CONSUMER_METRIC.retried, CONSUMER_METRIC.rejected].map((name) =>
            consumerMetric(consumer, name),
          ),
        ),
      }),
    );
    this.dashboard.addWidgets(
      ...consumers.map(
        ({ name, lag, lagAlarm }) =>
          new GraphWidget({
            title: `Lag: ${name}`,
            width: THIRD,
            height: HEIGHT,
            left: [lag],
            leftAnnotations: [lagAlarm.toAnnotation()],
          }),
      ),
      ...outboxes.map(
        ({ name, oldestUnpublished, oldestAlarm }) =>
          new GraphWidget({
            title: `Oldest unpublished: ${name}`,
            width: THIRD,
            height: HEIGHT,
            left: [oldestUnpublished],
            leftAnnotations: [oldestAlarm.toAnnotation()],
          }),
      ),
    );
  }
}
