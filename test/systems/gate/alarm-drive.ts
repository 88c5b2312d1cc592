import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { createAlarms } from '../../../lib/local/cloudwatch/alarms/alarms.ts';
import { createMetrics } from '../../../lib/local/cloudwatch/metrics/metrics.ts';
import { createScaledTime } from '../../../lib/local/cloudwatch/metrics/scaled-time.ts';

/**
 * Whether an alarm can go to ALARM and come back: values are put into the metrics that it names, minute by minute, on a clock of its own, and the
 * engine's alarms decide. An alarm over a metric that nothing can push over its threshold never goes off, and nobody would know.
 */

interface Input {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Value of each input; undefined: no datapoint. */
type Values = readonly (number | undefined)[];

const MINUTE_MS = 60_000;
const BEGIN_MS = 1_800_000_000_000;
const SECONDS_PER_MINUTE = 60;
const BIG = 1e9;

/** @returns why not; undefined: it does */
export function cannotGoAndComeBack(alarm: MetricAlarm): string | undefined {
  const inputs = inputsOf(alarm);
  if (inputs.length === 0) return 'names no metric';
  const candidates = valuesFor(alarm, inputs.length);
  const bad = candidates.find((values) => stateAfter(alarm, inputs, [values]) === 'ALARM');
  if (bad === undefined) return 'no value of its metrics brings it to ALARM';
  const isBack = candidates.some((good) => stateAfter(alarm, inputs, [bad, good]) === 'OK');
  return isBack ? undefined : 'no value of its metrics brings it back from ALARM';
}

const inputsOf = ({ Namespace = '', MetricName, Dimensions, Metrics = [] }: MetricAlarm): readonly Input[] => {
  const single = MetricName === undefined ? [] : [{ Namespace, MetricName, Dimensions }];
  const queried = Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []);
  return [...single, ...queried].map((metric) => ({
    namespace: metric.Namespace ?? '',
    name: metric.MetricName ?? '',
    dimensions: Object.fromEntries((metric.Dimensions ?? []).map(({ Name = '', Value = '' }) => [Name, Value])),
  }));
};

/** All alike, then one or two that differ from the others: enough for shares, differences and conditions. */
function valuesFor({ Threshold = 0 }: MetricAlarm, count: number): Values[] {
  const levels = [undefined, 0, 1, Threshold * 2 + 1, BIG];
  const same = levels.map((level) => Array.from({ length: count }, () => level));
  const change = (values: Values, at: number, level: number | undefined) =>
    values.map((v, i) => (i === at ? level : v));
  const one = same.flatMap((base) =>
    Array.from({ length: count }, (_, at) => levels.map((level) => change(base, at, level))).flat(),
  );
  const two = one.flatMap((base) =>
    Array.from({ length: count }, (_, at) => levels.map((level) => change(base, at, level))).flat(),
  );
  return [...same, ...one, ...two];
}

/** The state after each of the values has held for as long as the alarm looks back, and a bit. */
function stateAfter(alarm: MetricAlarm, inputs: readonly Input[], phases: readonly Values[]): string | undefined {
  let now = BEGIN_MS;
  const metrics = createMetrics(createScaledTime(1, () => now));
  const nothing = () => undefined;
  const alarms = createAlarms({
    metrics,
    ...{ region: 'eu-west-1', accountId: '111122223333' },
    ...{ publish: async () => undefined, onEvent: nothing, report: nothing },
  });
  alarms.putMetric(JSON.parse(JSON.stringify(alarm)));
  const seconds = Math.max(
    alarm.Period ?? 0,
    ...(alarm.Metrics ?? []).map((m) => m.Period ?? m.MetricStat?.Period ?? 0),
  );
  const minutes =
    ((alarm.EvaluationPeriods ?? 1) + 2) * Math.ceil(Math.max(seconds, SECONDS_PER_MINUTE) / SECONDS_PER_MINUTE);
  for (const values of phases) {
    for (let minute = 0; minute < minutes; minute++) {
      for (const [i, { namespace, name, dimensions }] of inputs.entries()) {
        const value = values[i];
        if (value !== undefined) metrics.series({ namespace, name, dimensions }, 'Count').add(value, now);
      }
      now += MINUTE_MS;
      alarms.evaluate(now, () => true);
    }
  }
  return alarms.find(alarm.AlarmName ?? '')?.state.value;
}
