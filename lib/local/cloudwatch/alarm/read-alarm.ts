import { parseArn } from '../../../formats/arn.ts';
import type { JsonObject } from '../../json.ts';
import { booleanAt, listAt, numberAt, textAt } from '../../json.ts';
import { callsIn } from '../math/parse.ts';
import { HIGH_RESOLUTION_KEPT_MS, KEPT_MS } from '../metrics/series.ts';
import { percentileOf } from '../metrics/statistics.ts';
import { invalid, invalidCombination, invalidValue, missingParameter } from '../protocol/errors.ts';
import type { MetricQuery } from '../queries/query.ts';
import { checkStatistic, readIdentity, readPeriod, readQueries } from '../queries/query.ts';
import type { AlarmActions, AlarmRule, Comparison, StateValue, TreatMissingData } from './alarm.ts';
import { EXTRA_DATAPOINTS } from './decide.ts';

const COMPARISONS: readonly Comparison[] = [
  'GreaterThanThreshold',
  'GreaterThanOrEqualToThreshold',
  'LessThanThreshold',
  'LessThanOrEqualToThreshold',
];
const TREATMENTS: readonly TreatMissingData[] = ['missing', 'ignore', 'breaching', 'notBreaching'];
const ACTIONS: Readonly<Record<StateValue, string>> = {
  ALARM: 'AlarmActions',
  OK: 'OKActions',
  INSUFFICIENT_DATA: 'InsufficientDataActions',
};
const MAX_ACTIONS = 5;
const MAX_METRICS = 10;

/** A topic; the ARN of a subscription has one part more. */
function isTopic(arn: string): boolean {
  const { service, resource = '' } = parseArn(arn) ?? {};
  return service === 'sns' && !resource.includes(':');
}

/** What a metric alarm watches and how it decides. */
export interface MetricAlarmSettings {
  readonly rule: AlarmRule;
  readonly queries: readonly MetricQuery[];
  readonly samplesNeeded: number;
}

/**
 * Reads the parameters of PutMetricAlarm; the properties of AWS::CloudWatch::Alarm have the same names.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
 * @throws CloudWatchError that names the parameter
 */
export function readMetricAlarm(input: JsonObject): MetricAlarmSettings {
  if (input.ThresholdMetricId !== undefined)
    throw invalidValue(
      'The parameter ThresholdMetricId is not supported by the engine: anomaly detection is not run; use a Threshold.',
    );
  const queries = listAt(input, 'Metrics').length > 0 ? mathQueries(input) : [singleQuery(input)];
  const periodSeconds = periodOf(queries);
  const evaluationPeriods = positive(input, 'EvaluationPeriods');
  const datapointsToAlarm =
    input.DatapointsToAlarm === undefined ? evaluationPeriods : positive(input, 'DatapointsToAlarm');
  if (datapointsToAlarm > evaluationPeriods)
    throw invalid('DatapointsToAlarm must be less than or equal to EvaluationPeriods.');
  checkLookBack(periodSeconds, evaluationPeriods);
  const threshold = numberAt(input, 'Threshold');
  if (threshold === undefined) throw missingParameter('Threshold');
  const rule: AlarmRule = {
    ...{ periodSeconds, evaluationPeriods, datapointsToAlarm, threshold },
    comparison: oneOf(input, 'ComparisonOperator', COMPARISONS),
    treatMissingData: input.TreatMissingData === undefined ? 'missing' : oneOf(input, 'TreatMissingData', TREATMENTS),
  };
  return { rule, queries, samplesNeeded: samplesNeeded(input) };
}

/**
 * Reads ActionsEnabled and the three lists of actions.
 * @throws CloudWatchError that names the action that is not a topic: the engine has nothing else to notify
 */
