import {
  CreateStreamCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  DisableEnhancedMonitoringCommand,
  EnableEnhancedMonitoringCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  IncreaseStreamRetentionPeriodCommand,
  ListStreamConsumersCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SplitShardCommand,
  UpdateStreamModeCommand,
  type UpdateStreamModeCommandInput,
} from '@aws-sdk/client-kinesis';
import { expect } from 'vitest';
import { conformanceApp, failure, until } from './app.ts';
import { conforms } from './conforms.ts';
import { active, HIGH_HASH, LOW_HASH, MIDDLE_HASH, put, shardsOf } from './kinesis-client.ts';

const app = conformanceApp();
const kinesis = () => app.clients.kinesis;
const MIB = 1024 * 1024;

async function stream(name: string, ShardCount = 1): Promise<string> {
  await kinesis().send(new CreateStreamCommand({ StreamName: name, ShardCount }));
  await active(kinesis(), name);
  return name;
}
async function iterator(StreamName: string, ShardIteratorType: string, more: object = {}, shard = 0): Promise<string> {
  const shards = await shardsOf(kinesis(), StreamName);
  const { ShardIterator = '' } = await kinesis().send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: shards[shard]?.ShardId,
      ShardIteratorType: ShardIteratorType as 'LATEST',
      ...more,
    }),
  );
  return ShardIterator;
}
const records = async (ShardIterator: string, Limit?: number) =>
  kinesis().send(new GetRecordsCommand({ ShardIterator, Limit }));
const texts = async (shardIterator: string) =>
  ((await records(shardIterator)).Records ?? []).map(({ Data }) => Buffer.from(Data ?? []).toString());

