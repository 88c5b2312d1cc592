import { createHash } from 'node:crypto';
import type { Shard } from './stream.ts';

/** Hash keys are 0 to 2^128 - 1. */
export const HASH_KEYS = 2n ** 128n;

export const hashKeyOf = (partitionKey: string): bigint =>
  BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`);

/** Splits all hash keys into ranges of one size. @returns where each begins, and the end of all */
export const evenCuts = (count: number): readonly bigint[] =>
  Array.from({ length: count + 1 }, (_, index) =>
    index === count ? HASH_KEYS : (HASH_KEYS / BigInt(count)) * BigInt(index),
  );

interface Range {
  readonly from: bigint;
  readonly shard: Shard;
}

const rangesOf = new WeakMap<readonly Shard[], readonly Range[]>();

/** The open shard that a hash key belongs to. The list of shards must not change afterwards: another list is another object. */
export function shardFor(shards: readonly Shard[], hashKey: bigint): Shard {
  let ranges = rangesOf.get(shards);
  if (ranges === undefined) {
    ranges = shards
      .filter(({ closedAt }) => closedAt === undefined)
      .map((shard) => ({ from: BigInt(shard.from), shard }))
      .sort((a, b) => (a.from < b.from ? -1 : 1));
    rangesOf.set(shards, ranges);
  }
  let [low, high] = [0, ranges.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((ranges[middle]?.from ?? 0n) <= hashKey) low = middle;
    else high = middle - 1;
  }
  const found = ranges[low];
  if (found === undefined) throw new Error('a stream without open shards');
  return found.shard;
}
