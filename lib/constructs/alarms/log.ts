import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { CONSUMER_METRIC } from '../../contracts/agreed/metrics.ts';
import { settingsOf } from '../../contracts/declaring/alarms.ts';
import type { Duration } from '../../contracts/declaring/duration.ts';
import { reportsShards } from '../../contracts/subscriptions/delivery-numbers.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { ALARM_PERIOD, math, SECONDS_PER_PERIOD, subscriptionMetric } from './metrics.ts';
import type { SystemAlarms, WatchedAlarm } from './system-alarms.ts';

/** What an alarm about the lag of a stream has to know and to say. */
export interface LagAdvice {
  readonly retention: Duration;
  /** `log's retention`, `retention of the table's stream` */
  readonly stream: string;
  /** What to do when the function works and is only too slow. */
  readonly whenSlow: string;
  /** The log; undefined for a table's stream, of which CloudWatch counts no records. */
  readonly log?: IStream;
}

/** Lag of a consumer of a stream, in every way that it can be told. By the minute. */
export interface LagMetrics {
  /** Age of the last record of a batch, milliseconds; the shard that lags most. Only while the function is called. */
  readonly age: IMetric;
  /** The same in percent of the retention. At 100 data is lost. */
  readonly share: IMetric;
}

/** Logs only. */
export interface LogLagMetrics extends LagMetrics {
  /** Records behind, at the rate at which they are written now. */
  readonly records: IMetric;
  readonly produced: IMetric;
  readonly consumed: IMetric;
  /** Hours until data is lost at the present rates; no value while the lag does not grow. */
  readonly hoursToLoss: IMetric;
  /** Minutes until the lag is gone at the present rates; no value while it grows. */
  readonly minutesToCatchUp: IMetric;
  /** Age of the last record of a batch, milliseconds, least and most over the shards; only logs of several shards. */
  readonly shards?: { readonly least: IMetric; readonly most: IMetric };
}

const MILLIS_PER_SECOND = 1_000;
const PERCENT = 100;
/** Below this lag no shard is hot, milliseconds: a batch that came late is nothing to split a shard for. */
const HOT_FLOOR = 60_000;

export function lagMetrics(fn: LambdaFunction, name: string, { retention }: LagAdvice): LagMetrics {
  const age = fn.metric('IteratorAge', { period: ALARM_PERIOD, statistic: 'Maximum' });
  const perPercent = (retention.seconds * MILLIS_PER_SECOND) / PERCENT;
  return { age, share: math(`age / ${perPercent}`, { age }, `${name} lag, % of the retention`) };
}

/**
 * Lag is known as time, from Lambda, and in records from the rates: what is read moves the position by `consumed` records, while
 * `produced` are written behind it.
 */
export function logLagMetrics(
  scope: Construct,
  subscription: Subscription,
  { age, share }: LagMetrics,
  { retention }: LagAdvice,
  log: IStream,
): LogLagMetrics {
  const { name } = subscription;
  const own = (metricName: string, statistic?: string) =>
    subscriptionMetric(scope, subscription, metricName, statistic);
  const produced = log.metricIncomingRecords({ period: ALARM_PERIOD, statistic: 'Sum' });
  const consumed = own(CONSUMER_METRIC.consumed);
  const all = { age, produced, consumed };
  return {
    age,
    share,
    produced,
    consumed,
    records: math(
      `age / ${MILLIS_PER_SECOND} * produced / ${SECONDS_PER_PERIOD}`,
      { age, produced },
      `${name} lag, records`,
    ),
    // Of every second that passes the lag keeps the share of what is written that is not read.
    hoursToLoss: math(
      `IF(produced > consumed, (${retention.seconds} - age / ${MILLIS_PER_SECOND}) / (1 - consumed / produced) / 3600)`,
      all,
      `${name} hours until data is lost`,
    ),
    minutesToCatchUp: math(
      `IF(consumed > produced, age / ${MILLIS_PER_SECOND} * produced / (consumed - produced) / 60)`,
      all,
      `${name} minutes until caught up`,
    ),
    ...(reportsShards(subscription)
      ? {
          shards: {
            least: own(CONSUMER_METRIC.shardLag, 'Minimum'),
            most: own(CONSUMER_METRIC.shardLag, 'Maximum'),
          },
        }
      : {}),
  };
}

/** Alarm of every stream's consumer: what is not read before the retention ends is lost to it. */
export function watchLag(
  scope: Construct,
  alarms: SystemAlarms,
  subscription: Subscription,
  { age }: LagMetrics,
  { retention, stream, whenSlow }: LagAdvice,
): WatchedAlarm | undefined {
  return alarms.watch(scope, {
    kind: 'iterator-age',
    name: subscription.name,
    settings: settingsOf(subscription),
    metric: age,
    scale: (retention.seconds * MILLIS_PER_SECOND) / PERCENT,
    words: { stream, whenSlow },
  });
}

/**
 * Alarms of a log's consumer: how many records it is behind, whether it will catch up, and whether one shard is to blame.
 *
 * Who reads less than is written never catches up at these rates, and will lose data; the floor, a share of the retention, keeps
 * ordinary ups and downs out. Nothing read at all while records come in counts as a whole retention: then nobody measures the lag.
 *
 * A shard is hot when the most any shard lags is a multiple of the least. That holds for any number of shards, known or not, and through every
 * split and merge, and it is not fooled by a consumer that is late on all shards alike. (A median over the invocations would be: the hot
 * shard has the most of them.) What it does not see is a log all of whose traffic is on one shard; that is told by the other alarms.
 */
export function watchLogLag(
  scope: Construct,
  alarms: SystemAlarms,
  subscription: Subscription,
  { records, share, produced, consumed, shards }: LogLagMetrics,
  { stream, whenSlow }: LagAdvice,
): readonly (WatchedAlarm | undefined)[] {
  const common = { name: subscription.name, settings: settingsOf(subscription), words: { stream, whenSlow } };
  const growing = math(
    `IF(produced > FILL(consumed, 0), IF(FILL(consumed, 0) < 1, ${PERCENT}, share), 0)`,
    { produced, consumed, share },
    `${subscription.name} growing lag, % of the retention`,
  );
  return [
    alarms.watch(scope, { ...common, kind: 'log-lag-messages', metric: records }),
    alarms.watch(scope, { ...common, kind: 'catch-up', metric: growing }),
    shards === undefined
      ? undefined
      : alarms.watch(scope, {
          ...common,
          kind: 'hot-shard',
          metric: math(
            `IF(most > ${HOT_FLOOR}, most / (least + 1), 0)`,
            shards,
            `${subscription.name} most lag of a shard / least`,
          ),
        }),
  ];
}
