import { CALLER_METRIC } from '../../contracts/agreed/metrics.ts';
import { toError } from '../invocation/outcomes.ts';
import { lambda, type Runtime } from '../invocation/runtime.ts';
import { count, emitMetrics, errorFields, logger } from '../invocation/telemetry.ts';
import { wasThrottled } from '../invocation/transient.ts';
import { PublishFailed } from './publish.ts';

/** What a caller is told who came when there was no room: nothing was committed, and the same call is good a little later. */
export interface ThrottledCall {
  readonly status: 'throttled';
  /** Whole seconds, 1 to 5, by chance: those who came together must not come together again. */
  readonly retryAfterSeconds: number;
}

const RETRY_AFTER_SECONDS = { least: 1, most: 5 } as const;
/** https://www.rfc-editor.org/rfc/rfc6585#section-4 */
const TOO_MANY_REQUESTS = 429;

/**
 * For functions that callers wait for, whatever producer they use: a table, bucket or channel that had no room until the producer's patience was over (two seconds of an
 * outbox's transaction, five tries of a publisher) is the caller's to try again, and not a failure of the function. It is logged, and counted as `ThrottledCalls`, which the
 * `throttles` alarm of `watchCalledFunction()` looks at.
 * @param name of the function without its stack: `place-order`
 * @param work may be done again by the caller: it commits all or nothing, or under ids that are the same then
 * @throws whatever else the work throws
 */
export async function orThrottled<T>(
  name: string,
  work: () => Promise<T>,
  runtime: Pick<Runtime, 'random' | 'env' | 'now' | 'write'> = lambda,
): Promise<T | ThrottledCall> {
  try {
    return await work();
  } catch (error) {
    if (!foundNoRoom(error)) throw error;
    const { least, most } = RETRY_AFTER_SECONDS;
    const retryAfterSeconds = least + Math.floor(runtime.random() * (most - least + 1));
    logger({ function: name }, runtime.write)('warn', 'throttled', {
      ...errorFields(toError(error)),
      stack: undefined,
      retryAfterSeconds,
    });
    emitMetrics({ dimensions: { function: name }, metrics: { [CALLER_METRIC.throttled]: count(1) } }, runtime);
    return { status: 'throttled', retryAfterSeconds };
  }
}

/** A transaction that always met another is no better off than one that was throttled: its error is made of that answer. */
const foundNoRoom = (error: unknown): boolean =>
  wasThrottled(error) ||
  (error instanceof PublishFailed && error.throttled) ||
  (error instanceof Error && wasThrottled(error.cause));

/** Whether `orThrottled()` says so. */
export const isThrottledCall = (result: unknown): result is ThrottledCall =>
  typeof result === 'object' && result !== null && 'status' in result && result.status === 'throttled';

/** The same for who called by HTTP, through a function URL or API Gateway. */
export const throttledResponse = (call: ThrottledCall) => ({
  statusCode: TOO_MANY_REQUESTS,
  headers: { 'content-type': 'application/json', 'retry-after': String(call.retryAfterSeconds) },
  body: JSON.stringify(call),
});
