import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { CALLER_METRIC } from '../../contracts/agreed/metrics.ts';
import type { AlarmSettings } from '../../contracts/declaring/alarms.ts';
import { ALARM_PERIOD, math, sluiceMetric } from './metrics.ts';
import type { SystemAlarms, WatchedAlarm } from './system-alarms.ts';

/** Invocations that failed, percent: crashes and time-outs, and whatever is thrown out of the handler. */
export const failedInvocations = (fn: LambdaFunction): IMetric =>
  math(
    '100 * FILL(errors, 0) / invocations',
    {
      errors: fn.metricErrors({ period: ALARM_PERIOD }),
      invocations: fn.metricInvocations({ period: ALARM_PERIOD }),
    },
    'failed invocations, %',
  );

/**
 * Alarms of a function that is no consumer: that it fails, and that it is not let run.
 * @param name of the function without its stack: `place-order`
 */
export function watchFunction(
  alarms: SystemAlarms,
  name: string,
  fn: LambdaFunction,
  settings?: AlarmSettings,
): readonly WatchedAlarm[] {
  const common = { name, settings: [settings] };
  return [
    alarms.watch(fn, { ...common, kind: 'function-errors', metric: failedInvocations(fn) }),
    watchThrottles(alarms, name, fn, [settings]),
  ].filter((one) => one !== undefined);
}

/**
 * The same for a function that callers wait for and that answers by `orThrottled()`: those whom a busy table or channel turned away are throttled, too.
 */
export function watchCalledFunction(
  alarms: SystemAlarms,
  name: string,
  fn: LambdaFunction,
  settings?: AlarmSettings,
): readonly WatchedAlarm[] {
  const common = { name, settings: [settings] };
  const turnedAway = math(
    'FILL(throttles, 0) + FILL(busy, 0)',
    {
      throttles: fn.metricThrottles({ period: ALARM_PERIOD }),
      busy: sluiceMetric(fn, CALLER_METRIC.throttled, { function: name }),
    },
    'calls turned away',
  );
  return [
    alarms.watch(fn, { ...common, kind: 'function-errors', metric: failedInvocations(fn) }),
    alarms.watch(fn, { ...common, kind: 'throttles', metric: turnedAway }),
  ].filter((one) => one !== undefined);
}

/** Lambda has no capacity for the function. Messages wait meanwhile and are not lost; callers get an error. */
export const watchThrottles = (
  alarms: SystemAlarms,
  name: string,
  fn: LambdaFunction,
  settings: readonly (AlarmSettings | undefined)[],
): WatchedAlarm | undefined =>
  alarms.watch(fn, { kind: 'throttles', name, settings, metric: fn.metricThrottles({ period: ALARM_PERIOD }) });
