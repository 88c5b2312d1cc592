import type { AsyncObserver } from '../../lambda/async-invocations.ts';
import type { FunctionError } from '../../lambda/definition.ts';
import { isThrottled } from '../../lambda/errors.ts';
import { functionNameOf } from '../../lambda/function-names.ts';
import type { Functions } from '../../lambda/functions.ts';
import type { Dimensions, Metrics } from '../metrics/metrics.ts';
import type { Series } from '../metrics/series.ts';

const NAMESPACE = 'AWS/Lambda';

type Count = (functionName: string, name: string, value: number, unit?: string) => void;

/** Counts for the function, and for all functions of the account together, as AWS does. */
function counter(metrics: Metrics): Count {
  const all = new Map<string, Series>();
  const seriesOf = (name: string, functionName: string | undefined, unit: string): Series => {
    const key = `${name} ${functionName}`;
    const known = all.get(key);
    if (known !== undefined) return known;
    const dimensions: Dimensions = functionName === undefined ? {} : { FunctionName: functionName };
    const series = metrics.series({ namespace: NAMESPACE, name, dimensions }, unit);
    all.set(key, series);
    return series;
  };
  return (functionName, name, value, unit = 'Count') => {
    seriesOf(name, functionName, unit).add(value);
    seriesOf(name, undefined, unit).add(value);
  };
}

/** An invocation that has come to its end. */
export interface Invocation {
  readonly function: string;
  /** Undefined: it succeeded. */
  readonly error: FunctionError | undefined;
}

/**
 * The same functions, their invocations counted under the names of AWS/Lambda. A throttled call is no invocation.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 * @param onInvocation hears of each
 */
export function meterFunctions(
  functions: Functions,
  metrics: Metrics,
  onInvocation: (invocation: Invocation) => void = () => undefined,
): Functions {
  const count = counter(metrics);
  const invoke: Functions['invoke'] = async (nameOrArn, event, requestId) => {
    const name = functionNameOf(nameOrArn);
    const running = functions.running(name) + 1;
    try {
      const result = await functions.invoke(nameOrArn, event, requestId);
      count(name, 'Invocations', 1);
      count(name, 'Errors', result.error === undefined ? 0 : 1);
      count(name, 'Throttles', 0);
      count(name, 'ConcurrentExecutions', running);
      onInvocation({ function: name, error: result.error });
      if (result.durationMs !== undefined) count(name, 'Duration', result.durationMs, 'Milliseconds');
      return result;
    } catch (error) {
      if (isThrottled(error)) count(name, 'Throttles', 1);
      throw error;
    }
  };
  return Object.defineProperties({} as Functions, {
    ...Object.getOwnPropertyDescriptors(functions),
    invoke: { value: invoke, enumerable: true },
  });
}

/** Counts asynchronous invocations: received, their age, dropped, and destinations that took nothing. */
export function createAsyncMeter(metrics: Metrics): AsyncObserver {
  const count = counter(metrics);
  return {
    received: (name) => count(name, 'AsyncEventsReceived', 1),
    attempted: (name, ageMs) => count(name, 'AsyncEventAge', ageMs, 'Milliseconds'),
    dropped: (name) => count(name, 'AsyncEventsDropped', 1),
    undelivered: (name, metric) => count(name, metric, 1),
  };
}

/** @param ageMs how long the last record of the batch lay in the stream before the function got it */
export type OnStreamBatch = (functionArn: string, ageMs: number) => void;

/** Counts IteratorAge: for each batch of a stream, at the moment it is handed to the function. */
export function createIteratorAgeMeter(metrics: Metrics): OnStreamBatch {
  const count = counter(metrics);
  return (functionArn, ageMs) => count(functionNameOf(functionArn), 'IteratorAge', Math.max(0, ageMs), 'Milliseconds');
}
