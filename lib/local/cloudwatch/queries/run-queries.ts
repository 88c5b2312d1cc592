import { evaluate, type Scope } from '../math/evaluate.ts';
import { linesOf } from '../math/functions.ts';
import { MathError } from '../math/parse.ts';
import { isFound } from '../math/search.ts';
import { isLine, type Line, type Value } from '../math/value.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { aggregate, type Periods, statisticOf } from '../metrics/statistics.ts';
import { invalid } from '../protocol/errors.ts';
import { checkStatistic, type MetricQuery, type MetricStat } from './query.ts';

/** The result of one row of a request. */
export interface QueryResult {
  readonly query: MetricQuery;
  readonly lines: readonly Line[];
  readonly periods: Periods;
}

/**
 * Works out all rows, expressions after what they name.
 * @param periodsFor the periods to look at, for a period in seconds
 * @throws CloudWatchError when an expression cannot be worked out
 */
export function runQueries(
  queries: readonly MetricQuery[],
  metrics: Metrics,
  periodsFor: (periodSeconds: number) => Periods,
): QueryResult[] {
  const byId = new Map(queries.map((query) => [query.id, query]));
  const values = new Map<string, Value>();
  const working = new Set<string>();
  const periodSeconds = commonPeriod(queries);

  function resolve(id: string): Value {
    const known = values.get(id);
    if (known !== undefined) return known;
    const query = byId.get(id);
    if (query === undefined) throw new MathError(`there is no metric or expression with the id ${id}`);
    if (working.has(id)) throw new MathError(`the expression ${id} refers to itself`);
    working.add(id);
    const value = work(query);
    working.delete(id);
    values.set(id, value);
    return value;
  }

  function work({ id, source, label }: MetricQuery): Value {
    if (source.kind === 'metric') return metricLine(source.stat, metrics, periodsFor, label ?? source.stat.metric.name);
    if (periodSeconds === undefined)
      throw new MathError(`all metrics of a request with expressions must have the same period in the engine`);
    const scope: Scope = {
      periodSeconds,
      count: periodsFor(periodSeconds).count,
      resolve,
      search: (search, stat) =>
        metrics
          .list()
          .filter((metric) => isFound(search, metric))
          .map((metric) => {
            const label = [metric.name, ...search.dimensions.map((name) => metric.dimensions[name])].join(' ');
            checkStatistic(stat);
            return metricLine({ metric, periodSeconds, stat, unit: undefined }, metrics, periodsFor, label);
          }),
      get metrics() {
        return metricLines();
      },
    };
    const value = evaluate(source.tree, scope);
    return isLine(value) ? { ...value, label: label ?? id } : value;
  }

  function metricLines(): ReadonlyMap<string, Line> {
    const own = queries.filter(({ source }) => source.kind === 'metric');
    return new Map(own.flatMap(({ id }) => linesOf(resolve(id)).map((line) => [id, line] as const)));
  }

  return queries.map((query) => {
    try {
      const period = query.source.kind === 'metric' ? query.source.stat.periodSeconds : (periodSeconds ?? 0);
      const value = resolve(query.id);
      // Rows that only other rows use may be scalars.
      return { query, lines: query.returnData ? linesOf(value) : [], periods: periodsFor(period) };
    } catch (error) {
      if (error instanceof MathError) throw invalid(`Error in expression '${query.id}': ${error.message}`);
      throw error;
    }
  });
}

/** A minute when there are expressions only; undefined when metrics disagree. */
function commonPeriod(queries: readonly MetricQuery[]): number | undefined {
  const periods = new Set(
    queries.flatMap(({ source }) => (source.kind === 'metric' ? [source.stat.periodSeconds] : [])),
  );
  if (periods.size > 1) return undefined;
  const [only = 60] = periods;
  return only;
}

function metricLine(
  { metric, periodSeconds, stat, unit }: MetricStat,
  metrics: Metrics,
  periodsFor: (periodSeconds: number) => Periods,
  label: string,
): Line {
  const statistic = statisticOf(stat);
  const buckets = aggregate(metrics.find(metric, unit), periodsFor(periodSeconds));
  return {
    label,
    values: buckets.map((bucket) => (bucket === undefined || bucket.count === 0 ? undefined : statistic?.(bucket))),
  };
}
