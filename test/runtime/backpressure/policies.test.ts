import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeclarationError } from '../../../lib/contracts/declaring/declaration-error.ts';
import {
  decreased,
  increased,
  initialRate,
  type RatePolicy,
  ratePolicy,
} from '../../../lib/runtime/backpressure/aimd.ts';
import {
  admit,
  type Circuit,
  circuitPolicy,
  closedCircuit,
  failed,
  succeeded,
  undecided,
} from '../../../lib/runtime/backpressure/circuit.ts';
import { type Bucket, fullBucket, taken, waitFor } from '../../../lib/runtime/backpressure/token-bucket.ts';

const policies = fc
  .record({
    min: fc.double({ min: 0.1, max: 100, noNaN: true }),
    span: fc.double({ min: 0, max: 10_000, noNaN: true }),
    increase: fc.double({ min: 0.1, max: 1_000, noNaN: true }),
    decrease: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
    settleMillis: fc.nat(5_000),
  })
  .map(({ span, ...policy }): RatePolicy => ratePolicy({ ...policy, max: policy.min + span }));
const signals = fc.array(fc.record({ after: fc.nat(10_000), good: fc.boolean() }), { maxLength: 100 });

describe('the rate', () => {
  it('stays between min and max, falls on trouble and rises without it, whatever comes when', () => {
    fc.assert(
      fc.property(policies, signals, (policy, list) => {
        let now = 0;
        let state = initialRate(policy, now);
        for (const { after, good } of list) {
          now += after;
          const before = state;
          state = good ? increased(before, policy, now) : decreased(before, policy, now);
          expect(state.rate).toBeGreaterThanOrEqual(policy.min);
          expect(state.rate).toBeLessThanOrEqual(policy.max);
          if (good) expect(state.rate).toBeGreaterThanOrEqual(before.rate);
          else expect(state.rate).toBeLessThanOrEqual(before.rate);
        }
      }),
    );
  });

  it('takes a burst of trouble for one signal', () => {
    const policy = ratePolicy({ max: 100, settleMillis: 1_000 });
    let state = decreased(initialRate(policy, 0), policy, 0);
    for (const now of [1, 500, 999]) state = decreased(state, policy, now);
    expect(state.rate).toBe(50);
    expect(decreased(state, policy, 1_000).rate).toBe(25);
  });

  it('rises by time, not by calls, and gains nothing for the time in trouble', () => {
    const policy = ratePolicy({ max: 1_000, increase: 10, settleMillis: 10_000 });
    let state = decreased(initialRate(policy, 0), policy, 0);
    for (let now = 100; now <= 1_000; now += 100) state = increased(state, policy, now);
    expect(state.rate).toBeCloseTo(510);
    state = decreased(state, policy, 9_000);
    expect(increased(state, policy, 9_100).rate).toBeCloseTo(511);
  });

  it('lets two producers of one channel settle at like shares', () => {
    const policy = ratePolicy({ min: 1, max: 1_000, increase: 20, settleMillis: 0 });
    const capacity = 200;
    let [one, two] = [
      { ...initialRate(policy, 0), rate: 190 },
      { ...initialRate(policy, 0), rate: 5 },
    ];
    for (let now = 1_000; now < 200_000; now += 1_000) {
      const change = one.rate + two.rate > capacity ? decreased : increased;
      [one, two] = [change(one, policy, now), change(two, policy, now)];
    }
    expect(Math.abs(one.rate - two.rate)).toBeLessThan(20);
  });

  it.each([
    ['no least rate', { min: 0 }, 'min must be above 0 and not above max (given 0 and 1000)'],
    ['min above max', { min: 5, max: 4 }, '(given 5 and 4)'],
    ['no increase', { increase: 0 }, 'increase must be above 0 (given 0)'],
    ['a decrease that is none', { decrease: 1 }, 'decrease must be between 0 and 1 (given 1)'],
    ['a decrease to nothing', { decrease: 0 }, '(given 0)'],
    ['a negative time', { settleMillis: -1 }, 'settleMillis must be 0 or more (given -1)'],
  ])('is refused with %s', (_, change, message) => {
    expect(() => ratePolicy(change)).toThrow(DeclarationError);
    expect(() => ratePolicy(change)).toThrow(message);
  });
});

