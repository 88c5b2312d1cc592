import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { backoffSeconds, exponential, fixed, immediate } from '../../../lib/contracts/declaring/retry.ts';

const ALMOST_ONE = 1 - Number.EPSILON;

describe('retry policies', () => {
  it.each([0, -1, 1.5, 101, Number.NaN])('refuse %d attempts', (attempts) => {
    expect(() => immediate({ attempts })).toThrow(
      `retry policy (fixed): attempts must be a whole number from 1 to 100 (given ${attempts}). Count the first try: attempts: 3 is one try and two retries.`,
    );
  });

  it.each([1, 100])('take %d attempts', (attempts) => {
    expect(fixed({ attempts, wait: seconds(1) }).attempts).toBe(attempts);
  });

  it('refuse a cap below the base', () => {
    expect(() => exponential({ attempts: 3, base: seconds(10), cap: seconds(5) })).toThrow(
      'retry policy (exponential): cap must not be below base (given base 10 s, cap 5 s). Raise cap or lower base.',
    );
  });
});

describe('backoff', () => {
  const policy = exponential({ attempts: 10, base: seconds(2), cap: seconds(60) });

  it.each([
    [1, 2],
    [2, 4],
    [3, 8],
    [5, 32],
    [6, 60],
    [50, 60],
  ])('after try %d it is drawn from 0 to %d s', (attempt, ceiling) => {
    expect(backoffSeconds(policy, attempt, () => 0)).toBe(0);
    expect(backoffSeconds(policy, attempt, () => 0.5)).toBe(ceiling / 2);
    expect(backoffSeconds(policy, attempt, () => ALMOST_ONE)).toBeCloseTo(ceiling, 9);
  });

  it.each([
    ['fixed', () => fixed({ attempts: 3, wait: seconds(7) }), 7],
    ['immediate', () => immediate({ attempts: 3 }), 0],
  ])('a %s one is the same for every try and draw', (_, policy, wait) => {
    for (const attempt of [1, 2, 30]) expect(backoffSeconds(policy(), attempt, Math.random)).toBe(wait);
  });

  it('never leaves 0 to cap, and never exceeds base times two to the number of tries before', () => {
    const positive = fc.double({ min: 0.001, max: 1_000, noNaN: true });
    fc.assert(
      fc.property(
        positive,
        positive,
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: ALMOST_ONE, noNaN: true }),
        (base, more, attempt, draw) => {
          const cap = base + more;
          const wait = backoffSeconds(
            exponential({ attempts: 100, base: seconds(base), cap: seconds(cap) }),
            attempt,
            () => draw,
          );
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(cap);
          expect(wait).toBeLessThanOrEqual(base * 2 ** (attempt - 1));
        },
      ),
    );
  });
});
