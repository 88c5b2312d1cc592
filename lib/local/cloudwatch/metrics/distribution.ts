/** How often each value occurred, values rounded to a few significant digits: enough for percentiles, bounded in size. */
export interface Distribution {
  /** Significant digits that are kept: 3, or 2 once there were too many different values. */
  digits: number;
  readonly counts: Map<number, number>;
}

/** Different values up to which three digits are kept; two digits make at most 90 per power of ten. */
const MANY_VALUES = 256;

export function emptyDistribution(): Distribution {
  return { digits: 3, counts: new Map() };
}

/** @param count how often the value occurred */
export function addValue(distribution: Distribution, value: number, count: number): void {
  const { counts } = distribution;
  const key = rounded(value, distribution.digits);
  counts.set(key, (counts.get(key) ?? 0) + count);
  if (counts.size > MANY_VALUES && distribution.digits > 2) coarsen(distribution);
}

export function addDistribution(target: Distribution, source: Distribution): void {
  for (const [value, count] of source.counts) addValue(target, value, count);
}

/** Values in ascending order, with how often they occurred. */
export function sortedValues({ counts }: Distribution): [value: number, count: number][] {
  return [...counts].sort(([a], [b]) => a - b);
}

function coarsen(distribution: Distribution): void {
  const before = [...distribution.counts];
  distribution.digits = 2;
  distribution.counts.clear();
  for (const [value, count] of before) addValue(distribution, value, count);
}

function rounded(value: number, digits: number): number {
  if (Number.isInteger(value) && Math.abs(value) < 10 ** digits) return value;
  const step = 10 ** (Math.floor(Math.log10(Math.abs(value))) + 1 - digits);
  return Number.isFinite(step) && step > 0 ? Math.round(value / step) * step : value;
}
