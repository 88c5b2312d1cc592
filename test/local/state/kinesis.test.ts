import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  IncreaseStreamRetentionPeriodCommand,
  ListShardsCommand,
  ListStreamConsumersCommand,
  ListStreamsCommand,
  ListTagsForStreamCommand,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  type ShardIteratorType,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { expect, test } from 'vitest';
import { documents } from '../../../lib/local/state/documents.ts';
import { openState } from '../../../lib/local/state/state.ts';
import { type Harness, until } from '../services/harness.ts';
import { leftBehind, startOn, temporaryDirectory } from './support.ts';

type Clients = Harness['clients'];

const active = ({ kinesis }: Clients, StreamName: string) =>
  until(`${StreamName} to be active`, async () => {
    const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    return StreamDescriptionSummary?.StreamStatus === 'ACTIVE' || undefined;
  });

async function createStream(clients: Clients, StreamName: string, ShardCount = 1): Promise<void> {
  await clients.kinesis.send(new CreateStreamCommand({ StreamName, ShardCount }));
  await active(clients, StreamName);
}

async function put({ kinesis }: Clients, StreamName: string, text: string, PartitionKey = text): Promise<string> {
  const answer = await kinesis.send(new PutRecordCommand({ StreamName, PartitionKey, Data: Buffer.from(text) }));
  return answer.SequenceNumber ?? '';
}

async function read({ kinesis }: Clients, StreamName: string, ShardId: string, after?: string) {
  const { ShardIterator } = await kinesis.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId,
      ShardIteratorType: (after === undefined ? 'TRIM_HORIZON' : 'AFTER_SEQUENCE_NUMBER') as ShardIteratorType,
      ...(after === undefined ? {} : { StartingSequenceNumber: after }),
    }),
  );
  const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
  return Records.map(({ Data, SequenceNumber, PartitionKey, ApproximateArrivalTimestamp }) => ({
    text: Buffer.from(Data ?? []).toString(),
    SequenceNumber,
    PartitionKey,
    arrivedAt: ApproximateArrivalTimestamp?.getTime(),
  }));
}

const START_0 = '49680653330369222258458308000683032308770349290893606914';
const START_1 = '49680653330391523003656838623824568027042997652399587346';
const A = '49680653330369222258458308000684241234589963920068313090';
const B = '49680653330391523003656838623825776952862612281574293522';
const ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/log';
const FORMAT_1 = {
  arn: ARN,
  stream: {
    description: {
      ...{ EncryptionType: 'NONE', KeyId: null, EnhancedMonitoring: [{ ShardLevelMetrics: [] }] },
      ...{ MaxRecordSizeInKiB: null, OpenShardCount: 2, RetentionPeriodHours: 8_000, StreamARN: ARN },
      ...{ StreamCreationTimestamp: 1795892965.012, StreamModeDetails: { StreamMode: 'PROVISIONED' } },
      ...{ StreamName: 'log', StreamStatus: 'ACTIVE', WarmThroughput: null },
    },
    shards: [
      {
        ...{ AdjacentParentShardId: null, ParentShardId: null, ShardId: 'shardId-000000000000' },
        HashKeyRange: { StartingHashKey: '0', EndingHashKey: '170141183460469231731687303715884105726' },
        SequenceNumberRange: { StartingSequenceNumber: START_0, EndingSequenceNumber: '9223372036854775807' },
      },
      {
        ...{ AdjacentParentShardId: null, ParentShardId: null, ShardId: 'shardId-000000000001' },
        HashKeyRange: {
          StartingHashKey: '170141183460469231731687303715884105727',
          EndingHashKey: '340282366920938463463374607431768211455',
        },
        SequenceNumberRange: { StartingSequenceNumber: START_1, EndingSequenceNumber: null },
      },
      {
        ...{ AdjacentParentShardId: null, ParentShardId: 'shardId-000000000000', ShardId: 'shardId-000000000002' },
        HashKeyRange: { StartingHashKey: '0', EndingHashKey: '999' },
        SequenceNumberRange: {
          StartingSequenceNumber: '49680653330413823748855369246966103745315646013905567778',
          EndingSequenceNumber: null,
        },
      },
    ],
    consumers: [
      {
        ConsumerARN: `${ARN}/consumer/reader:1795892967`,
        ...{ ConsumerCreationTimestamp: 1795892967.652, ConsumerName: 'reader', ConsumerStatus: 'ACTIVE' },
      },
    ],
    tags: [{ Key: 'team', Value: 'x' }],
    closed: { 'shardId-000000000000': 1795892966042 },
  },
  records: [
    [
      `log/shardId-000000000000/${A}`,
      { partitionKey: 'a', data: 'ZGF0YSBh', arrivedAt: 1795892965538, encryption: 'NONE' },
    ],
    [
      `log/shardId-000000000001/${B}`,
      { partitionKey: 'b', data: 'ZGF0YSBi', arrivedAt: 1795892966003, encryption: 'NONE' },
    ],
  ] as const,
};

