import { evenCuts } from './hash-keys.ts';
import { isOpen, type Shard } from './stream.ts';

/** What resharding needs to know of the moment. */
export interface Moment {
  /** Epoch milliseconds. */
  readonly now: number;
  /** A number for the records of a new shard. */
  newKey(): number;
}

type Range = Pick<Shard, 'from' | 'to'>;

/** Closes a shard and opens two in its place, the second of which begins at a hash key within its range. */
export function split(shards: readonly Shard[], parent: Shard, at: bigint, moment: Moment): readonly Shard[] {
  const ranges = [
    { from: parent.from, to: String(at - 1n) },
    { from: String(at), to: parent.to },
  ];
  return replace(shards, [parent], ranges, moment);
}

/** Closes two shards and opens one in their place. @param parents whose ranges touch */
export function merge(shards: readonly Shard[], parents: readonly [Shard, Shard], moment: Moment): readonly Shard[] {
  const [low, high] = parents.toSorted(byRange) as [Shard, Shard];
  return replace(shards, parents, [{ from: low.from, to: high.to }], moment);
}

function replace(
  shards: readonly Shard[],
  parents: readonly Shard[],
  ranges: readonly Range[],
  { now, newKey }: Moment,
): readonly Shard[] {
  // Later than the parents even within one second: the numbers of children follow those of parents.
  const created = Math.max(Math.floor(now / 1_000), ...parents.map((parent) => parent.created + 1));
  const children = ranges.map((range, index) => ({
    ...range,
    ...{ index: shards.length + index, key: newKey(), created, openedAt: now },
    parents: parents.map((parent) => parent.index),
  }));
  return [...shards.map((shard) => (parents.includes(shard) ? { ...shard, closedAt: now } : shard)), ...children];
}

/**
 * Splits and merges until there are so many shards with ranges of one size. Shards in between are closed again at once, as on AWS.
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
 */
export function scale(shards: readonly Shard[], count: number, moment: Moment): readonly Shard[] {
  const cuts = evenCuts(count);
  let all = shards;
  for (const cut of cuts.slice(1, -1)) {
    const crossing = all.find((shard) => isOpen(shard) && BigInt(shard.from) < cut && cut <= BigInt(shard.to));
    if (crossing !== undefined) all = split(all, crossing, cut, moment);
  }
  for (const [index, from] of cuts.slice(0, -1).entries()) {
    const to = cuts[index + 1] ?? 0n;
    for (;;) {
      const [low, high] = all
        .filter((shard) => isOpen(shard) && BigInt(shard.from) >= from && BigInt(shard.to) < to)
        .sort(byRange);
      if (low === undefined || high === undefined) break;
      all = merge(all, [low, high], moment);
    }
  }
  return all;
}

const byRange = (a: Range, b: Range): number => (BigInt(a.from) < BigInt(b.from) ? -1 : 1);

/** Whether two ranges lie side by side. */
export const touch = (a: Range, b: Range): boolean =>
  BigInt(a.to) + 1n === BigInt(b.from) || BigInt(b.to) + 1n === BigInt(a.from);
