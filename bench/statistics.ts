/** A measure over several samples. */
export interface Summary {
  readonly median: number;
  /** First and third quartile: half of the samples are between them. */
  readonly lower: number;
  readonly upper: number;
  readonly samples: number;
}

/** @throws RangeError without samples */
export function summary(samples: readonly number[]): Summary {
  return {
    median: quantile(samples, 0.5),
    lower: quantile(samples, 0.25),
    upper: quantile(samples, 0.75),
    samples: samples.length,
  };
}

/** Between two samples the value is interpolated. @param at from 0 to 1 */
export function quantile(samples: readonly number[], at: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const position = (sorted.length - 1) * at;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError('there are no samples to summarise');
  return below + (above - below) * (position - Math.floor(position));
}

/**
 * Takes samples in rounds, one of every contestant a round, each round in another order: whatever else the machine does meets
 * all alike.
 * @returns the samples of each contestant, round by round
 */
export async function interleaved<Name extends string>(
  names: readonly Name[],
  rounds: number,
  sample: (name: Name, round: number) => Promise<number>,
): Promise<Readonly<Record<Name, number[]>>> {
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    const shift = round % names.length;
    for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
      samples[name].push(await sample(name, round));
    }
  }
  return samples;
}

/** How a contestant compares with another: the median of the ratios of each round. */
export const ratio = (samples: readonly number[], to: readonly number[]): number =>
  summary(samples.map((value, i) => value / (to[i] ?? Number.NaN))).median;
