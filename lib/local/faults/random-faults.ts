import type { Caller } from '../service.ts';
import { createChance, type Draw } from './chance.ts';
import {
  checkFaultRates,
  FAULT_KIND_NAMES,
  FAULT_KINDS,
  type FaultKind,
  type FaultKindName,
  type FaultRates,
} from './kinds.ts';

/** Faults by chance, the same for the same seed. */
export interface RandomFaults {
  /** Whole number. */
  readonly seed: number;
  readonly rates: FaultRates;
}

/** A place where faults can strike. */
export interface FaultPoint {
  /** Signing name; `lambda` with `Deliver` and `Start`, `sqs` with `Enqueue` are places inside the engine. */
  readonly service: string;
  readonly operation: string;
  readonly when: 'before' | 'after';
  /** Who is struck: the caller, the function that is delivered to, or whose worker starts; for messages the queue. */
  readonly caller: Caller;
}

/** What happens, as the one who causes it understands it. */
export interface Strike {
  readonly kind: FaultKindName;
  /** Milliseconds, where the kind has a size. */
  readonly ms: number;
  /** 0 to below 1: for choices of the one who causes it. */
  readonly size: number;
}

/** A strike, for those who want to know afterwards what they survived. */
export interface Made {
  readonly kind: FaultKindName;
  readonly service: string;
  readonly operation: string;
  readonly when: 'before' | 'after';
  /** Whose call or delivery, a mapping's included; for messages the queue. */
  readonly functionName: string | undefined;
}

export interface RandomFaultSource {
  readonly plan: RandomFaults;
  /** How many strikes of each kind so far. */
  readonly counts: Readonly<Record<FaultKindName, number>>;
  /** The last of them, at most 10,000. */
  readonly made: readonly Made[];
  strike(point: FaultPoint): Strike | undefined;
}

const MANY = 10_000;

/**
 * @throws RangeError for rates or a seed that make no sense
 */
export function createRandomFaults(given: RandomFaults): RandomFaultSource {
  const plan = { seed: given.seed, rates: checkFaultRates(given.rates) };
  if (!Number.isSafeInteger(plan.seed)) throw new RangeError(`the seed is ${plan.seed}; it must be a whole number`);
  const draw = createChance(plan.seed);
  const counts = Object.fromEntries(FAULT_KIND_NAMES.map((name) => [name, 0])) as Record<FaultKindName, number>;
  const made: Made[] = [];
  return {
    plan,
    counts,
    made,
    strike(point) {
      const who = subjectOf(point.caller);
      // Whoever asks from outside wants to know what is, and the engine's own calls set up and tidy.
      if (who === undefined) return undefined;
      const { service, operation, when, caller } = point;
      let struck: Strike | undefined;
      for (const kind of kindsAt(point)) {
        const drawn = draw(`${kind}|${service}|${operation}|${when}|${who}`);
        if (struck === undefined && drawn.chance < (plan.rates[kind] ?? 0)) struck = strikeOf(kind, drawn);
      }
      if (struck === undefined) return undefined;
      counts[struck.kind] += 1;
      made.push({ kind: struck.kind, service, operation, when, functionName: caller.functionName ?? caller.pollsFor });
      if (made.length > MANY) made.shift();
      return struck;
    },
  };
}

/** Functions by name, pollers and schedules by their role, which is theirs alone. */
function subjectOf({ functionName, roleArn, session = '' }: Caller): string | undefined {
  return functionName ?? (roleArn === undefined ? undefined : `${session} ${roleArn}`);
}

function strikeOf(kind: FaultKindName, { size }: Draw): Strike {
  const { upToMs = 0 }: FaultKind = FAULT_KINDS[kind];
  return { kind, size, ms: Math.ceil(upToMs * size) };
}

/** Which kinds can strike where. All of them are asked each time, so that a rate of one does not change what another decides. */
function kindsAt({ service, operation, when, caller }: FaultPoint): readonly FaultKindName[] {
  const place = INSIDE[`${service} ${operation} ${when}`];
  if (place !== undefined) return place;
  const isFunction = caller.instance !== undefined;
  if (when === 'after') return isFunction ? ['kill', 'lose-response'] : ['lose-response'];
  const always: readonly FaultKindName[] = ['throttle', 'lose-response', 'latency'];
  if (isFunction) return ['kill', ...always];
  return operation === 'GetRecords' ? [...always, 'stop-stream'] : always;
}

const INSIDE: Readonly<Record<string, readonly FaultKindName[]>> = {
  'lambda Deliver before': ['throttle'],
  'lambda Deliver after': ['duplicate'],
  'lambda Start before': ['skew-clock'],
  'sqs Enqueue before': ['reorder'],
};
