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
    seconds: Math.round((ApproximateArrivalTimestamp?.getTime() ?? 0) / 1_000),
  }));
}

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
  const records = documents<{ data: string; arrivedAt: number }>(state, 'kinesis-records');
  for (const [key, record] of records.entries())
    records.put(key, { ...record, arrivedAt: record.arrivedAt - 25 * 60 * 60 * 1_000 });
  state.close();

  const { clients: after } = await startOn(copy);
  expect(await read(after, 'log', 'shardId-000000000000')).toEqual([]);
  const next = await put(after, 'log', 'new');
  expect(BigInt(next)).toBeGreaterThan(BigInt(young));
  expect((await read(after, 'log', 'shardId-000000000000', old)).map(({ text }) => text)).toEqual(['new']);
});