conforms(
  'Kinesis: records of a shard are read in the order of their sequence numbers',
  { source: 'kinesis-api' },
  async () => {
    const name = await stream('order');
    const sent = Array.from({ length: 100 }, (_, index) => String(index));
    await put(kinesis(), name, sent, { key: (text) => `key-${text}` });
    const { Records = [] } = await records(await iterator(name, 'TRIM_HORIZON'));
    expect(Records.map(({ Data }) => Buffer.from(Data ?? []).toString())).toEqual(sent);
    const numbers = Records.map(({ SequenceNumber }) => BigInt(SequenceNumber ?? 0));
    for (const [index, number] of numbers.entries()) expect(number > (numbers[index - 1] ?? 0n)).toBe(true);
  },
);
conforms(
  'Kinesis: the MD5 of the partition key picks the shard, or an explicit hash key does',
  { source: 'kinesis-api' },
  async () => {
    const name = await stream('hash', 2);
    await put(kinesis(), name, ['low'], { hash: LOW_HASH });
    await put(kinesis(), name, ['high'], { hash: HIGH_HASH });
    // 0cc175b9c0f1b6a831c399e269772661 and 92eb5ffee6ae2fec3ad71c777531578f: below and above the middle.
    await put(kinesis(), name, ['a', 'b'], { key: (text) => text });
    expect(await texts(await iterator(name, 'TRIM_HORIZON', {}, 0))).toEqual(['low', 'a']);
    expect(await texts(await iterator(name, 'TRIM_HORIZON', {}, 1))).toEqual(['high', 'b']);
  },
);
conforms('Kinesis: PutRecords takes up to 500 records', { source: 'kinesis-quotas' }, async () => {
  const name = await stream('five-hundred');
  const many = (count: number) => Array.from({ length: count }, (_, index) => String(index));
  await put(kinesis(), name, many(500));
  const error = await failure(put(kinesis(), name, many(501)));
  expect(['ValidationException', 'InvalidArgumentException']).toContain(error.name);
});
conforms(
  'Kinesis: each record of a PutRecords has an answer of its own, in order',
  { source: 'kinesis-api' },
  async () => {
    const name = await stream('answers', 2);
    const { Records = [], FailedRecordCount } = await kinesis().send(
      new PutRecordsCommand({
        StreamName: name,
        Records: [LOW_HASH, HIGH_HASH].map((ExplicitHashKey) => ({
          PartitionKey: 'k',
          ExplicitHashKey,
          Data: Buffer.from('x'),
        })),
      }),
    );
    expect(FailedRecordCount).toBe(0);
    expect(Records.map(({ ShardId }) => ShardId)).toEqual(['shardId-000000000000', 'shardId-000000000001']);
    for (const { SequenceNumber } of Records) expect(SequenceNumber).toMatch(/^\d+$/);
  },
);
conforms(
  'Kinesis: iterators start at a sequence number, after it, at a time, at the oldest or after the newest record',
  { source: 'kinesis-api' },
  async () => {
    const name = await stream('iterators');
    await put(kinesis(), name, ['1', '2']);
    const [, second] = (await records(await iterator(name, 'TRIM_HORIZON'))).Records ?? [];
    const StartingSequenceNumber = second?.SequenceNumber;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const Timestamp = new Date();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const latest = await iterator(name, 'LATEST');
    await put(kinesis(), name, ['3']);
    expect(await texts(await iterator(name, 'AT_SEQUENCE_NUMBER', { StartingSequenceNumber }))).toEqual(['2', '3']);
    expect(await texts(await iterator(name, 'AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber }))).toEqual(['3']);
    expect(await texts(await iterator(name, 'AT_TIMESTAMP', { Timestamp }))).toEqual(['3']);
    expect(await texts(await iterator(name, 'TRIM_HORIZON'))).toEqual(['1', '2', '3']);
    expect(await texts(latest)).toEqual(['3']);
  },
);
conforms(
  'Kinesis: GetRecords pages with NextShardIterator and tells how far behind it is',
  { source: 'kinesis-api' },
  async () => {
    const name = await stream('pages');
    await put(kinesis(), name, ['1', '2', '3']);
    const first = await records(await iterator(name, 'TRIM_HORIZON'), 2);
    expect(first.Records).toHaveLength(2);
    const rest = await records(first.NextShardIterator ?? '');
    expect(rest.Records).toHaveLength(1);
    expect(rest.MillisBehindLatest).toBe(0);
    expect((await records(rest.NextShardIterator ?? '')).Records).toEqual([]);
  },
);
conforms(
  'Kinesis: a split closes the parent, whose end has no next iterator, and opens two children',
  { source: 'kinesis-reshard' },
  async () => {
    const name = await stream('split');
    await put(kinesis(), name, ['before']);
    await kinesis().send(
      new SplitShardCommand({
        StreamName: name,
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: MIDDLE_HASH,
      }),
    );
    await active(kinesis(), name);
    const [parent, ...children] = await shardsOf(kinesis(), name);
    expect(parent?.SequenceNumberRange?.EndingSequenceNumber).toMatch(/^\d+$/);
    expect(children.map(({ ParentShardId, HashKeyRange }) => [ParentShardId, HashKeyRange?.StartingHashKey])).toEqual([
      [parent?.ShardId, LOW_HASH],
      [parent?.ShardId, MIDDLE_HASH],
    ]);
    await put(kinesis(), name, ['after'], { hash: LOW_HASH });
    let page = await records(await iterator(name, 'TRIM_HORIZON'));
    expect(page.Records?.map(({ Data }) => Buffer.from(Data ?? []).toString())).toEqual(['before']);
    while (page.NextShardIterator) page = await records(page.NextShardIterator);
    expect(await texts(await iterator(name, 'TRIM_HORIZON', {}, 1))).toEqual(['after']);
  },
);
conforms(
  'Kinesis: a merge makes one child of two adjacent shards, and only of those',
  { source: 'kinesis-reshard' },
  async () => {
    const name = await stream('merge', 3);
    const merge = (ShardToMerge: string, AdjacentShardToMerge: string) =>
      kinesis().send(new MergeShardsCommand({ StreamName: name, ShardToMerge, AdjacentShardToMerge }));
    expect((await failure(merge('shardId-000000000000', 'shardId-000000000002'))).name).toBe(
      'InvalidArgumentException',
    );
    await merge('shardId-000000000000', 'shardId-000000000001');
    await active(kinesis(), name);
    const child = (await shardsOf(kinesis(), name)).at(-1);
    expect([child?.ParentShardId, child?.AdjacentParentShardId].toSorted()).toEqual([
      'shardId-000000000000',
      'shardId-000000000001',
    ]);
    expect(child?.HashKeyRange?.StartingHashKey).toBe(LOW_HASH);
  },
);
conforms('Kinesis: a stream that is not there is ResourceNotFoundException', { source: 'kinesis-api' }, async () => {
  const error = await failure(put(kinesis(), 'nowhere', ['x']));
  expect(error).toMatchObject({ name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 400 } });
});
conforms('Kinesis: retention is 24 hours unless raised', { source: 'kinesis-quotas' }, async () => {
  const name = await stream('retention');
  const hours = async () =>
    (await kinesis().send(new DescribeStreamSummaryCommand({ StreamName: name }))).StreamDescriptionSummary
      ?.RetentionPeriodHours;
  expect(await hours()).toBe(24);
  await kinesis().send(new IncreaseStreamRetentionPeriodCommand({ StreamName: name, RetentionPeriodHours: 48 }));
  expect(await hours()).toBe(48);
  const raise = kinesis().send(
    new IncreaseStreamRetentionPeriodCommand({ StreamName: name, RetentionPeriodHours: 8761 }),
  );
  expect((await failure(raise)).name).toBe('InvalidArgumentException');
});
conforms(
  'Kinesis: an on-demand stream is made without a number of shards and begins with four; the mode can be changed, the shards stay',
  {
    source: 'kinesis-modes',
    faithful: 'partly',
    remark: 'An on-demand stream does not scale by itself: shards are not throttled either.',
  },
  async () => {
    const StreamModeDetails = { StreamMode: 'ON_DEMAND' } as const;
    await kinesis().send(new CreateStreamCommand({ StreamName: 'elastic', StreamModeDetails }));
    await active(kinesis(), 'elastic');
    const summary = async () =>
      (await kinesis().send(new DescribeStreamSummaryCommand({ StreamName: 'elastic' }))).StreamDescriptionSummary;
    expect(await summary()).toMatchObject({ OpenShardCount: 4, StreamModeDetails });
    const provisioned = { StreamARN: (await summary())?.StreamARN, StreamModeDetails: { StreamMode: 'PROVISIONED' } };
    await kinesis().send(new UpdateStreamModeCommand(provisioned as UpdateStreamModeCommandInput));
    await active(kinesis(), 'elastic');
    expect(await summary()).toMatchObject({ OpenShardCount: 4, StreamModeDetails: { StreamMode: 'PROVISIONED' } });
  },
);
conforms(
  'Kinesis: shard-level metrics are switched on and off by name',
  {
    source: 'kinesis-shard-metrics',
    faithful: 'partly',
    remark: 'What is switched on is told; CloudWatch has no series by shard.',
  },
  async () => {
    const StreamName = await stream('measured');
    const metrics = async () => {
      await active(kinesis(), StreamName);
      const { StreamDescriptionSummary } = await kinesis().send(new DescribeStreamSummaryCommand({ StreamName }));
      return StreamDescriptionSummary?.EnhancedMonitoring?.[0]?.ShardLevelMetrics?.toSorted();
    };
    expect(await metrics()).toEqual([]);
    await kinesis().send(
      new EnableEnhancedMonitoringCommand({ StreamName, ShardLevelMetrics: ['IncomingBytes', 'OutgoingBytes'] }),
    );
    expect(await metrics()).toEqual(['IncomingBytes', 'OutgoingBytes']);
    await kinesis().send(new DisableEnhancedMonitoringCommand({ StreamName, ShardLevelMetrics: ['OutgoingBytes'] }));
    expect(await metrics()).toEqual(['IncomingBytes']);
  },
);
conforms(
  'Kinesis: a stream has up to 20 consumers with enhanced fan-out, by name',
  { source: 'kinesis-efo' },
  async () => {
    const name = await stream('fan-out');
    const { StreamDescriptionSummary } = await kinesis().send(new DescribeStreamSummaryCommand({ StreamName: name }));
    const StreamARN = StreamDescriptionSummary?.StreamARN;
    const register = (number: number) =>
      kinesis().send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: `consumer-${number}` }));
    const first = await register(0);
    expect((await failure(register(0))).name).toBe('ResourceInUseException');
    await until('the consumer to be active', async () => {
      const { ConsumerDescription } = await kinesis().send(
        new DescribeStreamConsumerCommand({ ConsumerARN: first.Consumer?.ConsumerARN }),
      );
      return ConsumerDescription?.ConsumerStatus === 'ACTIVE';
    });
    for (let number = 1; number < 20; number++)
      await until(`consumer ${number}`, () =>
        register(number).then(
          () => true,
          (error: Error) => retryable(error),
        ),
      );
    await until('all to be active', async () => {
      const { Consumers = [] } = await kinesis().send(new ListStreamConsumersCommand({ StreamARN, MaxResults: 100 }));
      return Consumers.length === 20 && Consumers.every(({ ConsumerStatus }) => ConsumerStatus === 'ACTIVE');
    });
    expect((await failure(register(20))).name).toBe('LimitExceededException');
  },
);
/** At most 5 consumers are being made at a time. */
function retryable(error: Error): false {
  if (error.name !== 'LimitExceededException') throw error;
  return false;
}
conforms('Kinesis: a partition key has 1 to 256 characters', { source: 'kinesis-api' }, async () => {
  const name = await stream('keys');
  const one = (PartitionKey: string) =>
    kinesis().send(new PutRecordCommand({ StreamName: name, PartitionKey, Data: Buffer.from('x') }));
  await one('k'.repeat(256));
  expect(['ValidationException', 'InvalidArgumentException']).toContain((await failure(one('k'.repeat(257)))).name);
});

app.add({
  Large: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1, MaxRecordSizeInKiB: 2048 } },
});
conforms(
  'Kinesis: a record holds up to 1 MiB, more where the stream says so',
  { source: 'kinesis-quotas' },
  async () => {
    const name = await stream('size');
    const one = (StreamName: string, bytes: number) =>
      kinesis().send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.alloc(bytes) }));
    await one(name, MIB);
    expect((await failure(one(name, MIB + 1))).name).toBe('InvalidArgumentException');
    await one(app.physical('Large'), 2 * MIB);
    expect((await failure(one(app.physical('Large'), 2 * MIB + 1))).name).toBe('InvalidArgumentException');
  },
);
conforms(
  'Kinesis: a shard takes 1 MB and 1,000 records a second, beyond which records of a PutRecords fail one by one',
  {
    source: 'kinesis-quotas',
    faithful: 'no',
    remark: 'Shards are not throttled, as long as no fault says so (POST /_sluice/faults).',
  },
  async () => {
    const name = await stream('fast');
    for (let time = 0; time < 3; time++)
      await put(
        kinesis(),
        name,
        Array.from({ length: 500 }, () => 'x'),
      );
  },
);
