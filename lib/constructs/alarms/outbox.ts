import { Validations } from 'aws-cdk-lib';
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { OUTBOX_METRIC } from '../../contracts/agreed/metrics.ts';
import type { Outbox } from '../../contracts/channels/outbox.ts';
import { watchDeadLetters } from './consumer.ts';
import { watchFunction } from './function.ts';
import { ALARM_PERIOD, deadLetterDepth, math, sluiceMetric } from './metrics.ts';
import type { SystemAlarms, WatchedAlarm } from './system-alarms.ts';

/** An outbox as dashboards see it. */
export interface OutboxView {
  readonly name: string;
  /** Age of the oldest event that is not told yet, seconds. */
  readonly oldestUnpublished: IMetric;
  readonly published: IMetric;
  readonly deadLetterDepth: IMetric;
  readonly alarms: readonly WatchedAlarm[];
}

/** What is watched of an outbox: an `OutboxTable` has it. */
export interface WatchedOutbox extends Construct {
  readonly contract: Pick<Outbox, 'name' | 'alarms'>;
  readonly relay: LambdaFunction;
  readonly sweeper: LambdaFunction;
  readonly deadLetters: Queue;
}

/** Older than any event: the age in a minute in which the sweeper should have measured it and has not. */
const UNMEASURED_SECONDS = 1_000_000_000;

/**
 * The age of the oldest event. Where the sweeper was called and has not measured it (it fails, or may not run), nobody knows, and the alarm must go
 * off. Where nobody has called it, as in the first minute of a deployment, there is no value at all.
 */
const measuredAge = ({ contract: { name }, sweeper }: WatchedOutbox, age: IMetric): IMetric =>
  math(
    `IF(FILL(calls, 0) + FILL(refused, 0) > 0, FILL(age, ${UNMEASURED_SECONDS}), age)`,
    {
      age,
      calls: sweeper.metricInvocations({ period: ALARM_PERIOD }),
      refused: sweeper.metricThrottles({ period: ALARM_PERIOD }),
    },
    `${name} oldest unpublished, s`,
  );

/** Watches an outbox: events that are committed and not told yet (business and messages drift apart), and its two functions. */
export function watchOutbox(outbox: WatchedOutbox, alarms: SystemAlarms): OutboxView {
  const { name, alarms: settings } = outbox.contract;
  const metric = (metricName: string, statistic: string) =>
    sluiceMetric(outbox, metricName, { outbox: name }, statistic);
  const oldestUnpublished = metric(OUTBOX_METRIC.oldestUnpublished, 'Maximum');
  const own = [
    alarms.watch(outbox, {
      kind: 'oldest-unpublished',
      name,
      settings: [settings],
      metric: measuredAge(outbox, oldestUnpublished),
    }),
    watchDeadLetters(outbox, alarms, name, outbox.deadLetters, [settings]),
  ].filter((one) => one !== undefined);
  Validations.of(outbox.relay).acknowledge({
    id: 'Messaging-StreamWithoutLagAlarm',
    reason: 'the age of the oldest unpublished row says the same, whether the relay or the sweeper is behind',
  });
  return {
    name,
    oldestUnpublished,
    published: metric(OUTBOX_METRIC.published, 'Sum'),
    deadLetterDepth: deadLetterDepth(outbox.deadLetters),
    alarms: [
      ...own,
      ...watchFunction(alarms, `${name}-relay`, outbox.relay, settings),
      ...watchFunction(alarms, `${name}-sweeper`, outbox.sweeper, settings),
    ],
  };
}
