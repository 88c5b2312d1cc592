/** One seeded source of chance. Everything that is not decided by the runtime itself is drawn from one of these. */
export interface Chance {
  /** In [0, 1). */
  readonly next: () => number;
  /** A whole number from `min` to `max`, both included. */
  readonly between: (min: number, max: number) => number;
  /** How many of so many are taken at once: a whole number from 1. */
  readonly some: (max: number) => number;
  readonly is: (probability: number) => boolean;
  readonly pick: <T>(list: readonly [T, ...T[]]) => T;
  /** Picks by weight. */
  readonly weighted: <T>(list: readonly (readonly [number, T])[]) => T;
  /** A shuffled copy. */
  readonly shuffled: <T>(list: readonly T[]) => T[];
}

const TWO_TO_32 = 2 ** 32;

/** Spreads a seed over 32 bits, so that neighbouring seeds have nothing in common. splitmix32, by Guy Steele and others. */
function splitmix(state: { value: number }): number {
  state.value = (state.value + 0x9e3779b9) | 0;
  let z = state.value;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
}

/**
 * sfc32 by Chris Doty-Humphrey: small, fast, passes PractRand.
 * @param seed any whole number
 * @param stream tells apart sources of one seed
 */
export function chanceOf(seed: number, stream: number): Chance {
  const state = { value: (seed | 0) ^ Math.imul(Math.floor(seed / TWO_TO_32) | 0, 0x85ebca6b) ^ (stream << 24) };
  let [a, b, c] = [splitmix(state), splitmix(state), splitmix(state)];
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / TWO_TO_32;
  };
  for (let i = 0; i < 12; i++) next();
  const between = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    between,
    some: (max) => between(1, max),
    is: (probability) => next() < probability,
    pick: (list) => list[between(0, list.length - 1)] ?? list[0],
    weighted(list) {
      let left = next() * list.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, value] of list) {
        left -= weight;
        if (left < 0) return value;
      }
      throw new RangeError('nothing to pick from: every weight is 0');
    },
    shuffled(list) {
      const copy = [...list];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = between(0, i);
        [copy[i], copy[j]] = [copy[j] as (typeof copy)[number], copy[i] as (typeof copy)[number]];
      }
      return copy;
    },
  };
}

/**
 * No chance at all: the shortest waits, whole batches, everything in the order in which it came, and never what is unlikely. For a world in which nothing happens but what
 * somebody asks for.
 */
export function calm(): Chance {
  let drawn = 0;
  return {
    // Grows, so that of two things at the same time the first comes first.
    next: () => ++drawn / 2 ** 52,
    between: (min) => min,
    some: (max) => max,
    is: (probability) => probability >= 0.5,
    pick: (list) => list[0],
    weighted([first]) {
      if (first === undefined) throw new RangeError('nothing to pick from');
      return first[1];
    },
    shuffled: (list) => [...list],
  };
}
