import { type Alarm, type IMetric, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { METRIC_NAMESPACE, OUTBOX_METRIC } from '../contracts/metrics.ts';
import { ALARM_PERIOD, type AlarmTopic } from './alarm-topic.ts';
import { deadLetterAlarm, deadLetterDepth } from './consumer-alarms.ts';
import type { OutboxTable } from './outbox-table.ts';

const OLDEST_UNPUBLISHED_SECONDS = 60;
const MINUTES_IN_A_ROW = 2;

/** An outbox as the dashboard sees it. */
export interface OutboxView {
  readonly name: string;
  readonly oldestUnpublished: IMetric;
  readonly published: IMetric;
  readonly deadLetterDepth: IMetric;
  readonly oldestAlarm: Alarm;
  readonly alarms: readonly Alarm[];
}

const metricOf = (outbox: OutboxTable, metricName: string, statistic: string): Metric =>
  new Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { outbox: outbox.contract.name },
    statistic,
    period: ALARM_PERIOD,
  });

/** Events that are committed and not told yet: the alarm that business and messages drift apart. */
export function watchOutbox(outbox: OutboxTable, topic: AlarmTopic): OutboxView {
  const { name } = outbox.contract;
  const oldestUnpublished = metricOf(outbox, OUTBOX_METRIC.oldestUnpublished, 'Maximum');
  const oldestAlarm = topic.alarm(outbox, {
    id: 'OldestUnpublishedAlarm',
    name: `${name}-oldest-unpublished`,
    metric: oldestUnpublished,
    threshold: OLDEST_UNPUBLISHED_SECONDS,
    evaluationPeriods: MINUTES_IN_A_ROW,
    description: `CRITICAL: events of outbox '${name}' wait for more than ${OLDEST_UNPUBLISHED_SECONDS} s, or nobody measures. First: look for errors of the functions ${name}-relay and ${name}-sweeper; nothing is lost meanwhile.`,
    // The sweeper measures every minute: silence means that nobody sweeps.
    missing: TreatMissingData.BREACHING,
  });
  return {
    name,
    oldestUnpublished,
    published: metricOf(outbox, OUTBOX_METRIC.published, 'Sum'),
    deadLetterDepth: deadLetterDepth(outbox.deadLetters),
    oldestAlarm,
    alarms: [oldestAlarm, deadLetterAlarm(outbox, topic, name, outbox.deadLetters)],
  };
}
