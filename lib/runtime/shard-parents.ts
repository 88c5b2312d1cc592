import type { AwsCall } from './aws/call.ts';

interface ShardAnswer {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  /** The other parent, after a merge. */
  readonly AdjacentParentShardId?: string;
}

interface ShardsAnswer {
  readonly Shards?: readonly ShardAnswer[];
  readonly NextToken?: string;
}

/**
 * The parents of each shard of a stream, as long as Kinesis remembers them.
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
 * @param arn of the stream, or of a consumer with enhanced fan-out: `arn:aws:kinesis:REGION:ACCOUNT:stream/NAME/consumer/CONSUMER:1`
 */
export async function parentsOf(aws: AwsCall, arn: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const StreamARN = arn.split('/').slice(0, 2).join('/');
  const parents = new Map<string, readonly string[]>();
  let NextToken: string | undefined;
  do {
    // A token stands for the stream, too: Kinesis refuses both together.
    const page = NextToken === undefined ? { StreamARN } : { NextToken };
    const answer = (await aws('kinesis', 'ListShards', page)) as ShardsAnswer;
    for (const { ShardId, ParentShardId, AdjacentParentShardId } of answer.Shards ?? []) {
      parents.set(
        ShardId,
        [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined),
      );
    }
    ({ NextToken } = answer);
  } while (NextToken !== undefined);
  return parents;
}
