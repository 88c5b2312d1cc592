import { objectAt, textAt } from '../json.ts';
import { type Operations, STATE_CHANGE_MS } from './context.ts';
import { inUse, invalidArgument } from './errors.ts';
import { evenCuts } from './hash-keys.ts';
import { type Input, numberIn, oneOf, requiredText, textsByName } from './input.ts';
import { nameIn, pageOf, tokenOf } from './paging.ts';
import { quotasOf, refuseOnDemand, refuseShards } from './quotas.ts';
import { shardView } from './shard-view.ts';
import { isOpen, type Stream, type StreamMode, shardIdOf, shardsThere, statusOf } from './stream.ts';
import { streamIn } from './streams.ts';
import { checkTags } from './tag-operations.ts';
import type { ResultObject } from './wire.ts';

/** https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html */
const DEFAULT_RETENTION_HOURS = 24;
const NAME = { min: 1, max: 128 };
const NAME_PATTERN = /^[a-zA-Z0-9_.-]+$/;
/** Shards an on-demand stream starts with. https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html */
const ON_DEMAND_SHARDS = 4;
/** Of one call. */
const SHARD_LIMIT = 100_000;
/** Largest record, KiB. https://docs.aws.amazon.com/streams/latest/dev/large-records.html */
export const RECORD_KIB = { min: 1_024, max: 10_240 };
const MODES: readonly StreamMode[] = ['PROVISIONED', 'ON_DEMAND'];
const LISTED = { min: 1, max: 10_000 };
const DEFAULT_LISTED = 100;
export const streamOperations: Operations = {
  CreateStream(input, context) {
    const name = requiredText(input, 'StreamName', NAME);
    if (!NAME_PATTERN.test(name)) throw invalidArgument(`Stream Name '${name}' contains invalid characters`);
    const mode = modeIn(input) ?? 'PROVISIONED';
    const shardCount = numberIn(input, 'ShardCount', { min: 1, max: SHARD_LIMIT });
    if (mode === 'PROVISIONED' && shardCount === undefined)
      throw invalidArgument(`ShardCount must be given for the stream ${name}, whose mode is PROVISIONED`);
    if (mode === 'ON_DEMAND' && shardCount !== undefined)
      throw invalidArgument(`ShardCount must not be given for the stream ${name}, whose mode is ON_DEMAND`);
    refuseDistribution(input);
    const tags = checkTags(textsByName(input, 'Tags'));
    const { streams, region, account } = context;
    if (streams.find(name) !== undefined) throw inUse(`Stream ${name} under account ${account} already exists.`);
    if (mode === 'ON_DEMAND') refuseOnDemand(context);
    else refuseShards(shardCount ?? 0, context);
    const now = context.now();
    const created = Math.floor(now / 1_000);
    const cuts = evenCuts(shardCount ?? ON_DEMAND_SHARDS);
    streams.save({
      name,
      arn: `arn:aws:kinesis:${region}:${account}:stream/${name}`,
      createdAt: now,
      busy: { status: 'CREATING', until: now + STATE_CHANGE_MS },
      mode,
      retentionHours: DEFAULT_RETENTION_HOURS,
      recordKib: numberIn(input, 'MaxRecordSizeInKiB', RECORD_KIB) ?? RECORD_KIB.min,
      shardMetrics: [],
      tags,
      policies: {},
      shards: cuts.slice(0, -1).map((from, index) => ({
        ...{ index, key: streams.newKey(), created, openedAt: now, parents: [] },
        ...{ from: String(from), to: String((cuts[index + 1] ?? 0n) - 1n) },
      })),
      consumers: [],
    });
    return undefined;
  },
  DeleteStream(input, context) {
    const stream = streamIn(input, context);
    if (stream.consumers.length > 0 && input.EnforceConsumerDeletion !== true)
      throw inUse(
        `Stream ${stream.name} under account ${context.account} has consumers registered and EnforceConsumerDeletion is not true.`,
      );
    context.streams.remove(stream);
    return undefined;
  },
  DescribeStream(input, context) {
    const stream = streamIn(input, context);
    const now = context.now();
    const limit = numberIn(input, 'Limit', LISTED) ?? DEFAULT_LISTED;
    const after = textAt(input, 'ExclusiveStartShardId') ?? '';
    const shards = shardsThere(stream, now).filter(({ index }) => shardIdOf(index) > after);
    return {
      StreamDescription: {
        ...described(stream, now),
        Shards: shards.slice(0, limit).map((shard) => shardView(shard)),
        HasMoreShards: shards.length > limit,
      },
    };
  },
  DescribeStreamSummary(input, context) {
    const stream = streamIn(input, context);
    return {
      StreamDescriptionSummary: {
        ...described(stream, context.now()),
        OpenShardCount: stream.shards.filter(isOpen).length,
        ConsumerCount: stream.consumers.length,
        MaxRecordSizeInKiB: stream.recordKib,
        RecordDistributionStrategy: 'USER_PARTITION_KEY',
        ...(stream.warmMibps === undefined ? {} : { WarmThroughput: warmThroughput(stream.warmMibps) }),
      },
    };
  },
  ListStreams(input, { streams, now }) {
    const limit = numberIn(input, 'Limit', LISTED) ?? DEFAULT_LISTED;
    const after = nameIn(textAt(input, 'NextToken'), now()) ?? textAt(input, 'ExclusiveStartStreamName');
    const { page, next } = pageOf(streams.all(), ({ name }) => name, { limit, after });
    return {
      StreamNames: page.map(({ name }) => name),
      HasMoreStreams: next !== undefined,
      ...(next === undefined ? {} : { NextToken: tokenOf(next, now()) }),
      StreamSummaries: page.map((stream) => ({
        ...{ StreamName: stream.name, StreamARN: stream.arn, StreamStatus: statusOf(stream, now()) },
        StreamModeDetails: { StreamMode: stream.mode },
        StreamCreationTimestamp: new Date(stream.createdAt),
      })),
    };
  },
  DescribeLimits(_input, context) {
    const all = context.streams.all();
    const { shards: ShardLimit, onDemandStreams } = quotasOf(context);
    return {
      ShardLimit,
      OpenShardCount: all.flatMap(({ shards }) => shards.filter(isOpen)).length,
      OnDemandStreamCount: all.filter(({ mode }) => mode === 'ON_DEMAND').length,
      OnDemandStreamCountLimit: onDemandStreams,
    };
  },
  DescribeAccountSettings: () => ({ MinimumThroughputBillingCommitment: { Status: 'DISABLED' } }),
};

export const modeIn = (input: Input): StreamMode | undefined =>
  oneOf(objectAt(input, 'StreamModeDetails'), 'StreamMode', MODES);

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamRecordDistributionStrategy.html */
export function refuseDistribution(input: Input): void {
  if (oneOf(input, 'RecordDistributionStrategy', ['USER_PARTITION_KEY', 'AUTO']) !== 'AUTO') return;
  throw invalidArgument(
    'RecordDistributionStrategy AUTO is not available in the engine: the partition key decides the shard (USER_PARTITION_KEY)',
  );
}

export const warmThroughput = (mibps: number) => ({ TargetMiBps: mibps, CurrentMiBps: mibps });

function described(stream: Stream, now: number): ResultObject {
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    StreamStatus: statusOf(stream, now),
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: new Date(stream.createdAt),
    EnhancedMonitoring: [{ ShardLevelMetrics: stream.shardMetrics }],
    EncryptionType: stream.keyId === undefined ? 'NONE' : 'KMS',
    KeyId: stream.keyId,
  };
}
