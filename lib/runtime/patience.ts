import { seconds } from '../contracts/duration.ts';
import { backoffSeconds, exponential } from '../contracts/retry.ts';
import type { Runtime } from './runtime.ts';
import { isTransientAnswer } from './transient.ts';

/** Waits within an invocation, for an answer of a store that says: not now. With full jitter, so that those who met do not meet again. */
const WAITS = exponential({ attempts: 10, base: seconds(0.05), cap: seconds(1) });
/** A message that had to be handed back for such an answer comes again after up to so long. */
const COMES_AGAIN = exponential({ attempts: 10, base: seconds(2), cap: seconds(60) });
const MILLIS_PER_SECOND = 1_000;

/** How long there is to wait, and by whose clock and chance. */
export interface Patience {
  readonly runtime: Pick<Runtime, 'sleep' | 'random'>;
  /** Milliseconds in which something may still be tried. */
  readonly millisLeft: () => number;
}

/** Of what is done beside the handlers, where nobody knows how much of the invocation is left. */
const BRIEF_MILLIS = 2_000;

/** Patience for two seconds from now. */
export function briefly(runtime: Pick<Runtime, 'sleep' | 'random' | 'now'>): Patience {
  const end = runtime.now() + BRIEF_MILLIS;
  return { runtime, millisLeft: () => end - runtime.now() };
}

/**
 * Does something again while the store says: not now (`transient.ts`), as long as there is time.
 * @param work that may be repeated as it is: a write under conditions or with a token
 * @throws what the work threw last
 */
export async function patiently<T>(work: () => Promise<T>, { runtime, millisLeft }: Patience): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isTransientAnswer(error) || attempt === WAITS.attempts) throw error;
      const wait = backoffSeconds(WAITS, attempt, runtime.random) * MILLIS_PER_SECOND;
      if (wait >= millisLeft()) throw error;
      await runtime.sleep(wait);
    }
  }
}

/** Seconds after which a message comes again that was handed back for a transient answer. @param receives how often it has come, as far as that is known */
export const comesAgainSeconds = (receives: number | undefined, { random }: Pick<Runtime, 'random'>): number =>
  Math.max(1, backoffSeconds(COMES_AGAIN, receives ?? 1, random));
