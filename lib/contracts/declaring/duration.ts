/** A length of time. Declared with the words below so that no number in a declaration needs a comment about its unit. */
export interface Duration {
  readonly seconds: number;
}

/** @throws RangeError when `amount` is negative or not finite. */
function duration(amount: number, secondsPerUnit: number, unit: string): Duration {
  if (!Number.isFinite(amount) || amount < 0) {
    throw new RangeError(`a duration must be a number of ${unit} that is 0 or more (given ${amount})`);
  }
  return { seconds: amount * secondsPerUnit };
}

/** A length of time in seconds; fractions are fine. */
export const seconds = (amount: number): Duration => duration(amount, 1, 'seconds');
/** A length of time in minutes; fractions are fine. */
export const minutes = (amount: number): Duration => duration(amount, 60, 'minutes');
/** A length of time in hours; fractions are fine. */
export const hours = (amount: number): Duration => duration(amount, 3_600, 'hours');
/** A length of time in days; fractions are fine. */
export const days = (amount: number): Duration => duration(amount, 86_400, 'days');

/** The duration in whole milliseconds, for timers. */
export const toMillis = (d: Duration): number => Math.round(d.seconds * 1_000);