describe('permits', () => {
  it('are never more than the rate allows, however they are asked for', () => {
    const asks = fc.array(fc.record({ after: fc.nat(3_000), count: fc.integer({ min: 1, max: 50 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 500, noNaN: true }), asks, (rate, list) => {
        let now = 0;
        let bucket: Bucket = fullBucket(rate, now);
        let given = 0;
        for (const { after, count } of list) {
          now += after + waitFor(bucket, rate, now + after);
          expect(waitFor(bucket, rate, now)).toBe(0);
          // One that goes ahead of time may overdraw; those after it pay for it.
          expect(given).toBeLessThanOrEqual(Math.max(1, rate) + (now / 1_000) * rate);
          bucket = taken(bucket, rate, now, count);
          given += count;
        }
      }),
    );
  });

  it('do not gather beyond a second’s worth', () => {
    expect(waitFor(taken(fullBucket(10, 0), 10, 1_000_000, 10), 10, 1_000_000)).toBe(100);
  });
});

describe('the circuit', () => {
  const policy = circuitPolicy({ failures: 3, coolDownMillis: 100, maxCoolDownMillis: 400 });
  const opened = [1, 2, 3].reduce<Circuit>((circuit) => failed(circuit, policy, 0), closedCircuit);

  it('opens after failures in a row; a success in between starts the count again', () => {
    const two = failed(failed(closedCircuit, policy, 0), policy, 0);
    expect(failed(succeeded(two), policy, 0)).toEqual({ state: 'closed', failures: 1 });
    expect(opened).toEqual({ state: 'open', until: 100, coolDownMillis: 100 });
  });

  it('lets one call through when the time is up, and nobody beside it', () => {
    expect(admit(opened, 99).admitted).toBe(false);
    const trial = admit(opened, 100);
    expect(trial).toEqual({ admitted: true, circuit: { state: 'half-open', coolDownMillis: 100 } });
    expect(admit(trial.circuit, 1_000).admitted).toBe(false);
  });

  it('closes after a trial that went well, and waits twice as long after one that did not, up to the most', () => {
    const trial = admit(opened, 100).circuit;
    expect(succeeded(trial)).toEqual(closedCircuit);
    let circuit = failed(trial, policy, 100);
    expect(circuit).toEqual({ state: 'open', until: 300, coolDownMillis: 200 });
    for (const now of [300, 700, 1_100]) circuit = failed(admit(circuit, now).circuit, policy, now);
    expect(circuit).toEqual({ state: 'open', until: 1_500, coolDownMillis: 400 });
  });

  it('takes no news from calls that were sent before it opened', () => {
    expect(failed(opened, policy, 50)).toEqual(opened);
    expect(succeeded(opened)).toEqual(opened);
  });

  it('tries again at once when the trial said nothing about the channel', () => {
    const again = undecided(admit(opened, 100).circuit, 100);
    expect(admit(again, 100).admitted).toBe(true);
    expect(undecided(closedCircuit, 0)).toBe(closedCircuit);
  });

  it.each([
    ['no failures', { failures: 0 }, 'failures must be a whole number from 1 to 100 (given 0)'],
    ['half a failure', { failures: 1.5 }, '(given 1.5)'],
    ['no cool-down', { coolDownMillis: 0 }, 'coolDownMillis must be at least 1'],
    ['a cool-down above the most', { coolDownMillis: 10, maxCoolDownMillis: 9 }, '(given 10 and 9)'],
  ])('is refused with %s', (_, change, message) => {
    expect(() => circuitPolicy(change)).toThrow(DeclarationError);
    expect(() => circuitPolicy(change)).toThrow(message);
  });
});
