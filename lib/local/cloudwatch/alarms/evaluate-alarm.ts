import type { MetricAlarm, StateValue } from '../alarm/alarm.ts';
import { decide, EXTRA_DATAPOINTS } from '../alarm/decide.ts';
import { type Datapoint, reasonDataOf, reasonOf } from '../alarm/reason.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { aggregate, type Periods } from '../metrics/statistics.ts';
import { runQueries } from '../queries/run-queries.ts';

export interface Evaluation {
  readonly state: StateValue;
  readonly reason: string;
  readonly reasonData: string;
}

/**
 * Looks at an alarm's metric up to a moment. Periods end there: one of five minutes slides on with every minute.
 * @param until scaled milliseconds. @returns undefined when the alarm stays as it is
 * @throws CloudWatchError when its expression cannot be worked out
 */
export function evaluateAlarm(alarm: MetricAlarm, metrics: Metrics, until: number): Evaluation | undefined {
  const { rule, queries, samplesNeeded } = alarm;
  const count = rule.evaluationPeriods + EXTRA_DATAPOINTS;
  const periodMs = rule.periodSeconds * 1_000;
  const periods: Periods = { start: until - count * periodMs, periodMs, count };
  const results = runQueries(queries, metrics, () => periods);
  const [line] = results.flatMap(({ lines }) => lines);
  if (line === undefined || (samplesNeeded > 0 && samples(alarm, metrics, periods) < samplesNeeded)) return undefined;
  const points: Datapoint[] = line.values.map((value, index) => ({
    at: metrics.time.real(periods.start + index * periodMs),
    value,
  }));
  const verdict = decide(line.values, rule);
  if (verdict.state === 'retain') return undefined;
  const [{ source } = { source: undefined }] = queries;
  const stat = source?.kind === 'metric' && queries.length === 1 ? source.stat : undefined;
  const queriedAt = metrics.time.real(metrics.time.now());
  return {
    state: verdict.state,
    reason: reasonOf(verdict.state, verdict, points, rule),
    reasonData: reasonDataOf(verdict, points, { rule, statistic: stat?.stat, unit: stat?.unit }, queriedAt),
  };
}

function samples({ queries }: MetricAlarm, metrics: Metrics, periods: Periods): number {
  const series = queries.flatMap(({ source }) =>
    source.kind === 'metric' ? metrics.find(source.stat.metric, source.stat.unit) : [],
  );
  return aggregate(series, periods).reduce((sum, bucket) => sum + (bucket?.count ?? 0), 0);
}
