import { createHash } from 'node:crypto';

/** One decision: two numbers, 0 to below 1, that depend on nothing but the seed, the question and how often it was asked. */
export interface Draw {
  /** Says whether it happens: when this is below the rate. */
  readonly chance: number;
  /** Says how much: how long, which part, on which side. */
  readonly size: number;
}

/**
 * Chance with a memory: the n-th answer to a question is always the same for a seed, whatever is asked in between. So what is decided
 * for a caller does not depend on what others do at the same time.
 */
export function createChance(seed: number): (question: string) => Draw {
  const asked = new Map<string, number>();
  return (question) => {
    const n = (asked.get(question) ?? 0) + 1;
    asked.set(question, n);
    const digest = createHash('sha256').update(`${seed}|${question}|${n}`).digest();
    return {
      chance: digest.readUIntBE(0, DRAW_BYTES) / DRAW_RANGE,
      size: digest.readUIntBE(8, DRAW_BYTES) / DRAW_RANGE,
    };
  };
}

/** As many as a number holds exactly. */
const DRAW_BYTES = 6;
const DRAW_RANGE = 2 ** (8 * DRAW_BYTES);
