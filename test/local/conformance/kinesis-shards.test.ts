import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordsCommand,
  type ShardFilterType,
  type ShardIteratorType,
  SplitShardCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis';
import { expect } from 'vitest';
import { conformanceApp, failure } from './app.ts';
import { conforms } from './conforms.ts';
import { active, HIGH_HASH, LOW_HASH, MIDDLE_HASH, put, shardsOf } from './kinesis-client.ts';

const app = conformanceApp();
const kinesis = () => app.clients.kinesis;
const SHARD = (index: number): string => `shardId-${String(index).padStart(12, '0')}`;

async function stream(StreamName: string, ShardCount = 1): Promise<string> {
  await kinesis().send(new CreateStreamCommand({ StreamName, ShardCount }));
  await active(kinesis(), StreamName);
  return StreamName;
}

async function split(StreamName: string, shard: number, NewStartingHashKey: string): Promise<void> {
  await kinesis().send(new SplitShardCommand({ StreamName, ShardToSplit: SHARD(shard), NewStartingHashKey }));
  await active(kinesis(), StreamName);
}

async function merge(StreamName: string, low: number, high: number): Promise<void> {
  const shards = { ShardToMerge: SHARD(low), AdjacentShardToMerge: SHARD(high) };
  await kinesis().send(new MergeShardsCommand({ StreamName, ...shards }));
  await active(kinesis(), StreamName);
}

const iterator = async (StreamName: string, shard: number, ShardIteratorType: ShardIteratorType, more: object = {}) =>
  (await kinesis().send(new GetShardIteratorCommand({ StreamName, ShardId: SHARD(shard), ShardIteratorType, ...more })))
    .ShardIterator;

