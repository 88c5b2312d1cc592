import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { AlarmSettings } from '../../contracts/declaring/alarms.ts';
import { ALARM_PERIOD, math } from './metrics.ts';
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

/** Lambda has no capacity for the function. Messages wait meanwhile and are not lost; callers get an error. */
export const watchThrottles = (
  alarms: SystemAlarms,
  name: string,
  fn: LambdaFunction,
  settings: readonly (AlarmSettings | undefined)[],
): WatchedAlarm | undefined =>
  alarms.watch(fn, { kind: 'throttles', name, settings, metric: fn.metricThrottles({ period: ALARM_PERIOD }) });
