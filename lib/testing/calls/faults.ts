/** What goes wrong on the way of a request, or of an invocation. */

/** What may befall a request to a service. Each is named as the caller and as the service see it. */
export type CallFault = (typeof CALL_FAULTS)[number];

export const CALL_FAULTS = [
  /** Refused once, taken at the next try. */
  'throttle',
  /** Refused at every try: the runtime hears of it. */
  'refuse',
  /** An internal error at every try; nothing was done. */
  'broken-before',
  /** Done, and then an internal error at every try. */
  'broken-after',
  /** Done, but the answer is lost; the next try gets through. */
  'lost-answer',
  /** No answer, nothing done; the client gives up and tries again. */
  'silence',
  /** The client gives up and tries again; the first try arrives long after. */
  'late',
  /** DynamoDB: another transaction has the item. */
  'conflict',
  /** Answered after seconds. */
  'slow',
  /** A batch request: some entries are refused. */
  'partial',
  /** The instance dies with the request on its way: it is not carried out. */
  'kill-before',
  /** The instance dies after the request was carried out and before it hears of it. */
  'kill-after',
] as const;

/** What may befall an invocation by an event source mapping. */
export type InvokeFault = (typeof INVOKE_FAULTS)[number];

export const INVOKE_FAULTS = [
  /** No concurrency left: a queue's messages wait for their visibility timeout, and the receive counts. */
  'throttle',
  /** The same event is given to two instances. */
  'double',
  /** The function's answer does not reach the mapping. */
  'lost-answer',
  /** The messages become visible again while the function still works on them. */
  'visible-early',
  /** The instance dies before the handler runs. */
  'kill',
] as const;

/** Decides what goes wrong. */
export interface FaultPlan {
  /** What befalls the n-th request, from 0. */
  readonly call: (n: number, service: string, operation: string, input: object) => CallFault | undefined;
  /** What befalls the n-th invocation by an event source mapping, from 0. */
  readonly invoke: (n: number) => InvokeFault | undefined;
  /** Told of each fault that came to pass. */
  readonly fire: () => void;
}
