import { addDistribution, addValue, type Distribution, emptyDistribution } from './distribution.ts';

/** What was measured in one stretch of time: all that CloudWatch's statistics need. */
export interface Bucket {
  /** Where it begins, scaled milliseconds. */
  readonly start: number;
  count: number;
  sum: number;
  min: number;
  max: number;
  /** Undefined as long as all values are the same: counters that add 1 need none. */
  values: Distribution | undefined;
}

/** Several values at once, as PutMetricData's StatisticValues give them. */
export interface StatisticSet {
  readonly SampleCount: number;
  readonly Sum: number;
  readonly Minimum: number;
  readonly Maximum: number;
}

export function emptyBucket(start: number): Bucket {
  return { start, count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, values: undefined };
}

/** @param count how often the value occurred */
export function addToBucket(bucket: Bucket, value: number, count: number): void {
  if (bucket.values !== undefined) addValue(bucket.values, value, count);
  else if (bucket.count > 0 && value !== bucket.min) addValue(spread(bucket), value, count);
  bucket.count += count;
  bucket.sum += value * count;
  if (value < bucket.min) bucket.min = value;
  if (value > bucket.max) bucket.max = value;
}

/** A statistic set has no distribution; percentiles see its average, as often as it has samples. */
export function addSetToBucket(bucket: Bucket, { SampleCount, Sum, Minimum, Maximum }: StatisticSet): void {
  if (SampleCount <= 0) return;
  addValue(spread(bucket), Sum / SampleCount, SampleCount);
  bucket.count += SampleCount;
  bucket.sum += Sum;
  bucket.min = Math.min(bucket.min, Minimum);
  bucket.max = Math.max(bucket.max, Maximum);
}

/** Adds all of one bucket to another. */
export function mergeBucket(target: Bucket, source: Bucket): void {
  if (source.count === 0) return;
  if (source.values === undefined) {
    addToBucket(target, source.min, source.count);
    return;
  }
  addDistribution(spread(target), source.values);
  target.count += source.count;
  target.sum += source.sum;
  target.min = Math.min(target.min, source.min);
  target.max = Math.max(target.max, source.max);
}

/** The bucket's distribution; made from its one value when there was no need for it yet. */
function spread(bucket: Bucket): Distribution {
  if (bucket.values === undefined) {
    bucket.values = emptyDistribution();
    if (bucket.count > 0) addValue(bucket.values, bucket.min, bucket.count);
  }
  return bucket.values;
}

/** The distribution of a bucket, whichever way it is kept. */
export function distributionOf(bucket: Bucket): Distribution {
  if (bucket.values !== undefined) return bucket.values;
  const values = emptyDistribution();
  if (bucket.count > 0) addValue(values, bucket.min, bucket.count);
  return values;
}
