import type { Account } from '../account/account.ts';

/** How long events wait. */
export interface Waits {
  /** Before the first and the second retry, milliseconds. */
  readonly retries: readonly number[];
  /** First and longest pause after throttles, milliseconds. */
  readonly throttled: readonly [first: number, longest: number];
  /** Divides the age at which events are given up. */
  readonly timeScale: number;
}

const MILLIS_PER_SECOND = 1_000;
/** First and longest pause of an event after throttles. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
const THROTTLED_SECONDS = { first: 1, longest: 300 };

/** How long events wait: as on AWS in an account, shortly without one. */
export function waitsOf(account: Account | undefined, timeScale = 1): Partial<Waits> {
  if (account === undefined) return { timeScale };
  const scaled = (seconds: number): number => (seconds * MILLIS_PER_SECOND) / timeScale;
  return {
    timeScale,
    retries: account.lambda.retrySeconds.map(scaled),
    throttled: [scaled(THROTTLED_SECONDS.first), scaled(THROTTLED_SECONDS.longest)],
  };
}
