/** Permits at a rate that may change at any time. Pure: time is an argument, the state is a value. */
export interface Bucket {
  /** May be below 0: permits that were promised to those who wait. */
  readonly tokens: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

const MILLIS_PER_SECOND = 1_000;
/** Permits that gather while nobody asks: so many seconds of the rate, at least one permit. */
const BURST_SECONDS = 1;

export const fullBucket = (rate: number, now: number): Bucket => ({
  tokens: Math.max(1, rate * BURST_SECONDS),
  at: now,
});

const refilled = ({ tokens, at }: Bucket, rate: number, now: number): number =>
  Math.min(Math.max(1, rate * BURST_SECONDS), tokens + (Math.max(0, now - at) / MILLIS_PER_SECOND) * rate);

/** Milliseconds until a permit could be had. */
export function waitFor(bucket: Bucket, rate: number, now: number): number {
  const missing = 1 - refilled(bucket, rate, now);
  return missing <= 0 ? 0 : Math.ceil((missing / rate) * MILLIS_PER_SECOND);
}

/** Takes permits, ahead of time if need be: a batch goes as one, and those after it wait for it. */
export const taken = (bucket: Bucket, rate: number, now: number, count: number): Bucket => ({
  tokens: refilled(bucket, rate, now) - count,
  at: now,
});
