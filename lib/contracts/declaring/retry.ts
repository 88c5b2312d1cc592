import { declare } from './declaration-error.ts';
import { type Duration, seconds } from './duration.ts';

/** How often and how fast a failed message is tried again. Never without an end. */
export interface RetryPolicy {
  /** Tries in all, the first included. */
  readonly attempts: number;
  readonly base: Duration;
  readonly cap: Duration;
  readonly growth: 'fixed' | 'exponential';
}

const MAX_ATTEMPTS = 100;

function policy(growth: RetryPolicy['growth'], attempts: number, base: Duration, cap: Duration): RetryPolicy {
  const thing = `retry policy (${growth})`;
  declare(
    Number.isInteger(attempts) && attempts >= 1 && attempts <= MAX_ATTEMPTS,
    thing,
    `attempts must be a whole number from 1 to ${MAX_ATTEMPTS} (given ${attempts})`,
    'Count the first try: attempts: 3 is one try and two retries',
  );
  declare(
    base.seconds <= cap.seconds,
    thing,
    `cap must not be below base (given base ${base.seconds} s, cap ${cap.seconds} s)`,
    'Raise cap or lower base',
  );
  return { growth, attempts, base, cap };
}

/**
 * Exponential backoff with full jitter: a wait drawn evenly from 0 to min(cap, base * 2^(attempt - 1)).
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export const exponential = (options: { attempts: number; base: Duration; cap: Duration }): RetryPolicy =>
  policy('exponential', options.attempts, options.base, options.cap);

/** The same wait before every retry. */
export const fixed = (options: { attempts: number; wait: Duration }): RetryPolicy =>
  policy('fixed', options.attempts, options.wait, options.wait);

/** Retries at once. */
export const immediate = (options: { attempts: number }): RetryPolicy =>
  policy('fixed', options.attempts, seconds(0), seconds(0));

/**
 * Seconds to wait after try number `attempt` (from 1) failed.
 * @param random a number in [0, 1); passed in so that tests can choose it
 */
export function backoffSeconds(retry: RetryPolicy, attempt: number, random: () => number): number {
  if (retry.growth === 'fixed') return retry.base.seconds;
  return random() * Math.min(retry.cap.seconds, retry.base.seconds * 2 ** (attempt - 1));
}
