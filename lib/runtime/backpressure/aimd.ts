import { declare } from '../../contracts/declaring/declaration-error.ts';

/**
 * Additive increase, multiplicative decrease: the rate grows slowly while all goes well and drops at once when the other side cannot
 * keep up, so that many producers settle at fair shares of what it can take. Pure: time is an argument, the state is a value.
 * https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/ says why retries alone are not enough.
 */
export interface RatePolicy {
  /** Events per second that are always allowed. Above 0. */
  readonly min: number;
  /** Events per second at most. */
  readonly max: number;
  /** Events per second gained per second without trouble. */
  readonly increase: number;
  /** Factor of a decrease, between 0 and 1. */
  readonly decrease: number;
  /** Milliseconds after a decrease in which further trouble counts as the same: one burst of throttles is one signal. */
  readonly settleMillis: number;
}

/** Events per second: 1 at least, 1,000 at most, up by 10 a second, down to half, a second to settle. */
export const ratePolicy = (change: Partial<RatePolicy> = {}): RatePolicy => {
  const policy = { min: 1, max: 1_000, increase: 10, decrease: 0.5, settleMillis: 1_000, ...change };
  const { min, max, increase, decrease, settleMillis } = policy;
  const thing = 'rate policy';
  declare(
    min > 0 && min <= max && Number.isFinite(max),
    thing,
    `min must be above 0 and not above max (given ${min} and ${max})`,
    'Write for example { min: 1, max: 1_000 }',
  );
  declare(
    increase > 0 && Number.isFinite(increase),
    thing,
    `increase must be above 0 (given ${increase})`,
    'A tenth of max or less lets the rate settle',
  );
  declare(
    decrease > 0 && decrease < 1,
    thing,
    `decrease must be between 0 and 1 (given ${decrease})`,
    'Write 0.5 to halve the rate',
  );
  declare(
    settleMillis >= 0 && Number.isFinite(settleMillis),
    thing,
    `settleMillis must be 0 or more (given ${settleMillis})`,
    'Write about the time a change of the rate needs to show',
  );
  return policy;
};

export interface RateState {
  /** Events per second. */
  readonly rate: number;
  /** Epoch milliseconds of the last change. */
  readonly changedAt: number;
  /** Epoch milliseconds of the last decrease; undefined: none yet. */
  readonly decreasedAt: number | undefined;
}

const MILLIS_PER_SECOND = 1_000;

/** Starts at full rate: trouble is heard of at once, and idle producers should not be slow. */
export const initialRate = ({ max }: RatePolicy, now: number): RateState => ({
  rate: max,
  changedAt: now,
  decreasedAt: undefined,
});

/** What was sent went well. The gain depends on the time that passed, not on how many calls there were. */
export function increased(state: RateState, policy: RatePolicy, now: number): RateState {
  const elapsed = Math.max(0, now - state.changedAt) / MILLIS_PER_SECOND;
  return { ...state, rate: Math.min(policy.max, state.rate + policy.increase * elapsed), changedAt: now };
}

/** A throttle, or more lag than is allowed. */
export function decreased(state: RateState, policy: RatePolicy, now: number): RateState {
  if (state.decreasedAt !== undefined && now - state.decreasedAt < policy.settleMillis) {
    // What is still arriving was sent at the old rate. Time without gain is no reason to gain afterwards.
    return { ...state, changedAt: now };
  }
  return { rate: Math.max(policy.min, state.rate * policy.decrease), changedAt: now, decreasedAt: now };
}
