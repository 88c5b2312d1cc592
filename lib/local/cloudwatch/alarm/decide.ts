import type { AlarmRule, Comparison, StateValue } from './alarm.ts';

/** What an evaluation comes to. */
export interface Verdict {
  /** `retain`: the alarm stays in the state it is in. */
  readonly state: StateValue | 'retain';
  /** The datapoints it rests on, newest first, by their index in what was looked at. */
  readonly used: readonly number[];
  /** How many datapoints were missing and filled in. */
  readonly filled: number;
  readonly breaching: number;
}

/**
 * More datapoints than N are looked at, so that older ones can stand in for missing ones. AWS does not say how many more;
 * its examples look at 5 for an N of 3.
 */
export const EXTRA_DATAPOINTS = 2;

const COMPARE: Readonly<Record<Comparison, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

export const breaches = ({ comparison, threshold }: AlarmRule, value: number): boolean =>
  COMPARE[comparison](value, threshold);

/**
 * Decides about an alarm's state by AWS's rules: the N newest real datapoints count, M of them must breach; only when the
 * evaluation range holds fewer than N real ones are missing ones filled in, as `treatMissingData` says.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 * @param points the evaluation range, oldest first; undefined: missing
 */
export function decide(points: readonly (number | undefined)[], rule: AlarmRule): Verdict {
  const { evaluationPeriods: needed, datapointsToAlarm: enough, treatMissingData } = rule;
  const real = points
    .map((value, index) => ({ value, index }))
    .filter((point): point is { value: number; index: number } => point.value !== undefined)
    .reverse();
  const counted = real.slice(0, needed);
  const breaching = counted.filter(({ value }) => breaches(rule, value));
  const filled = needed - counted.length;
  const verdict = { used: counted.map(({ index }) => index), filled, breaching: breaching.length };
  if (breaching.length >= enough) return { ...verdict, state: 'ALARM' };
  if (filled === 0 || treatMissingData === 'notBreaching') return { ...verdict, state: 'OK' };
  if (treatMissingData === 'breaching') {
    return {
      ...verdict,
      state: breaching.length + filled >= enough ? 'ALARM' : 'OK',
      breaching: breaching.length + filled,
    };
  }
  // A datapoint within the threshold shows that all is well, and settles it.
  if (breaching.length < counted.length) return { ...verdict, state: 'OK' };
  if (treatMissingData === 'ignore') return { ...verdict, state: 'retain' };
  // Breaching datapoints only, and not enough of them: an alarm would be premature until the oldest is M periods old.
  const oldest = breaching.at(-1);
  const old = oldest !== undefined && points.length - oldest.index >= enough;
  return { ...verdict, state: old ? 'ALARM' : 'INSUFFICIENT_DATA' };
}
