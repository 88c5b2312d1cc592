import type { AwsCall } from '../aws/calls/call.ts';

interface ShardAnswer {
  readonly ShardId: string;
  readonly ParentShardId?: string | null;
  /** The other parent, after a merge. */
  readonly AdjacentParentShardId?: string | null;
}

interface ShardsAnswer {
  readonly Shards?: readonly ShardAnswer[];
  readonly NextToken?: string | null;
}

/**
 * The parents of each shard of a stream, as long as Kinesis remembers them.
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
 * @param arn of the stream, or of a consumer with enhanced fan-out: `arn:aws:kinesis:REGION:ACCOUNT:stream/NAME/consumer/CONSUMER:1`
 */
export async function parentsOf(aws: AwsCall, arn: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const [resource = '', StreamName = ''] = arn.split('/');
  // AWS recommends the ARN and takes both; there are endpoints that know streams by their names only.
  const stream = { StreamARN: `${resource}/${StreamName}`, StreamName };
  const parents = new Map<string, readonly string[]>();
  let NextToken: string | null | undefined;
  do {
    // A token stands for the stream, too: Kinesis refuses both together.
    const page = NextToken ? { NextToken } : stream;
    const answer = (await aws('kinesis', 'ListShards', page)) as ShardsAnswer;
    for (const { ShardId, ParentShardId, AdjacentParentShardId } of answer.Shards ?? []) {
      parents.set(
        ShardId,
        [ParentShardId, AdjacentParentShardId].filter((id) => typeof id === 'string'),
      );
    }
    ({ NextToken } = answer);
  } while (NextToken);
  return parents;
}
