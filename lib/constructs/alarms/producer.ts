import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { PRODUCER_METRIC } from '../../contracts/agreed/metrics.ts';
import type { Channel } from '../../contracts/channels/channel.ts';
import { math, sluiceMetric } from './metrics.ts';
import type { SystemAlarms, WatchedAlarm } from './system-alarms.ts';

/** A channel as dashboards see its producers. */
export interface ProducerView {
  readonly name: string;
  /** Events that were sent, by all functions of the stack. */
  readonly sent: IMetric;
  /** Events that were refused; those that succeed at another try count too. */
  readonly failures: IMetric;
  readonly alarms: readonly WatchedAlarm[];
}

/**
 * Watches how functions of the stack send to a channel: an outbox's relay and sweeper, and whoever uses `publisher()`.
 * @param scope of the channel's construct: the alarm becomes part of it
 */
export function watchProducers(scope: Construct, alarms: SystemAlarms, channel: Channel): ProducerView {
  const { name } = channel;
  const sent = sluiceMetric(scope, PRODUCER_METRIC.sent, { channel: name });
  const failures = sluiceMetric(scope, PRODUCER_METRIC.failures, { channel: name });
  const alarm = alarms.watch(scope, {
    kind: 'producer-errors',
    name,
    settings: [channel.alarms],
    metric: math('100 * failures / (sent + failures)', { sent, failures }, `${name} failed sends, %`),
  });
  return { name, sent, failures, alarms: alarm === undefined ? [] : [alarm] };
}