test('streams: records with their sequence numbers, shards, consumers, tags and settings', async () => {
  const directory = temporaryDirectory();
  const { clients } = await startOn(directory);
  const { kinesis } = clients;
  await createStream(clients, 'log', 2);
  await createStream(clients, 'gone');
  await put(clients, 'gone', 'x');
  await kinesis.send(new DeleteStreamCommand({ StreamName: 'gone' }));
  const Records = ['a', 'b', 'c', 'd'].map((text) => ({ PartitionKey: text, Data: Buffer.from(text) }));
  await kinesis.send(new PutRecordsCommand({ StreamName: 'log', Records }));
  await kinesis.send(new IncreaseStreamRetentionPeriodCommand({ StreamName: 'log', RetentionPeriodHours: 48 }));
  await active(clients, 'log');
  await kinesis.send(
    new SplitShardCommand({ StreamName: 'log', ShardToSplit: 'shardId-000000000000', NewStartingHashKey: '1000' }),
  );
  await active(clients, 'log');
  const { StreamDescription } = await kinesis.send(new DescribeStreamCommand({ StreamName: 'log' }));
  const StreamARN = StreamDescription?.StreamARN;
  await kinesis.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'reader' }));
  await put(clients, 'log', 'after the split');
  const shards = StreamDescription?.Shards?.map(({ ShardId }) => ShardId ?? '') ?? [];
  const seen = await Promise.all(shards.map((shard) => read(clients, 'log', shard)));
  expect(seen.flat()).toHaveLength(5);

  const { clients: after } = await startOn(leftBehind(directory));
  expect((await after.kinesis.send(new ListStreamsCommand({}))).StreamNames).toEqual(['log']);
  const { StreamDescription: again } = await after.kinesis.send(new DescribeStreamCommand({ StreamName: 'log' }));
  expect(again).toEqual(StreamDescription);
  expect((await after.kinesis.send(new ListShardsCommand({ StreamName: 'log' }))).Shards).toHaveLength(4);
  expect((await after.kinesis.send(new ListTagsForStreamCommand({ StreamName: 'log' }))).Tags).toEqual([]);
  const { Consumers } = await after.kinesis.send(new ListStreamConsumersCommand({ StreamARN }));
  expect(Consumers?.map(({ ConsumerName }) => ConsumerName)).toEqual(['reader']);
  expect(await Promise.all(shards.map((shard) => read(after, 'log', shard)))).toEqual(seen);
  // The next numbers follow: a reader that goes on after the last record finds what is new, and only that.
  for (const [index, shard] of shards.entries()) {
    const last = seen[index]?.at(-1)?.SequenceNumber;
    if (last !== undefined) expect(await read(after, 'log', shard, last)).toEqual([]);
  }
  const next = await put(after, 'log', 'after the restart', 'after the split');
  const shard = seen.findIndex((records) => records.some(({ text }) => text === 'after the split'));
  const last = seen[shard]?.at(-1)?.SequenceNumber;
  expect(BigInt(next)).toBeGreaterThan(BigInt(last ?? 0));
  expect((await read(after, 'log', shards[shard] ?? '', last)).map(({ text }) => text)).toEqual(['after the restart']);
});