conforms(
  'Kinesis: ListShards tells the shards that were open at a time, or since, or that come after one',
  { source: 'kinesis-filter' },
  async () => {
    const name = await stream('filtered');
    const listed = async (Type: ShardFilterType, more: object = {}) => {
      const ShardFilter = { Type, ...more };
      const { Shards = [] } = await kinesis().send(new ListShardsCommand({ StreamName: name, ShardFilter }));
      return Shards.map(({ ShardId }) => Number(ShardId?.slice(-2)));
    };
    await split(name, 0, MIDDLE_HASH);
    // Timestamps of filters are in milliseconds; the two reshards must not fall into one.
    const between = await new Promise<Date>((resolve) => setTimeout(() => resolve(new Date()), 5));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await merge(name, 1, 2);
    expect(await listed('AT_TRIM_HORIZON')).toEqual([0]);
    expect(await listed('FROM_TRIM_HORIZON')).toEqual([0, 1, 2, 3]);
    expect(await listed('AT_LATEST')).toEqual([3]);
    expect(await listed('AT_TIMESTAMP', { Timestamp: between })).toEqual([1, 2]);
    expect(await listed('FROM_TIMESTAMP', { Timestamp: between })).toEqual([1, 2, 3]);
    expect(await listed('AT_TIMESTAMP', { Timestamp: new Date(0) })).toEqual([0]);
    expect(await listed('AFTER_SHARD_ID', { ShardId: SHARD(1) })).toEqual([2, 3]);
    const noTime = new ListShardsCommand({ StreamName: name, ShardFilter: { Type: 'AT_TIMESTAMP' } });
    expect((await failure(kinesis().send(noTime))).name).toBe('InvalidArgumentException');
  },
);
conforms(
  'Kinesis: ListShards goes on with NextToken, which takes the place of the stream',
  { source: 'kinesis-list-shards' },
  async () => {
    const StreamName = await stream('paged', 3);
    const first = await kinesis().send(new ListShardsCommand({ StreamName, MaxResults: 2 }));
    expect(first.Shards?.map(({ ShardId }) => ShardId)).toEqual([SHARD(0), SHARD(1)]);
    const { NextToken } = first;
    const second = await kinesis().send(new ListShardsCommand({ NextToken }));
    expect(second.Shards?.map(({ ShardId }) => ShardId)).toEqual([SHARD(2)]);
    expect(second.NextToken).toBeUndefined();
    for (const wrong of [{ StreamName, NextToken }, { NextToken: 'none' }])
      expect((await failure(kinesis().send(new ListShardsCommand(wrong)))).name).toBe('InvalidArgumentException');
  },
);
conforms(
  'Kinesis: sequence numbers grow from record to record, to the end of the shard, and on to its children',
  { source: 'kinesis-reshard' },
  async () => {
    const name = await stream('growing');
    const numbers: string[] = [];
    const see = async (shard: number) => {
      await put(kinesis(), name, ['1', '2'], { hash: LOW_HASH });
      const ShardIterator = await iterator(name, shard, 'TRIM_HORIZON');
      const { Records = [] } = await kinesis().send(new GetRecordsCommand({ ShardIterator }));
      numbers.push(...Records.map(({ SequenceNumber }) => SequenceNumber ?? ''));
    };
    await see(0);
    await split(name, 0, MIDDLE_HASH);
    await see(1);
    await merge(name, 1, 2);
    await see(3);
    const range = (await shardsOf(kinesis(), name)).map(({ SequenceNumberRange }) => SequenceNumberRange);
    const [first, second, third] = [numbers.slice(0, 2), numbers.slice(2, 4), numbers.slice(4)];
    const all = [
      ...[range[0]?.StartingSequenceNumber, ...first, range[0]?.EndingSequenceNumber],
      ...[range[1]?.StartingSequenceNumber, ...second, range[1]?.EndingSequenceNumber],
      ...[range[3]?.StartingSequenceNumber, ...third],
    ];
    for (const number of all) expect(number).toMatch(/^49\d{54}$/);
    expect(all.toSorted()).toEqual(all);
    expect(new Set(all).size).toBe(11);
  },
);
conforms(
  'Kinesis: at the end of a closed shard GetRecords names its children and no next iterator',
  { source: 'kinesis-get-records' },
  async () => {
    const name = await stream('ending');
    await put(kinesis(), name, ['1', '2']);
    await split(name, 0, MIDDLE_HASH);
    const ShardIterator = await iterator(name, 0, 'TRIM_HORIZON');
    const first = await kinesis().send(new GetRecordsCommand({ ShardIterator, Limit: 1 }));
    expect(first.ChildShards).toBeUndefined();
    const end = await kinesis().send(new GetRecordsCommand({ ShardIterator: first.NextShardIterator }));
    expect(end.Records).toHaveLength(1);
    expect(end.NextShardIterator).toBeUndefined();
    expect(end.ChildShards).toEqual([
      {
        ShardId: SHARD(1),
        ParentShards: [SHARD(0)],
        HashKeyRange: { StartingHashKey: LOW_HASH, EndingHashKey: String(BigInt(MIDDLE_HASH) - 1n) },
      },
      {
        ShardId: SHARD(2),
        ParentShards: [SHARD(0)],
        HashKeyRange: { StartingHashKey: MIDDLE_HASH, EndingHashKey: String(2n ** 128n - 1n) },
      },
    ]);
    expect((await failure(split(name, 0, MIDDLE_HASH))).name).toBe('ResourceInUseException');
  },
);
conforms(
  'Kinesis: UpdateShardCount splits and merges until the shards are even, to double or half their number at most',
  { source: 'kinesis-update-shard-count' },
  async () => {
    const name = await stream('scaled', 2);
    const scale = (TargetShardCount: number) =>
      kinesis()
        .send(new UpdateShardCountCommand({ StreamName: name, TargetShardCount, ScalingType: 'UNIFORM_SCALING' }))
        .finally(() => active(kinesis(), name));
    const open = async () =>
      (await shardsOf(kinesis(), name))
        .filter(({ SequenceNumberRange }) => SequenceNumberRange?.EndingSequenceNumber === undefined)
        .map(({ HashKeyRange }) => HashKeyRange)
        .toSorted((a, b) => (BigInt(a?.StartingHashKey ?? 0) < BigInt(b?.StartingHashKey ?? 0) ? -1 : 1));
    const even = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        StartingHashKey: String((2n ** 128n / BigInt(count)) * BigInt(index)),
        EndingHashKey: String(
          index === count - 1 ? 2n ** 128n - 1n : (2n ** 128n / BigInt(count)) * BigInt(index + 1) - 1n,
        ),
      }));
    expect(await scale(4)).toMatchObject({ CurrentShardCount: 2, TargetShardCount: 4 });
    expect(await open()).toEqual(even(4));
    await scale(3);
    expect(await open()).toEqual(even(3));
    expect((await failure(scale(7))).name).toBe('InvalidArgumentException');
    expect((await failure(scale(1))).name).toBe('InvalidArgumentException');
    // Whoever has read the parents to their end finds every key in one shard that is open.
    await put(kinesis(), name, ['low'], { hash: LOW_HASH });
    await put(kinesis(), name, ['high'], { hash: HIGH_HASH });
    expect(await open()).toEqual(even(3));
    for (const { ParentShardId, ShardId } of await shardsOf(kinesis(), name))
      expect((ParentShardId ?? '') < (ShardId ?? '')).toBe(true);
  },
);
conforms(
  'Kinesis: an iterator that is none, a number of another shard and a time to come are InvalidArgumentException',
  { source: 'kinesis-api' },
  async () => {
    const name = await stream('strict', 2);
    const { Records = [] } = await kinesis().send(
      new PutRecordsCommand({
        StreamName: name,
        Records: [{ PartitionKey: 'k', ExplicitHashKey: HIGH_HASH, Data: Buffer.from('x') }],
      }),
    );
    const StartingSequenceNumber = Records[0]?.SequenceNumber;
    const wrong = [
      kinesis().send(new GetRecordsCommand({ ShardIterator: 'none' })),
      iterator(name, 0, 'AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber }),
      iterator(name, 0, 'AT_SEQUENCE_NUMBER', { StartingSequenceNumber: '12' }),
      iterator(name, 0, 'AT_SEQUENCE_NUMBER'),
      iterator(name, 0, 'LATEST', { StartingSequenceNumber }),
      iterator(name, 0, 'AT_TIMESTAMP', { Timestamp: new Date(Date.now() + 60_000) }),
    ];
    for (const call of wrong) expect((await failure(call)).name).toBe('InvalidArgumentException');
    expect((await failure(iterator(name, 7, 'LATEST'))).name).toBe('ResourceNotFoundException');
    expect((await failure(iterator(name, 0, 'SOMEWHERE' as 'LATEST'))).name).toBe('ValidationException');
  },
);
conforms(
  'Kinesis: an explicit hash key reaches to the last of 2^128, and not beyond',
  { source: 'kinesis-api' },
  async () => {
    const name = await stream('edges', 2);
    await put(kinesis(), name, ['last'], { hash: String(2n ** 128n - 1n) });
    const { Records } = await kinesis().send(
      new GetRecordsCommand({ ShardIterator: await iterator(name, 1, 'TRIM_HORIZON') }),
    );
    expect(Records).toHaveLength(1);
    expect((await failure(put(kinesis(), name, ['beyond'], { hash: String(2n ** 128n) }))).name).toBe(
      'InvalidArgumentException',
    );
    const { StreamDescriptionSummary } = await kinesis().send(new DescribeStreamSummaryCommand({ StreamName: name }));
    expect(StreamDescriptionSummary?.OpenShardCount).toBe(2);
  },
);
