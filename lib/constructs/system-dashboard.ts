import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type Metric,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { AlarmKind } from '../contracts/alarms.ts';
import { CONSUMER_METRIC } from '../contracts/metrics.ts';
import type { ConsumerView } from './alarms/consumer-view.ts';
import { sluiceMetric } from './alarms/metrics.ts';
import type { OutboxView } from './alarms/outbox.ts';
import type { SystemAlarms, WatchedAlarm } from './alarms/system-alarms.ts';
import { physicalName } from './stage.ts';

const FULL = 24;
const THIRD = 8;
const HEIGHT = 6;

const consumerMetric = ({ function: fn, name }: ConsumerView, metricName: string): IMetric =>
  sluiceMetric(fn, metricName, { subscription: name }).with({ label: `${name} ${metricName}` });

/** The line of an alarm; none when it is switched off. */
const lineOf = (alarms: readonly WatchedAlarm[], ...kinds: readonly AlarmKind[]) =>
  alarms.filter(({ kind }) => kinds.includes(kind)).map(({ alarm }) => alarm.toAnnotation());

const labelled = (metric: IMetric, label: string): IMetric => (metric as Metric).with({ label });

/** One dashboard for a system: health on top, throughput in the middle, lag per consumer below. */
export class SystemDashboard extends Construct {
  readonly dashboard: Dashboard;

  constructor(
    scope: Construct,
    id: string,
    system: string,
    {
      consumers,
      outboxes,
      alarms,
    }: {
      readonly consumers: readonly ConsumerView[];
      readonly outboxes: readonly OutboxView[];
      readonly alarms: SystemAlarms;
    },
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
        alarms: [alarms.unhealthy, ...alarms.watched.map(({ alarm }) => alarm)],
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
        ({ name, lag, alarms: own }) =>
          new GraphWidget({
            title: `Lag: ${name}`,
            width: THIRD,
            height: HEIGHT,
            left: [lag],
            leftAnnotations: lineOf(own, 'oldest-message', 'iterator-age'),
          }),
      ),
      ...outboxes.map(
        ({ name, oldestUnpublished, alarms: own }) =>
          new GraphWidget({
            title: `Oldest unpublished: ${name}`,
            width: THIRD,
            height: HEIGHT,
            left: [oldestUnpublished],
            leftAnnotations: lineOf(own, 'oldest-unpublished'),
          }),
      ),
    );
  }
}
