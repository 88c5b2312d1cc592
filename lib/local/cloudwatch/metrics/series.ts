import { addSetToBucket, addToBucket, type Bucket, emptyBucket, mergeBucket, type StatisticSet } from './bucket.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/**
 * How long datapoints are kept, and how finely: first as they came, then in ever wider buckets. AWS keeps seconds for
 * 3 hours, minutes for 15 days and more; a laptop's memory has less room. All in scaled milliseconds.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
 */
export const RETENTION = [
  { widthMs: SECOND_MS, keepMs: HOUR_MS / 4 },
  { widthMs: MINUTE_MS, keepMs: 3 * HOUR_MS },
  { widthMs: 5 * MINUTE_MS, keepMs: 24 * HOUR_MS },
] as const;
/** Datapoints older than this are gone. */
export const KEPT_MS = RETENTION[2].keepMs;
/** How far back periods below a minute can be asked for. */
export const HIGH_RESOLUTION_KEPT_MS = RETENTION[0].keepMs;

/** The datapoints of one metric in one unit. */
export interface Series {
  /** Unit as CloudWatch names it (`Count`, `Milliseconds`, `None`). */
  readonly unit: string;
  /** Counts a value. @param at scaled milliseconds. @default now. @param count how often the value occurred. @default 1 */
  add(value: number, at?: number, count?: number): void;
  addSet(set: StatisticSet, at: number): void;
  /** Buckets that begin in [from, to), oldest first. */
  between(from: number, to: number): Bucket[];
  /** When the newest bucket begins; -Infinity when there is none. */
  readonly newest: number;
}

/** @param highResolution keeps seconds rather than minutes. @param now scaled milliseconds */
export function createSeries(unit: string, highResolution: boolean, now: () => number): Series {
  const tiers = RETENTION.slice(highResolution ? 0 : 1).map((tier) => ({ ...tier, buckets: [] as Bucket[] }));
  let current: Bucket | undefined;

  function bucketAt(at: number): Bucket | undefined {
    const [finest] = tiers;
    if (finest === undefined) return undefined;
    const start = at - (at % finest.widthMs);
    if (current?.start === start) return current;
    const age = (tiers[0]?.buckets.at(-1)?.start ?? start) - start;
    const tier = tiers.find(({ keepMs }) => age <= keepMs);
    if (tier === undefined) return undefined;
    const bucket = findOrInsert(tier.buckets, at - (at % tier.widthMs));
    if (tier === finest && bucket === tier.buckets.at(-1)) {
      current = bucket;
      rollDown(start);
    }
    return bucket;
  }

  /** Buckets too old for their tier go into the next one. */
  function rollDown(newest: number): void {
    for (const [index, { buckets, keepMs }] of tiers.entries()) {
      const next = tiers[index + 1];
      while (buckets[0] !== undefined && buckets[0].start < newest - keepMs) {
        const [old] = buckets.splice(0, 1);
        if (old && next) mergeBucket(findOrInsert(next.buckets, old.start - (old.start % next.widthMs)), old);
      }
    }
  }

  return {
    unit,
    add(value, at = now(), count = 1) {
      const bucket = bucketAt(at);
      if (bucket !== undefined) addToBucket(bucket, value, count);
    },
    addSet(set, at) {
      const bucket = bucketAt(at);
      if (bucket !== undefined) addSetToBucket(bucket, set);
    },
    between: (from, to) =>
      tiers
        .flatMap(({ buckets }) => buckets.filter(({ start }) => start >= from && start < to))
        .sort((a, b) => a.start - b.start),
    get newest() {
      return tiers.reduce((newest, { buckets }) => Math.max(newest, buckets.at(-1)?.start ?? newest), -Infinity);
    },
  };
}

/** The bucket that begins there; in its place in the list, which stays in order. Nearly always the last one. */
function findOrInsert(buckets: Bucket[], start: number): Bucket {
  let index = buckets.length;
  while (index > 0 && (buckets[index - 1]?.start ?? 0) > start) index -= 1;
  const before = buckets[index - 1];
  if (before?.start === start) return before;
  const bucket = emptyBucket(start);
  buckets.splice(index, 0, bucket);
  return bucket;
}
