import type { Json, JsonObject } from '../../json.ts';
import { booleanAt, isObject, listAt, numberAt, objectAt, textAt } from '../../json.ts';
import type { MetricIdentity, Metrics } from '../metrics/metrics.ts';
import { aggregate, type Periods, statisticOf } from '../metrics/statistics.ts';
import { invalidCombination, invalidValue, missingParameter } from '../protocol/errors.ts';
import { type Operation, pageOf, required, requiredTime, textsAt, timeAt } from '../protocol/input.ts';
import type { Result } from '../protocol/wire.ts';
import { checkStatistic, readDimensions, readIdentity, readPeriod, readQueries } from '../queries/query.ts';
import { runQueries } from '../queries/run-queries.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
const MAX_DATA = 1_000;
const MAX_VALUES = 150;
const MAX_DIMENSIONS = 30;
const MAX_DATAPOINTS = 1_440;
const LIST_PAGE = 500;
const HIGH_RESOLUTION_SECONDS = 1;

/** Writing and reading metrics. */
export function metricOperations(metrics: Metrics): Readonly<Record<string, Operation>> {
  const { time } = metrics;

  /** Whole periods that cover a stretch of real time, aligned to multiples of the period. */
  const covering =
    (startMs: number, endMs: number) =>
    (periodSeconds: number): Periods => {
      const periodMs = periodSeconds * 1_000;
      const start = Math.floor(time.scaled(startMs) / periodMs) * periodMs;
      return { start, periodMs, count: Math.max(0, Math.ceil((time.scaled(endMs) - start) / periodMs)) };
    };
  const startOf = ({ start, periodMs }: Periods, index: number): Date => new Date(time.real(start + index * periodMs));

  return {
    PutMetricData(input) {
      const namespace = required(input, 'Namespace');
      if (namespace.startsWith('AWS/'))
        throw invalidValue(
          'The value AWS/ for parameter Namespace is invalid: namespaces that begin with AWS/ are reserved.',
        );
      const data = listAt(input, 'MetricData');
      if (data.length === 0) throw missingParameter('MetricData');
      if (data.length > MAX_DATA)
        throw invalidValue(`MetricData holds ${data.length} metrics; at most ${MAX_DATA} are allowed.`);
      // All or nothing: every datum is read before any is counted.
      const readings = data.map((datum) => reading(datum, namespace, metrics));
      for (const count of readings) count();
      return {};
    },
    GetMetricData(input) {
      const range = realRange(input);
      const queries = readQueries(listAt(input, 'MetricDataQueries'));
      const oldestFirst = textAt(input, 'ScanBy') === 'TimestampAscending';
      const results = runQueries(queries, metrics, covering(range.start, range.end)).filter(
        ({ query }) => query.returnData,
      );
      return {
        MetricDataResults: results.flatMap(({ query, lines, periods }) =>
          lines.map(({ label, values }) => {
            const points = values.flatMap((value, index) =>
              value === undefined ? [] : [{ at: startOf(periods, index), value }],
            );
            if (!oldestFirst) points.reverse();
            return {
              Id: query.id,
              Label: label,
              Timestamps: points.map(({ at }) => at),
              Values: points.map(({ value }) => value),
              StatusCode: 'Complete',
            };
          }),
        ),
        Messages: [],
      };
    },
    GetMetricStatistics(input) {
      const range = realRange(input);
      const metric = readIdentity(input);
      const periodSeconds = readPeriod(input);
      const simple = textsAt(input, 'Statistics').map(checkStatistic);
      const extended = textsAt(input, 'ExtendedStatistics').map(checkStatistic);
      if (simple.length + extended.length === 0)
        throw invalidCombination('At least one of Statistics and ExtendedStatistics must be given.');
      const asked = (range.end - range.start) / (periodSeconds * 1_000);
      if (asked > MAX_DATAPOINTS)
        throw invalidCombination(
          `You have requested up to ${Math.ceil(asked)} datapoints, which exceeds the limit of ${MAX_DATAPOINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
        );
      const periods = covering(range.start, range.end)(periodSeconds);
      const datapoints = metrics.find(metric, textAt(input, 'Unit')).flatMap((series) =>
        aggregate([series], periods).flatMap((bucket, index) => {
          if (bucket === undefined) return [];
          const value = (name: string): number | undefined => statisticOf(name)?.(bucket);
          const values = Object.fromEntries(simple.map((name) => [name, value(name)]));
          const percentiles = Object.fromEntries(extended.map((name) => [name, value(name)]));
          return [
            {
              Timestamp: startOf(periods, index),
              ...values,
              ...(extended.length === 0 ? {} : { ExtendedStatistics: percentiles }),
              Unit: series.unit,
            },
          ];
        }),
      );
      return { Label: metric.name, Datapoints: datapoints };
    },
    ListMetrics(input) {
      const found = metrics.list().filter((metric) => matches(metric, input));
      const { page, next } = pageOf(found, input, LIST_PAGE);
      return { Metrics: page.map(metricView), NextToken: next };
    },
  };
}

/** A metric as the API shows it. */
export function metricView({ namespace, name, dimensions }: MetricIdentity): { readonly [name: string]: Result } {
  const pairs = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return { Namespace: namespace, MetricName: name, Dimensions: pairs };
}

function realRange(input: JsonObject): { readonly start: number; readonly end: number } {
  const start = requiredTime(input, 'StartTime');
  const end = requiredTime(input, 'EndTime');
  if (start >= end) throw invalidValue('The parameter StartTime must be less than the parameter EndTime.');
  return { start, end };
}

/** Reads one datum; the result counts it. @throws CloudWatchError */
function reading(datum: Json, namespace: string, metrics: Metrics): () => void {
  const name = isObject(datum) ? required(datum, 'MetricName') : '';
  const dimensions = readDimensions(datum);
  if (Object.keys(dimensions).length > MAX_DIMENSIONS)
    throw invalidValue(
      `${name} has ${Object.keys(dimensions).length} dimensions; at most ${MAX_DIMENSIONS} are allowed.`,
    );
  const at = metrics.time.scaled(timeAt(datum, 'Timestamp') ?? Date.now());
  const highResolution = numberAt(datum, 'StorageResolution') === HIGH_RESOLUTION_SECONDS;
  const series = () => metrics.series({ namespace, name, dimensions }, textAt(datum, 'Unit') ?? 'None', highResolution);
  const given = ['Value', 'Values', 'StatisticValues'].filter(
    (member) => isObject(datum) && datum[member] !== undefined,
  );
  if (given.length !== 1)
    throw invalidCombination(
      `${name} must have exactly one of Value, Values and StatisticValues, not ${given.join(' and ') || 'none'}.`,
    );
  const set = objectAt(datum, 'StatisticValues');
  if (given[0] === 'StatisticValues') {
    const member = (key: string): number => numberAt(set, key) ?? fail(name, `StatisticValues.${key}`);
    const values = {
      SampleCount: member('SampleCount'),
      Sum: member('Sum'),
      Minimum: member('Minimum'),
      Maximum: member('Maximum'),
    };
    return () => series().addSet(values, at);
  }
  const values = given[0] === 'Value' ? [numberAt(datum, 'Value')] : listAt(datum, 'Values').map(Number);
  const counts = listAt(datum, 'Counts').map(Number);
  if (values.length > MAX_VALUES)
    throw invalidValue(`${name} has ${values.length} Values; at most ${MAX_VALUES} are allowed.`);
  if (counts.length > 0 && counts.length !== values.length)
    throw invalidValue(`${name} has ${values.length} Values and ${counts.length} Counts; there must be as many.`);
  const numbers = values.map((value) => (value === undefined || !Number.isFinite(value) ? fail(name, 'Value') : value));
  return () => {
    for (const [index, value] of numbers.entries()) series().add(value, at, counts[index] ?? 1);
  };
}

function fail(name: string, member: string): never {
  throw invalidValue(`${name}: ${member} must be a number.`);
}

/** Namespace, MetricName and Dimensions (by name, or name and value) that a metric must have. */
function matches(metric: MetricIdentity, input: JsonObject): boolean {
  const namespace = textAt(input, 'Namespace');
  const name = textAt(input, 'MetricName');
  if (namespace !== undefined && metric.namespace !== namespace) return false;
  if (name !== undefined && metric.name !== name) return false;
  if (booleanAt(input, 'IncludeLinkedAccounts'))
    throw invalidValue('IncludeLinkedAccounts: the engine has one account.');
  return listAt(input, 'Dimensions').every((filter) => {
    const value = metric.dimensions[textAt(filter, 'Name') ?? ''];
    return value !== undefined && (textAt(filter, 'Value') ?? value) === value;
  });
}
