import { describe, expect, it } from 'vitest';
import { days, hours, minutes, seconds, toMillis } from '../../../lib/contracts/declaring/duration.ts';

describe('durations', () => {
  it.each([
    ['seconds', seconds(90), 90],
    ['minutes', minutes(1.5), 90],
    ['hours', hours(2), 7_200],
    ['days', days(7), 604_800],
    ['nothing', seconds(0), 0],
  ])('%s are counted in seconds', (_, duration, expected) => {
    expect(duration.seconds).toBe(expected);
  });

  it.each([
    [seconds(1), 1_000],
    [seconds(0.1), 100],
    [seconds(0.0004), 0],
  ])('%o is a whole number of milliseconds', (duration, expected) => {
    expect(toMillis(duration)).toBe(expected);
  });

  it.each([
    [() => seconds(-1), 'a duration must be a number of seconds that is 0 or more (given -1)'],
    [() => minutes(Number.NaN), 'a duration must be a number of minutes that is 0 or more (given NaN)'],
    [() => days(Number.POSITIVE_INFINITY), 'a duration must be a number of days that is 0 or more (given Infinity)'],
  ])('refuses %s', (make, message) => {
    expect(make).toThrow(new RangeError(message));
  });
});
