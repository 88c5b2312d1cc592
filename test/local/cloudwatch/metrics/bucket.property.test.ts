import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addToBucket, emptyBucket, mergeBucket } from '../../../../lib/local/cloudwatch/metrics/bucket.ts';
import { statisticOf } from '../../../../lib/local/cloudwatch/metrics/statistics.ts';

const STATISTICS = ['SampleCount', 'Sum', 'Average', 'Minimum', 'Maximum', 'p10', 'p50', 'p99', 'tm25', 'tm90', 'IQM'];

function bucketOf(values: readonly number[]) {
  const bucket = emptyBucket(0);
  for (const value of values) addToBucket(bucket, value, 1);
  return bucket;
}
const statisticsOf = (bucket: ReturnType<typeof emptyBucket>) =>
  STATISTICS.map((name) => [name, statisticOf(name)?.(bucket)?.toPrecision(9)]);

/** Few values, so that many are the same; none when nothing was measured. */
const values = fc.array(fc.constantFrom(1, 2, 50), { maxLength: 12 });

test('what is measured in parts is what is measured together, in whatever order and however often the same', () => {
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), (parts) => {
      const all = parts.flat();
      fc.pre(all.length > 0);
      const merged = emptyBucket(0);
      for (const part of parts) mergeBucket(merged, bucketOf(part));
      expect(statisticsOf(merged)).toEqual(statisticsOf(bucketOf(all)));
      expect(statisticsOf(bucketOf(all.toReversed()))).toEqual(statisticsOf(bucketOf(all)));
      const counted = emptyBucket(0);
      for (const [value, some] of Map.groupBy(all, (one) => one)) addToBucket(counted, value, some.length);
      expect(statisticsOf(counted)).toEqual(statisticsOf(bucketOf(all)));
    }),
  );
});

test('of values that are all the same, every mean and percentile is that value', () => {
  for (const count of [1, 2, 7, 100]) {
    const bucket = bucketOf(Array(count).fill(3));
    expect(STATISTICS.slice(2).map((name) => statisticOf(name)?.(bucket))).toEqual(Array(9).fill(3));
  }
});
