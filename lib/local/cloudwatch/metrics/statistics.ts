import { type Bucket, distributionOf, emptyBucket, mergeBucket } from './bucket.ts';
import { sortedValues } from './distribution.ts';
import { bucketsOf } from './metrics.ts';
import type { Series } from './series.ts';

/** A statistic as a function of what a period holds; undefined when the period holds nothing. */
export type Statistic = (bucket: Bucket) => number;

const SIMPLE: Readonly<Record<string, Statistic>> = {
  SampleCount: ({ count }) => count,
  Sum: ({ sum }) => sum,
  Average: ({ sum, count }) => sum / count,
  Minimum: ({ min }) => min,
  Maximum: ({ max }) => max,
};
/** `p99`, `p99.9`; `tm90`: mean without the highest tenth; `IQM`: mean of the middle half. */
const PERCENTILE = /^p(100|\d{1,2}(?:\.\d{1,10})?)$/;
const TRIMMED_MEAN = /^tm(100|\d{1,2}(?:\.\d{1,10})?)$/;

/**
 * The statistic with this name (`Sum`, `p99`), or undefined when the engine does not have it: it has SampleCount, Sum,
 * Average, Minimum, Maximum, percentiles, trimmed means `tmNN` and `IQM`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
 */
export function statisticOf(name: string): Statistic | undefined {
  if (Object.hasOwn(SIMPLE, name)) return SIMPLE[name];
  const percent = PERCENTILE.exec(name)?.[1];
  if (percent !== undefined) return (bucket) => percentile(bucket, Number(percent) / 100);
  const kept = TRIMMED_MEAN.exec(name)?.[1];
  if (kept !== undefined) return (bucket) => meanBetween(bucket, 0, Number(kept) / 100);
  if (name === 'IQM') return (bucket) => meanBetween(bucket, 0.25, 0.75);
  return undefined;
}

export const STATISTICS_HELP =
  'SampleCount, Sum, Average, Minimum, Maximum, pNN (percentile), tmNN (trimmed mean), IQM';

/** The fraction between 0 and 1 that a percentile statistic asks for; undefined for other statistics. */
export function percentileOf(name: string): number | undefined {
  const percent = PERCENTILE.exec(name)?.[1];
  return percent === undefined ? undefined : Number(percent) / 100;
}

function percentile(bucket: Bucket, fraction: number): number {
  if (fraction >= 1) return bucket.max;
  const rank = fraction * bucket.count;
  let seen = 0;
  for (const [value, count] of sortedValues(distributionOf(bucket))) {
    seen += count;
    if (seen >= rank) return Math.min(bucket.max, Math.max(bucket.min, value));
  }
  return bucket.max;
}

function meanBetween(bucket: Bucket, low: number, high: number): number {
  const from = low * bucket.count;
  const to = high * bucket.count;
  let seen = 0;
  let sum = 0;
  let used = 0;
  for (const [value, count] of sortedValues(distributionOf(bucket))) {
    const share = Math.max(0, Math.min(to, seen + count) - Math.max(from, seen));
    sum += value * share;
    used += share;
    seen += count;
  }
  return used === 0 ? sum : sum / used;
}

/** A row of periods, one after the other. */
export interface Periods {
  /** Where the first begins, scaled milliseconds. */
  readonly start: number;
  readonly periodMs: number;
  readonly count: number;
}

/** What each period holds, all series together; undefined where there is nothing. */
export function aggregate(series: readonly Series[], { start, periodMs, count }: Periods): (Bucket | undefined)[] {
  const merged = new Array<Bucket | undefined>(count).fill(undefined);
  for (const bucket of bucketsOf(series, start, start + periodMs * count)) {
    const index = Math.floor((bucket.start - start) / periodMs);
    const target = merged[index] ?? emptyBucket(start + index * periodMs);
    merged[index] = target;
    mergeBucket(target, bucket);
  }
  return merged;
}