test('records beyond their retention are gone, and no number is given twice', async () => {
  const directory = temporaryDirectory();
  const { clients } = await startOn(directory);
  await createStream(clients, 'log');
  const old = await put(clients, 'log', 'old');
  const young = await put(clients, 'log', 'young');
  const copy = leftBehind(directory);
  const state = openState(copy);
  state.file.begin();
  state.file.database.exec(`UPDATE "kinesis-log" SET arrived = arrived - ${25 * 60 * 60 * 1_000}`);
  state.close();

  const { clients: after } = await startOn(copy);
  expect(await read(after, 'log', 'shardId-000000000000')).toEqual([]);
  const next = await put(after, 'log', 'new');
  expect(BigInt(next)).toBeGreaterThan(BigInt(young));
  expect((await read(after, 'log', 'shardId-000000000000', old)).map(({ text }) => text)).toEqual(['new']);
});

/** What an engine of format 1 left behind: answers of the Kinesis that it had, and a journal of records. */
function leftByFormat1(): string {
  const directory = temporaryDirectory();
  const state = openState(directory);
  documents(state, 'kinesis-streams').put('log', FORMAT_1.stream);
  for (const [key, record] of FORMAT_1.records) documents(state, 'kinesis-records').put(key, record);
  state.file.database.exec('COMMIT; PRAGMA user_version = 1; BEGIN');
  state.close();
  return leftBehind(directory);
}

test('a data directory of format 1 goes on: records with their numbers and times, shards, consumers, tags', async () => {
  const directory = leftByFormat1();
  const { clients: first } = await startOn(directory);
  await put(first, 'log', 'x', 'b');
  const { clients } = await startOn(leftBehind(directory));
  const { StreamDescription } = await clients.kinesis.send(new DescribeStreamCommand({ StreamName: 'log' }));
  expect(StreamDescription).toMatchObject({
    ...{ RetentionPeriodHours: 8_000, StreamStatus: 'ACTIVE', StreamCreationTimestamp: new Date(1795892965012) },
    Shards: [
      { SequenceNumberRange: { StartingSequenceNumber: START_0 } },
      {
        SequenceNumberRange: { StartingSequenceNumber: START_1 },
        HashKeyRange: { EndingHashKey: String(2n ** 128n - 1n) },
      },
      { ParentShardId: 'shardId-000000000000', HashKeyRange: { StartingHashKey: '0', EndingHashKey: '999' } },
    ],
  });
  const end = StreamDescription?.Shards?.[0]?.SequenceNumberRange?.EndingSequenceNumber ?? '0';
  expect(BigInt(end)).toBeGreaterThan(BigInt(A));
  expect(await read(clients, 'log', 'shardId-000000000000')).toEqual([
    { text: 'data a', SequenceNumber: A, PartitionKey: 'a', arrivedAt: 1795892965538 },
  ]);
  const [b, next] = await read(clients, 'log', 'shardId-000000000001');
  // The second is the sequence number's: the time had been noted a moment later.
  expect(b).toEqual({ text: 'data b', SequenceNumber: B, PartitionKey: 'b', arrivedAt: 1795892965999 });
  expect(next?.text).toBe('x');
  expect(BigInt(next?.SequenceNumber ?? 0)).toBeGreaterThan(BigInt(B));
  const { Tags } = await clients.kinesis.send(new ListTagsForStreamCommand({ StreamName: 'log' }));
  expect(Tags).toEqual([{ Key: 'team', Value: 'x' }]);
  const { Consumers } = await clients.kinesis.send(
    new ListStreamConsumersCommand({ StreamARN: StreamDescription?.StreamARN }),
  );
  expect(Consumers?.map(({ ConsumerARN }) => ConsumerARN)).toEqual([`${FORMAT_1.arn}/consumer/reader:1795892967`]);
});
