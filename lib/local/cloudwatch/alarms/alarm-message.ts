import type { Json, JsonObject } from '../../json.ts';
import { isObject, listAt, objectAt, textAt } from '../../json.ts';
import type { Alarm, AlarmState, MetricAlarm } from '../alarm/alarm.ts';
import { longDate } from '../alarm/reason.ts';

/** A state change, as its notification tells it. */
export interface StateChange {
  readonly alarm: Alarm;
  readonly before: AlarmState;
  readonly after: AlarmState;
  /** Children of a composite alarm that are in the state they wait for. */
  readonly children: readonly Pick<Alarm, 'arn' | 'state'>[];
  readonly accountId: string;
  readonly region: string;
}

/** Names of regions in notifications; others are told by their id. */
const REGIONS: Readonly<Record<string, string>> = {
  'us-east-1': 'US East (N. Virginia)',
  'us-east-2': 'US East (Ohio)',
  'us-west-1': 'US West (N. California)',
  'us-west-2': 'US West (Oregon)',
  'ca-central-1': 'Canada (Central)',
  'eu-central-1': 'EU (Frankfurt)',
  'eu-north-1': 'EU (Stockholm)',
  'eu-west-1': 'EU (Ireland)',
  'eu-west-2': 'EU (London)',
  'eu-west-3': 'EU (Paris)',
  'ap-northeast-1': 'Asia Pacific (Tokyo)',
  'ap-south-1': 'Asia Pacific (Mumbai)',
  'ap-southeast-1': 'Asia Pacific (Singapore)',
  'ap-southeast-2': 'Asia Pacific (Sydney)',
  'sa-east-1': 'South America (Sao Paulo)',
};
/** Longest subject of SNS, characters. */
const MAX_SUBJECT = 100;

/** Subject and message that CloudWatch sends to a topic. */
export function alarmMessage(change: StateChange): { readonly subject: string; readonly message: string } {
  const { alarm, before, after, accountId } = change;
  const region = REGIONS[change.region] ?? change.region;
  const body: JsonObject = {
    AlarmName: alarm.name,
    AlarmDescription: alarm.description ?? null,
    AWSAccountId: accountId,
    ...(alarm.kind === 'MetricAlarm' ? { AlarmConfigurationUpdatedTimestamp: longDate(alarm.configuredAt) } : {}),
    NewStateValue: after.value,
    NewStateReason: after.reason,
    StateChangeTime: longDate(after.transitionedAt),
    Region: region,
    AlarmArn: alarm.arn,
    OldStateValue: before.value,
    OKActions: [...alarm.actions.on.OK],
    AlarmActions: [...alarm.actions.on.ALARM],
    InsufficientDataActions: [...alarm.actions.on.INSUFFICIENT_DATA],
    ...(alarm.kind === 'MetricAlarm' ? { Trigger: trigger(alarm) } : compositePart(alarm.input, change)),
  };
  const subject = `${after.value}: "${alarm.name}" in ${region}`.slice(0, MAX_SUBJECT);
  return { subject, message: JSON.stringify(body) };
}

function compositePart(input: JsonObject, { children }: StateChange): JsonObject {
  return {
    AlarmRule: textAt(input, 'AlarmRule') ?? '',
    TriggeringChildren: children.map(({ arn, state }) => ({
      Arn: arn,
      State: { Value: state.value, Timestamp: longDate(state.transitionedAt) },
    })),
  };
}

function trigger({ rule, input }: MetricAlarm): JsonObject {
  const metrics = listAt(input, 'Metrics');
  const common = {
    Period: rule.periodSeconds,
    EvaluationPeriods: rule.evaluationPeriods,
    DatapointsToAlarm: rule.datapointsToAlarm,
    ComparisonOperator: rule.comparison,
    Threshold: rule.threshold,
    TreatMissingData: rule.treatMissingData,
    EvaluateLowSampleCountPercentile: textAt(input, 'EvaluateLowSampleCountPercentile') ?? '',
  };
  if (metrics.length > 0) return { ...common, Metrics: metrics.map(mathRow) };
  const statistic = textAt(input, 'Statistic');
  return {
    MetricName: textAt(input, 'MetricName') ?? '',
    Namespace: textAt(input, 'Namespace') ?? '',
    ...(statistic === undefined
      ? { StatisticType: 'ExtendedStatistic', ExtendedStatistic: textAt(input, 'ExtendedStatistic') ?? '' }
      : { StatisticType: 'Statistic', Statistic: statistic.toUpperCase() }),
    Unit: textAt(input, 'Unit') ?? null,
    Dimensions: dimensions(input),
    ...common,
  };
}

function mathRow(row: Json): Json {
  if (!isObject(row) || !isObject(row.MetricStat)) return row;
  const metric = objectAt(row.MetricStat, 'Metric');
  return { ...row, MetricStat: { ...row.MetricStat, Metric: { ...metric, Dimensions: dimensions(metric) } } };
}

/** The message writes the members of dimensions in small letters, unlike the API. */
function dimensions(input: JsonObject): Json[] {
  return listAt(input, 'Dimensions').map((dimension) => ({
    value: textAt(dimension, 'Value') ?? '',
    name: textAt(dimension, 'Name') ?? '',
  }));
}
