import { describe, expect, it } from 'vitest';
import { behaviourOf } from '../../../lambdas/orders/payment/provider.ts';

const KEYS = Array.from({ length: 20_000 }, (_, i) => `order-outbox/${i}/1`);

describe('behaviourOf', () => {
  it.each([
    ['approve', 'order-outbox/1/1'],
    ['decline', 'order-outbox/11/1'],
    ['time-out-before', 'order-outbox/24/1'],
    ['time-out-after', 'order-outbox/10/1'],
    ['unexpected', 'order-outbox/132/1'],
  ])('answers %s for %s, in every run and on every machine', (expected, key) => {
    expect(behaviourOf('sluice', key)).toBe(expected);
  });

  it('is the same for the same seed and key', () => {
    for (const key of KEYS.slice(0, 500)) expect(behaviourOf('sluice', key)).toBe(behaviourOf('sluice', key));
  });

  it('is another for another seed', () => {
    expect(KEYS.slice(0, 500).map((key) => behaviourOf('sluice', key))).not.toEqual(
      KEYS.slice(0, 500).map((key) => behaviourOf('another', key)),
    );
  });

  it.each([
    ['approve', 0.91],
    ['decline', 0.03],
    ['time-out-before', 0.02],
    ['time-out-after', 0.03],
    ['unexpected', 0.01],
  ] as const)('%s has a share of about %d', (behaviour, share) => {
    const count = KEYS.filter((key) => behaviourOf('sluice', key) === behaviour).length;
    expect(count / KEYS.length).toBeCloseTo(share, 2);
  });
});
