import { endOfShard, startOfShard } from './sequence-number.ts';
import { childrenOf, type Shard, type Stream, shardIdOf } from './stream.ts';
import type { ResultObject } from './wire.ts';

/** A shard as DescribeStream and ListShards tell it. */
export function shardView(shard: Shard): ResultObject {
  const [parent, adjacent] = shard.parents;
  return {
    ShardId: shardIdOf(shard.index),
    ...(parent === undefined ? {} : { ParentShardId: shardIdOf(parent) }),
    ...(adjacent === undefined ? {} : { AdjacentParentShardId: shardIdOf(adjacent) }),
    HashKeyRange: hashKeyRange(shard),
    SequenceNumberRange: {
      StartingSequenceNumber: startOfShard(shard),
      ...(shard.closedAt === undefined ? {} : { EndingSequenceNumber: endOfShard(shard, shard.closedAt) }),
    },
  };
}

/** The children of a shard as a reader is told that has come to its end. */
export const childShards = (stream: Stream, shard: Shard): readonly ResultObject[] =>
  childrenOf(stream, shard).map((child) => ({
    ShardId: shardIdOf(child.index),
    ParentShards: child.parents.map(shardIdOf),
    HashKeyRange: hashKeyRange(child),
  }));

const hashKeyRange = ({ from, to }: Shard) => ({ StartingHashKey: from, EndingHashKey: to });
