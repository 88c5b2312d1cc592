import { isObject, textAt } from '../json.ts';
import type { Context, Operations } from './context.ts';
import { update } from './context.ts';
import { inUse, invalidArgument, notFound } from './errors.ts';
import { type Input, numberIn, oneOf, required, requiredNumber, timeAt } from './input.ts';
import { tokenOf, tokenValue } from './paging.ts';
import { refuseShards, scalingsOf } from './quotas.ts';
import { merge, scale, split, touch } from './reshard.ts';
import { shardView } from './shard-view.ts';
import { isOpen, type Shard, type Stream, shardIdOf, shardsThere, trimHorizon } from './stream.ts';
import { activeStreamIn, shardIn, streamIn } from './streams.ts';

const MAX_RESULTS = { min: 1, max: 10_000 };
const DEFAULT_RESULTS = 1_000;
const HASH_KEY = /^(0|[1-9]\d{0,38})$/;
/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html */
const MOST_GROWTH = 2;
const FILTERS = [
  'AFTER_SHARD_ID',
  'AT_TRIM_HORIZON',
  'FROM_TRIM_HORIZON',
  'AT_LATEST',
  'AT_TIMESTAMP',
  'FROM_TIMESTAMP',
] as const;

export const shardOperations: Operations = {
  ListShards(input, context) {
    const { now } = context;
    const token = textAt(input, 'NextToken');
    if (token !== undefined && (input.StreamName !== undefined || input.StreamARN !== undefined))
      throw invalidArgument('NextToken and StreamName cannot be provided together.');
    const before = token === undefined ? {} : tokenValue(token, now());
    const asked: Input = { ...input, ...(isObject(before) ? before : {}) };
    const stream = streamIn(asked, context);
    const limit = numberIn(input, 'MaxResults', MAX_RESULTS) ?? DEFAULT_RESULTS;
    const after = textAt(asked, 'ExclusiveStartShardId') ?? '';
    const shards = filtered(stream, asked.ShardFilter, now()).filter(({ index }) => shardIdOf(index) > after);
    const page = shards.slice(0, limit);
    const last = page.at(-1);
    const rest = {
      StreamName: stream.name,
      ShardFilter: asked.ShardFilter,
      ExclusiveStartShardId: last && shardIdOf(last.index),
    };
    return {
      Shards: page.map(shardView),
      ...(shards.length > limit ? { NextToken: tokenOf(rest, now()) } : {}),
    };
  },
  SplitShard(input, context) {
    const shardId = required(input, 'ShardToSplit');
    const at = required(input, 'NewStartingHashKey');
    const stream = activeStreamIn(input, context);
    const shard = openShardIn(stream, shardId, context);
    if (!HASH_KEY.test(at) || BigInt(at) <= BigInt(shard.from) || BigInt(at) > BigInt(shard.to))
      throw invalidArgument(
        `NewStartingHashKey ${at} used in SplitShard() on shard ${shardId} in stream ${stream.name} under account ${context.account} is not both greater than one plus the shard's StartingHashKey ${shard.from} and less than the shard's EndingHashKey ${shard.to}.`,
      );
    refuseShards(stream.mode === 'PROVISIONED' ? 1 : 0, context);
    update(stream, { shards: split(stream.shards, shard, BigInt(at), momentOf(context)) }, context);
    return undefined;
  },
  MergeShards(input, context) {
    const [shardId, adjacentId] = [required(input, 'ShardToMerge'), required(input, 'AdjacentShardToMerge')];
    const stream = activeStreamIn(input, context);
    const [shard, adjacent] = [openShardIn(stream, shardId, context), openShardIn(stream, adjacentId, context)];
    if (!touch(shard, adjacent))
      throw invalidArgument(
        `Shards ${shardId} and ${adjacentId} in stream ${stream.name} under account ${context.account} are not an adjacent pair of shards eligible for merging`,
      );
    update(stream, { shards: merge(stream.shards, [shard, adjacent], momentOf(context)) }, context);
    return undefined;
  },
  UpdateShardCount(input, context) {
    const target = requiredNumber(input, 'TargetShardCount', { min: 1, max: MAX_RESULTS.max });
    required(input, 'ScalingType');
    oneOf(input, 'ScalingType', ['UNIFORM_SCALING']);
    const stream = activeStreamIn(input, context);
    const count = stream.shards.filter(isOpen).length;
    if (stream.mode === 'ON_DEMAND')
      throw invalidArgument(`UpdateShardCount is not for the stream ${stream.name}, whose mode is ON_DEMAND`);
    if (target > count * MOST_GROWTH)
      throw invalidArgument(
        `UpdateShardCount cannot update TargetShardCount over double your current open shard count. Current open shard count: ${count} Target shard count: ${target}`,
      );
    if (target * MOST_GROWTH < count)
      throw invalidArgument(
        `UpdateShardCount cannot update TargetShardCount below half your current open shard count. Current open shard count: ${count} Target shard count: ${target}`,
      );
    refuseShards(target - count, context);
    const scalings = scalingsOf(stream, context);
    update(stream, { shards: scale(stream.shards, target, momentOf(context)), scalings }, context);
    return {
      StreamName: stream.name,
      StreamARN: stream.arn,
      CurrentShardCount: count,
      TargetShardCount: target,
    };
  },
};

const momentOf = ({ streams, now }: Context) => ({ now: now(), newKey: streams.newKey });

function openShardIn(stream: Stream, shardId: string, context: Context): Shard {
  const shard = stream.shards.find(({ index }) => shardIdOf(index) === shardId);
  const where = `in stream ${stream.name} under account ${context.account}`;
  if (shard === undefined) throw notFound(`Could not find shard ${shardId} ${where}.`);
  if (!isOpen(shardIn(stream, shardId, context))) throw inUse(`Shard ${shardId} ${where} is closed already.`);
  return shard;
}

/** The shards a filter lets through. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html */
function filtered(stream: Stream, filter: unknown, now: number): readonly Shard[] {
  const there = shardsThere(stream, now);
  const type = oneOf(filter, 'Type', FILTERS);
  // Nothing is older than the stream: what was open at its making counts as open before.
  const oldest = Math.max(trimHorizon(stream, now), stream.createdAt);
  switch (type) {
    case undefined:
    case 'FROM_TRIM_HORIZON':
      return there;
    case 'AFTER_SHARD_ID': {
      const after = required(filter, 'ShardId');
      return there.filter(({ index }) => shardIdOf(index) > after);
    }
    case 'AT_LATEST':
      return there.filter(isOpen);
    case 'AT_TRIM_HORIZON':
      return there.filter(openAt(oldest));
    case 'AT_TIMESTAMP':
      return there.filter(openAt(Math.max(oldest, timestampIn(filter))));
    case 'FROM_TIMESTAMP': {
      const time = timestampIn(filter);
      return there.filter(({ closedAt }) => closedAt === undefined || closedAt >= time);
    }
  }
}

const openAt =
  (time: number) =>
  ({ openedAt, closedAt }: Shard): boolean =>
    openedAt <= time && (closedAt === undefined || closedAt > time);

function timestampIn(filter: unknown): number {
  const time = timeAt(filter, 'Timestamp');
  if (time === undefined) throw invalidArgument('Timestamp must be given in a ShardFilter of this Type');
  return time;
}
