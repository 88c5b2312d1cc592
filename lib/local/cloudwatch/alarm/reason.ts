import type { AlarmRule, Comparison, StateValue } from './alarm.ts';
import type { Verdict } from './decide.ts';

/** A datapoint of an evaluation. */
export interface Datapoint {
  /** Where its period begins, real epoch milliseconds. */
  readonly at: number;
  readonly value: number | undefined;
}

const WORDS: Readonly<Record<Comparison, string>> = {
  GreaterThanThreshold: 'greater than',
  GreaterThanOrEqualToThreshold: 'greater than or equal to',
  LessThanThreshold: 'less than',
  LessThanOrEqualToThreshold: 'less than or equal to',
};

/** The StateReason of an evaluation, in AWS's words. @param points the evaluation range, oldest first */
export function reasonOf(state: StateValue, verdict: Verdict, points: readonly Datapoint[], rule: AlarmRule): string {
  const { used, filled } = verdict;
  if (state === 'INSUFFICIENT_DATA')
    return `Insufficient Data: ${plural(filled, 'datapoint was', 'datapoints were')} unknown.`;
  const treated = rule.treatMissingData === 'breaching' ? 'Breaching' : 'NonBreaching';
  const fill = `${plural(filled, 'missing datapoint was', 'missing datapoints were')} treated as [${treated}]`;
  if (used.length === 0) {
    return `Threshold Crossed: no datapoints were received for ${plural(filled, 'period', 'periods')} and ${fill}.`;
  }
  const alarming = state === 'ALARM';
  const shown = used
    .map((index) => points[index])
    .filter((point) => point !== undefined)
    .map(({ at, value }) => ({ at, value: value ?? 0 }));
  const list = `[${shown.map(({ at, value }) => `${decimal(value)} (${shortDate(at)})`).join(', ')}]`;
  const isFilled = filled > 0 && (rule.treatMissingData === 'breaching' || rule.treatMissingData === 'notBreaching');
  const number = isFilled
    ? plural(used.length, 'datapoint', 'datapoints')
    : `${alarming ? verdict.breaching : used.length - verdict.breaching} out of the last ${used.length} datapoints`;
  const was = used.length === 1 ? 'was' : 'were';
  const minimum = alarming ? rule.datapointsToAlarm : rule.evaluationPeriods - rule.datapointsToAlarm + 1;
  const transition = alarming ? 'OK -> ALARM' : 'ALARM -> OK';
  return [
    `Threshold Crossed: ${number} ${list} ${was}${alarming ? '' : ' not'} ${WORDS[rule.comparison]} the threshold (${decimal(rule.threshold)})`,
    isFilled ? ` and ${fill}` : '',
    ` (minimum ${plural(minimum, 'datapoint', 'datapoints')} for ${transition} transition).`,
  ].join('');
}

/** The StateReasonData of an evaluation, JSON text. @param queriedAt real epoch milliseconds */
export function reasonDataOf(
  verdict: Verdict,
  points: readonly Datapoint[],
  alarm: { readonly rule: AlarmRule; readonly statistic: string | undefined; readonly unit: string | undefined },
  queriedAt: number,
): string {
  const used = [...verdict.used].reverse().flatMap((index) => points[index] ?? []);
  const looked = verdict.used.length > 0 ? [...used].reverse() : points.slice(-alarm.rule.evaluationPeriods).reverse();
  return JSON.stringify({
    version: '1.0',
    queryDate: longDate(queriedAt),
    ...(used[0] === undefined ? {} : { startDate: longDate(used[0].at) }),
    ...(alarm.unit === undefined ? {} : { unit: alarm.unit }),
    ...(alarm.statistic === undefined ? {} : { statistic: alarm.statistic }),
    period: alarm.rule.periodSeconds,
    recentDatapoints: used.map(({ value }) => value),
    threshold: alarm.rule.threshold,
    evaluatedDatapoints: looked.map(({ at, value }) => ({
      timestamp: longDate(at),
      ...(value === undefined ? {} : { value }),
    })),
  });
}

/** `2026-01-31T09:00:00.000+0000` */
export const longDate = (ms: number): string => new Date(ms).toISOString().replace('Z', '+0000');

/** `31/01/26 09:00:00` */
function shortDate(ms: number): string {
  const [date = '', time = ''] = new Date(ms).toISOString().split('T');
  const [year = '', month, day] = date.split('-');
  return `${day}/${month}/${year.slice(2)} ${time.slice(0, 8)}`;
}

/** A double as AWS prints it: `5.0`. */
const decimal = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
