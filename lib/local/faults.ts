import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsErrorShape } from './endpoint-errors.ts';
import { checkFaultSpec } from './faults/check-spec.ts';
import type { FaultAction, FaultSpec } from './faults/fault-spec.ts';
import {
  createRandomFaults,
  type FaultPoint,
  type RandomFaultSource,
  type RandomFaults,
} from './faults/random-faults.ts';
import type { Caller } from './service.ts';

export type { FaultAction, FaultSpec } from './faults/fault-spec.ts';
export {
  FAULT_KIND_NAMES,
  FAULT_KINDS,
  type FaultKindName,
  type FaultRates,
  ratesForAll,
  readFaultRates,
} from './faults/kinds.ts';
export type { FaultPoint, Made, RandomFaultSource, RandomFaults } from './faults/random-faults.ts';

/** A fault that has been set, and what has become of it. */
export interface Fault extends FaultSpec {
  readonly id: number;
  readonly nth: number;
  readonly times: number;
  /** Matching calls seen so far. */
  readonly hits: number;
  /** How many of them were made to fail. */
  readonly fired: number;
}

/** What strikes at a point, asked for or by chance. */
export interface Strike {
  readonly action: FaultAction;
  readonly ms: number;
  /** 0 to 1: for choices within the action; 1 when it was asked for. */
  readonly size: number;
  readonly error?: AwsErrorShape | undefined;
}

/** Kills the worker of the calling instance; set by whoever runs the functions. */
export type KillHandler = (caller: Caller) => void;

export interface Faults {
  /** @throws RangeError or TypeError that names the field when the specification makes no sense. */
  add(spec: FaultSpec): Fault;
  /** Faults by chance from now on, in the place of earlier ones. @throws RangeError that names the rate or the seed */
  randomly(plan: RandomFaults): RandomFaultSource;
  /** The faults by chance, when there are. */
  readonly random: RandomFaultSource | undefined;
  /** Ends all of them, those that last included. */
  clear(): void;
  /** Those that were asked for. */
  list(): readonly Fault[];
  /** Registers the handler for `kill`; returns a function that takes it away again. */
  onKill(handler: KillHandler): () => void;
}

/** What the engine uses on top of what tests use. */
export interface FaultTrigger {
  /** Counts the point against all faults; returns what strikes. */
  at(point: FaultPoint): Strike | undefined;
  /** Waits; ends early when the faults are cleared. */
  pause(ms: number): Promise<void>;
  /** Tells the kill handlers; returns whether there was anybody to tell. */
  kill(caller: Caller): boolean;
}

interface MutableFault extends Fault {
  hits: number;
  fired: number;
}

const DEFAULT_MS = 1_000;

export function createFaults(): Faults & FaultTrigger {
  let faults: MutableFault[] = [];
  let random: RandomFaultSource | undefined;
  let lasting = new AbortController();
  let nextId = 1;
  const killHandlers = new Set<KillHandler>();

  function asked(point: FaultPoint): Strike | undefined {
    let firing: MutableFault | undefined;
    for (const fault of faults) {
      if (!fits(fault, point)) continue;
      fault.hits++;
      if (firing === undefined && fault.hits >= fault.nth && fault.hits < fault.nth + fault.times) firing = fault;
    }
    if (firing === undefined) return undefined;
    firing.fired++;
    return { action: firing.action, ms: firing.ms ?? DEFAULT_MS, size: 1, error: firing.error };
  }

  function byChance(point: FaultPoint): Strike | undefined {
    const strike = random?.strike(point);
    return strike && { action: strike.kind, ms: strike.ms, size: strike.size };
  }

  return {
    add(spec) {
      checkFaultSpec(spec);
      const fault: MutableFault = {
        ...spec,
        nth: spec.nth ?? 1,
        times: spec.times ?? 1,
        id: nextId++,
        hits: 0,
        fired: 0,
      };
      faults.push(fault);
      return fault;
    },
    randomly(plan) {
      random = createRandomFaults(plan);
      return random;
    },
    get random() {
      return random;
    },
    clear() {
      faults = [];
      random = undefined;
      lasting.abort();
      lasting = new AbortController();
    },
    list: () => faults.map((fault) => ({ ...fault })),
    onKill(handler) {
      killHandlers.add(handler);
      return () => void killHandlers.delete(handler);
    },
    at: (point) => asked(point) ?? byChance(point),
    async pause(ms) {
      // An abort ends the wait early, and that is all.
      await sleep(ms, undefined, { signal: lasting.signal, ref: false }).catch(() => undefined);
    },
    kill(caller) {
      if (caller.instance === undefined) return false;
      for (const handler of killHandlers) handler(caller);
      return killHandlers.size > 0;
    },
  };
}

function fits({ when, service, operation, functionName }: FaultSpec, point: FaultPoint): boolean {
  if (when !== point.when || service !== point.service || operation !== point.operation) return false;
  const { functionName: caller, pollsFor = caller } = point.caller;
  return functionName === undefined || functionName === pollsFor;
}
