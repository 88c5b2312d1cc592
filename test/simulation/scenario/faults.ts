import type { CallFault, FaultPlan, InvokeFault } from '../../../lib/testing/calls/faults.ts';

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

/** The faults of a list, by the place that each of them names. */
export interface ListedFaults extends FaultPlan {
  readonly duplicate: (n: number) => boolean;
  readonly timed: readonly Fault[];
  /** Counts faults that came to pass. */
  readonly fired: () => number;
}

export function planOf(faults: readonly Fault[]): ListedFaults {
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