export function readActions(input: JsonObject): AlarmActions {
  const read = (state: StateValue): string[] => {
    const arns = listAt(input, ACTIONS[state]).map(String);
    if (arns.length > MAX_ACTIONS)
      throw invalid(`${ACTIONS[state]} holds ${arns.length} actions; at most ${MAX_ACTIONS} are allowed.`);
    const other = arns.find((arn) => !isTopic(arn));
    if (other !== undefined)
      throw invalidValue(
        `The action ${other} in ${ACTIONS[state]} is not supported by the engine; it notifies SNS topics.`,
      );
    return arns;
  };
  return {
    enabled: booleanAt(input, 'ActionsEnabled') ?? true,
    on: { ALARM: read('ALARM'), OK: read('OK'), INSUFFICIENT_DATA: read('INSUFFICIENT_DATA') },
  };
}

function singleQuery(input: JsonObject): MetricQuery {
  const simple = textAt(input, 'Statistic');
  const extended = textAt(input, 'ExtendedStatistic');
  if ((simple === undefined) === (extended === undefined))
    throw invalidCombination('Exactly one of Statistic and ExtendedStatistic must be given.');
  const stat = checkStatistic(simple ?? extended ?? '');
  const periodSeconds = readPeriod(input);
  const metric = readIdentity(input);
  return {
    ...{ id: 'm1', label: undefined, returnData: true },
    source: { kind: 'metric', stat: { metric, periodSeconds, stat, unit: textAt(input, 'Unit') } },
  };
}

function mathQueries(input: JsonObject): MetricQuery[] {
  if (input.MetricName !== undefined)
    throw invalidCombination('The parameters MetricName and Metrics are mutually exclusive.');
  const queries = readQueries(listAt(input, 'Metrics'));
  if (queries.filter(({ returnData }) => returnData).length !== 1)
    throw invalid('Exactly one element of the metrics list should return data.');
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-search-expressions.html
  if (queries.some(({ source }) => source.kind === 'expression' && callsIn(source.tree).includes('SEARCH')))
    throw invalid('SEARCH is not supported on Metric Alarms.');
  const metrics = queries.filter(({ source }) => source.kind === 'metric').length;
  if (metrics > MAX_METRICS) throw invalid(`An alarm can watch at most ${MAX_METRICS} metrics, not ${metrics}.`);
  return queries;
}

function periodOf(queries: readonly MetricQuery[]): number {
  const periods = queries.flatMap(({ source }) => (source.kind === 'metric' ? [source.stat.periodSeconds] : []));
  const [first = 60] = periods;
  if (periods.some((period) => period !== first)) throw invalid('All metrics of an alarm must have the same Period.');
  return first;
}

function checkLookBack(periodSeconds: number, evaluationPeriods: number): void {
  const seconds = periodSeconds * (evaluationPeriods + EXTRA_DATAPOINTS);
  const keptSeconds = (periodSeconds < 60 ? HIGH_RESOLUTION_KEPT_MS : KEPT_MS) / 1_000;
  if (seconds <= keptSeconds) return;
  throw invalid(
    `The alarm looks back ${seconds} s (EvaluationPeriods and ${EXTRA_DATAPOINTS} more, times Period); the engine keeps datapoints ${periodSeconds < 60 ? 'of periods below a minute ' : ''}for ${keptSeconds} s.`,
  );
}

/** Samples that make a percentile significant, when the alarm is to wait for them. */
function samplesNeeded(input: JsonObject): number {
  const fraction = percentileOf(textAt(input, 'ExtendedStatistic') ?? '');
  if (fraction === undefined || textAt(input, 'EvaluateLowSampleCountPercentile') !== 'ignore') return 0;
  return fraction >= 0.5 ? 10 / (1 - fraction) : 10 / fraction;
}

function positive(input: JsonObject, name: string): number {
  const value = numberAt(input, name);
  if (value === undefined) throw missingParameter(name);
  if (!Number.isInteger(value) || value < 1)
    throw invalidValue(`The value ${value} for parameter ${name} must be a whole number from 1.`);
  return value;
}

function oneOf<T extends string>(input: JsonObject, name: string, allowed: readonly T[]): T {
  const value = textAt(input, name);
  if (value === undefined) throw missingParameter(name);
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw invalidValue(
    `The value ${value} for parameter ${name} is not supported; it must be one of ${allowed.join(', ')}.`,
  );
}
