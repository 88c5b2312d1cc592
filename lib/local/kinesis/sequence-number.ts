/**
 * Sequence numbers hold, from the highest bits on: the second in which the shard was made, the number of the record in its
 * shard, the second in which it came, the shard.
 * https://github.com/mhart/kinesalite/blob/master/db/index.js (parseSequence, version 2)
 */
const BITS_BELOW_CREATION = 148n;
const BITS_BELOW_ARRIVAL = 36n;
const SECOND_BITS = 36;

/** When a shard was made, epoch milliseconds. @param start any of its sequence numbers */
export function shardCreation(start: string): number {
  return Number(BigInt.asUintN(SECOND_BITS, BigInt(start) >> BITS_BELOW_CREATION)) * 1_000;
}

/**
 * The starting number of a shard as if it were made anew: greater than all its numbers so far.
 * @param start its starting number
 * @param now epoch milliseconds
 */
export function startingAnew(start: string, now: number): string {
  const seconds = BigInt(Math.max(1, Math.floor((now - shardCreation(start)) / 1_000)));
  return String(BigInt(start) + (seconds << BITS_BELOW_CREATION) + (seconds << BITS_BELOW_ARRIVAL));
}
