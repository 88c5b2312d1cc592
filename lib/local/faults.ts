import type { Caller } from './service.ts';

/** A failure to cause on purpose: at which call, on which side of its effect, and what happens. */
export interface FaultSpec {
  /** Signing name of the service: `dynamodb`, `sqs`, `kinesis`, ... */
  readonly service: string;
  /** API operation: `TransactWriteItems`, `PutRecords`, `Invoke`, `SendEmail`, `PutObject`, ... */
  readonly operation: string;
  /** Only calls of this function; any caller when left out. */
  readonly functionName?: string;
  /** `before`: the call never takes effect. `after`: it took effect, but the caller does not learn so. */
  readonly when: 'before' | 'after';
  /** First matching call that is hit, counted from 1. Default 1. */
  readonly nth?: number;
  /** How many matching calls in a row are hit. Default 1. */
  readonly times?: number;
  /**
   * `kill`: the response is withheld and the worker of the calling instance is killed.
   * `error`: the caller gets `error`. `lose-response`: the connection breaks without an answer.
   */
  readonly action: 'kill' | 'error' | 'lose-response';
  /** Answer for `action: 'error'`. Default: 500 InternalFailure. */
  readonly error?: { readonly status: number; readonly code: string; readonly message: string };
}

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

/** Kills the worker of the calling instance; set by whoever runs the functions. */
export type KillHandler = (caller: Caller) => void;

export interface Faults {
  /** @throws RangeError or TypeError that names the field when the specification makes no sense. */
  add(spec: FaultSpec): Fault;
  clear(): void;
  list(): readonly Fault[];
  /** Registers the handler for `kill`; returns a function that takes it away again. */
  onKill(handler: KillHandler): () => void;
}

/** What the endpoint uses on top of what tests use. */
export interface FaultTrigger {
  /** Counts a call against all faults of that side; returns the first one that fires. */
  match(call: { service: string; operation: string; caller: Caller }, when: FaultSpec['when']): Fault | undefined;
  /** Tells the kill handlers; returns whether there was anybody to tell. */
  kill(caller: Caller): boolean;
}

interface MutableFault extends Fault {
  hits: number;
  fired: number;
}

export function createFaults(): Faults & FaultTrigger {
  let faults: MutableFault[] = [];
  let nextId = 1;
  const killHandlers = new Set<KillHandler>();
  return {
    add(spec) {
      check(spec);
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
    clear: () => {
      faults = [];
    },
    list: () => faults.map((fault) => ({ ...fault })),
    onKill(handler) {
      killHandlers.add(handler);
      return () => void killHandlers.delete(handler);
    },
    match(call, when) {
      if (faults.length === 0) return undefined;
      let firing: MutableFault | undefined;
      for (const fault of faults) {
        if (fault.when !== when || fault.service !== call.service || fault.operation !== call.operation) continue;
        if (fault.functionName !== undefined && fault.functionName !== call.caller.functionName) continue;
        fault.hits++;
        if (firing === undefined && fault.hits >= fault.nth && fault.hits < fault.nth + fault.times) firing = fault;
      }
      if (firing !== undefined) firing.fired++;
      return firing;
    },
    kill(caller) {
      if (caller.functionName === undefined) return false;
      for (const handler of killHandlers) handler(caller);
      return killHandlers.size > 0;
    },
  };
}

const CHOICES = { when: ['before', 'after'], action: ['kill', 'error', 'lose-response'] } as const;

function check(spec: FaultSpec): void {
  for (const field of ['service', 'operation'] as const) {
    if (typeof spec[field] !== 'string' || spec[field] === '') {
      throw new TypeError(`fault: ${field} is ${JSON.stringify(spec[field])}; give the ${field}'s name`);
    }
  }
  for (const field of ['when', 'action'] as const) {
    if (!(CHOICES[field] as readonly string[]).includes(spec[field])) {
      throw new TypeError(
        `fault: ${field} is ${JSON.stringify(spec[field])}; must be one of ${CHOICES[field].join(', ')}`,
      );
    }
  }
  for (const field of ['nth', 'times'] as const) {
    const value = spec[field];
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      throw new RangeError(`fault: ${field} is ${value}; must be a whole number from 1`);
    }
  }
}
