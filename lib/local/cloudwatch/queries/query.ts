import type { Json } from '../../json.ts';
import { booleanAt, isObject, listAt, numberAt, objectAt, textAt } from '../../json.ts';
import { type Expression, MathError, namesIn, parseExpression } from '../math/parse.ts';
import type { Dimensions, MetricIdentity } from '../metrics/metrics.ts';
import { STATISTICS_HELP, statisticOf } from '../metrics/statistics.ts';
import { invalid, invalidValue } from '../protocol/errors.ts';

/** A statistic of one metric over periods. */
export interface MetricStat {
  readonly metric: MetricIdentity;
  readonly periodSeconds: number;
  readonly stat: string;
  readonly unit: string | undefined;
}

/** One row of a request: a metric, or an expression over other rows. */
export interface MetricQuery {
  /** Starts with a small letter; names the row in expressions. */
  readonly id: string;
  readonly label: string | undefined;
  readonly returnData: boolean;
  readonly source:
    | { readonly kind: 'metric'; readonly stat: MetricStat }
    | { readonly kind: 'expression'; readonly text: string; readonly tree: Expression };
}

const ID = /^[a-z][a-zA-Z0-9_]*$/;
/** Periods below a minute that there are. */
const SHORT_PERIODS = [1, 5, 10, 20, 30];

/**
 * Reads MetricDataQueries (GetMetricData) or an alarm's Metrics.
 * @throws CloudWatchError
 */
export function readQueries(list: readonly Json[]): MetricQuery[] {
  const queries = list.map(readQuery);
  const ids = new Set(queries.map(({ id }) => id));
  if (ids.size < queries.length) throw invalid('The Ids of the metrics must be unique.');
  for (const { id, source } of queries) {
    if (source.kind !== 'expression') continue;
    const unknown = namesIn(source.tree).find((name) => /^[a-z]/.test(name) && !ids.has(name));
    if (unknown !== undefined) throw invalid(`Error in expression '${id}': Unrecognized identifier ${unknown}`);
  }
  return queries;
}

function readQuery(query: Json): MetricQuery {
  const id = textAt(query, 'Id') ?? '';
  if (!ID.test(id))
    throw invalid(`The Id "${id}" must start with a lowercase letter and hold letters, digits and "_".`);
  const text = textAt(query, 'Expression');
  const stat = isObject(query) ? query.MetricStat : undefined;
  if ((text === undefined) === (stat === undefined))
    throw invalid(`"${id}" needs either an Expression or a MetricStat.`);
  const rest = { id, label: textAt(query, 'Label'), returnData: booleanAt(query, 'ReturnData') ?? true };
  if (text === undefined) return { ...rest, source: { kind: 'metric', stat: readStat(stat ?? {}) } };
  if (/^\s*SELECT\s/i.test(text)) throw invalid(`"${id}": Metrics Insights queries are not available in the engine.`);
  try {
    return { ...rest, source: { kind: 'expression', text, tree: parseExpression(text) } };
  } catch (error) {
    if (error instanceof MathError) throw invalid(`Error in expression '${id}': ${error.message}`);
    throw error;
  }
}

function readStat(given: Json): MetricStat {
  const metric = objectAt(given, 'Metric');
  return {
    metric: readIdentity(metric),
    periodSeconds: readPeriod(given),
    stat: checkStatistic(textAt(given, 'Stat') ?? ''),
    unit: textAt(given, 'Unit'),
  };
}

/** Namespace, MetricName and Dimensions, as everywhere in the API. @throws CloudWatchError */
export function readIdentity(given: Json): MetricIdentity {
  const namespace = textAt(given, 'Namespace');
  const name = textAt(given, 'MetricName');
  if (namespace === undefined || name === undefined)
    throw invalid(`A metric needs Namespace and MetricName, not ${JSON.stringify(given)}.`);
  return { namespace, name, dimensions: readDimensions(given) };
}

export function readDimensions(given: Json): Dimensions {
  return Object.fromEntries(
    listAt(given, 'Dimensions').map((dimension) => [textAt(dimension, 'Name') ?? '', textAt(dimension, 'Value') ?? '']),
  );
}

/** @returns the name again. @throws CloudWatchError when the engine has no such statistic */
export function checkStatistic(name: string): string {
  if (statisticOf(name) === undefined)
    throw invalidValue(
      `The value ${name} for parameter Stat is not supported by the engine; it has ${STATISTICS_HELP}.`,
    );
  return name;
}

/** Seconds: 1, 5, 10, 20, 30 or a multiple of 60. @throws CloudWatchError */
export function readPeriod(given: Json): number {
  const period = numberAt(given, 'Period') ?? 0;
  if (SHORT_PERIODS.includes(period) || (period >= 60 && period % 60 === 0)) return period;
  throw invalidValue(
    `The value ${period} for parameter Period is not valid: it must be ${SHORT_PERIODS.join(', ')} or a multiple of 60 seconds.`,
  );
}
