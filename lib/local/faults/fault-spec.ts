import type { AwsErrorShape } from '../endpoint-errors.ts';
import type { FaultKindName } from './kinds.ts';

/** What can be made to happen: the kinds of random faults, and an error of one's own. */
export type FaultAction = FaultKindName | 'error';

/** A failure to cause on purpose: at which call, on which side of its effect, and what happens. */
export interface FaultSpec {
  /** Signing name of the service: `dynamodb`, `sqs`, `kinesis`, ... */
  readonly service: string;
  /**
   * API operation: `TransactWriteItems`, `PutRecords`, `Invoke`, `SendEmail`, `PutObject`, ... Inside the engine there are also `lambda`
   * `Deliver` (a mapping or an event invokes), `lambda` `Start` (a worker starts) and `sqs` `Enqueue` (a queue takes a message in).
   */
  readonly operation: string;
  /** Only calls of this function, or deliveries to it; any when left out. For `Enqueue` the name of the queue. */
  readonly functionName?: string;
  /** `before`: the call never takes effect. `after`: it took effect, but the caller does not learn so. */
  readonly when: 'before' | 'after';
  /** First matching call that is hit, counted from 1. Default 1. */
  readonly nth?: number;
  /** How many matching calls in a row are hit. Default 1. */
  readonly times?: number;
  /**
   * `kill`: the response is withheld and the worker of the calling instance is killed. `error`: the caller gets `error`.
   * `throttle`: it gets the service's own error for that. `lose-response`: the connection breaks without an answer.
   * `latency`, `stop-stream` (of `GetRecords`): the call waits. `duplicate` (after `Deliver`): it is delivered once more.
   * `reorder` (before `Enqueue`): the message is held back. `skew-clock` (before `Start`): the worker's clock is off.
   */
  readonly action: FaultAction;
  /** How long it lasts, or by how much the clock is fast (negative: slow). Default: 1,000. */
  readonly ms?: number;
  /** Answer for `action: 'error'`. Default: 500 InternalFailure. */
  readonly error?: AwsErrorShape;
}
