/**
 * What goes wrong in a run. A fault names the n-th thing of a kind that happens, so that a list of faults is a value: it can be
 * printed, replayed, and made shorter.
 */
export type Fault =
  /** The n-th request to a service (or to the world outside). */
  | { readonly kind: 'call'; readonly at: number; readonly what: CallFault }
  /** The n-th invocation by an event source mapping. */
  | { readonly kind: 'invoke'; readonly at: number; readonly what: InvokeFault }
  /** The n-th message of a standard queue is delivered twice. */
  | { readonly kind: 'duplicate'; readonly at: number }
  /** A shard is split, or two become one, `at` milliseconds into the run. */
  | { readonly kind: 'reshard'; readonly at: number; readonly how: 'split' | 'merge' }
  /** No concurrency is left for the functions of queues between two times: receives count, and nobody works. */
  | { readonly kind: 'throttling'; readonly at: number; readonly until: number }
  /** The outbox table's stream loses what happens between two times, in milliseconds into the run. */
  | { readonly kind: 'stream-outage'; readonly at: number; readonly until: number };

export type CallFault = (typeof CALL_FAULTS)[number];

/** Each as the caller and as the service see it. */
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

export interface FaultPlan {
  readonly call: (n: number) => CallFault | undefined;
  readonly invoke: (n: number) => InvokeFault | undefined;
  readonly duplicate: (n: number) => boolean;
  readonly timed: readonly Fault[];
  /** Counts faults that came to pass. */
  readonly fired: () => number;
  readonly fire: () => void;
}

export function planOf(faults: readonly Fault[]): FaultPlan {
  const calls = new Map<number, CallFault>();
  const invocations = new Map<number, InvokeFault>();
  const duplicates = new Set<number>();
  for (const fault of faults) {
    if (fault.kind === 'call') calls.set(fault.at, fault.what);
    if (fault.kind === 'invoke') invocations.set(fault.at, fault.what);
    if (fault.kind === 'duplicate') duplicates.add(fault.at);
  }
  let fired = 0;
  return {
    call: (n) => calls.get(n),
    invoke: (n) => invocations.get(n),
    duplicate: (n) => duplicates.has(n),
    timed: faults.filter(({ kind }) => kind === 'reshard' || kind === 'stream-outage'),
    fired: () => fired,
    fire: () => {
      fired += 1;
    },
  };
}
