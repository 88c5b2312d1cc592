import { declare } from '../../contracts/declaring/declaration-error.ts';

/**
 * Circuit breaker of a channel, for its producer: after failures in a row nothing is sent for a while, then one call is let through
 * to try. Pure: time is an argument, the state is a value.
 */
export interface CircuitPolicy {
  /** Failed calls in a row that open it; 1 to 100. */
  readonly failures: number;
  /** Milliseconds until the first trial; doubled after each failed one. */
  readonly coolDownMillis: number;
  readonly maxCoolDownMillis: number;
}

/** 5 failures; 1 s, doubled up to 1 minute. */
export const circuitPolicy = (change: Partial<CircuitPolicy> = {}): CircuitPolicy => {
  const policy = { failures: 5, coolDownMillis: 1_000, maxCoolDownMillis: 60_000, ...change };
  const { failures, coolDownMillis, maxCoolDownMillis } = policy;
  declare(
    Number.isInteger(failures) && failures >= 1 && failures <= 100,
    'circuit policy',
    `failures must be a whole number from 1 to 100 (given ${failures})`,
    'Write 5',
  );
  declare(
    coolDownMillis >= 1 && coolDownMillis <= maxCoolDownMillis && Number.isFinite(maxCoolDownMillis),
    'circuit policy',
    `coolDownMillis must be at least 1 and not above maxCoolDownMillis (given ${coolDownMillis} and ${maxCoolDownMillis})`,
    'Raise maxCoolDownMillis or lower coolDownMillis',
  );
  return policy;
};

export type Circuit =
  | { readonly state: 'closed'; readonly failures: number }
  /** Nothing is sent before `until` (epoch milliseconds). */
  | { readonly state: 'open'; readonly until: number; readonly coolDownMillis: number }
  /** One call is out to try; the others wait for it. */
  | { readonly state: 'half-open'; readonly coolDownMillis: number };

export const closedCircuit: Circuit = { state: 'closed', failures: 0 };

/** Asks to send. @returns whether it may, and the state after: an open circuit whose time is up lets one through */
export function admit(circuit: Circuit, now: number): { readonly admitted: boolean; readonly circuit: Circuit } {
  switch (circuit.state) {
    case 'closed':
      return { admitted: true, circuit };
    case 'half-open':
      return { admitted: false, circuit };
    case 'open':
      return now < circuit.until
        ? { admitted: false, circuit }
        : { admitted: true, circuit: { state: 'half-open', coolDownMillis: circuit.coolDownMillis } };
  }
}

/** A success from before it opened says nothing new. */
export const succeeded = (circuit: Circuit): Circuit => (circuit.state === 'open' ? circuit : closedCircuit);

/** The trial came to nothing, for a reason that is not the channel's: the next one may try at once. */
export const undecided = (circuit: Circuit, now: number): Circuit =>
  circuit.state === 'half-open' ? { state: 'open', until: now, coolDownMillis: circuit.coolDownMillis } : circuit;

export function failed(circuit: Circuit, policy: CircuitPolicy, now: number): Circuit {
  const open = (coolDownMillis: number): Circuit => ({ state: 'open', until: now + coolDownMillis, coolDownMillis });
  switch (circuit.state) {
    case 'closed': {
      const failures = circuit.failures + 1;
      return failures >= policy.failures ? open(policy.coolDownMillis) : { state: 'closed', failures };
    }
    case 'half-open':
      return open(Math.min(policy.maxCoolDownMillis, circuit.coolDownMillis * 2));
    case 'open':
      // The answer to a call from before it opened says nothing new.
      return circuit;
  }
}
