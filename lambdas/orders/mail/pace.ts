import { setTimeout as sleep } from 'node:timers/promises';

/** Time, for tests to bring their own. */
export interface PaceClock {
  readonly now: () => number;
  /** @throws whatever the signal was aborted with */
  readonly wait: (millis: number, signal: AbortSignal) => Promise<void>;
}

const CLOCK: PaceClock = {
  now: () => Date.now(),
  wait: (millis, signal) => sleep(millis, undefined, { signal }),
};

/**
 * Gives each that asks its turn, so that no two come sooner after each other than the interval. Whoever is abandoned while it waits has had no turn, and those
 * behind it keep theirs.
 */
export function paced(intervalMs: number, { now, wait }: PaceClock = CLOCK): (signal: AbortSignal) => Promise<void> {
  let next = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    const turn = Math.max(now(), next);
    next = turn + intervalMs;
    const left = turn - now();
    if (left > 0) await wait(left, signal);
  };
}
