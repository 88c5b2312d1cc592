import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DeleteResourcePolicyCommand,
  DescribeStreamCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  GetResourcePolicyCommand,
  ListTagsForResourceCommand,
  ListTagsForStreamCommand,
  PutRecordCommand,
  PutRecordsCommand,
  PutResourcePolicyCommand,
  RegisterStreamConsumerCommand,
  RemoveTagsFromStreamCommand,
  SplitShardCommand,
  type StartingPosition,
  StartStreamEncryptionCommand,
  StopStreamEncryptionCommand,
  SubscribeToShardCommand,
  type SubscribeToShardEvent,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateMaxRecordSizeCommand,
  UpdateStreamRecordDistributionStrategyCommand,
} from '@aws-sdk/client-kinesis';
import { cbor, dateToTag } from '@smithy/core/cbor';
import { expect } from 'vitest';
import { conformanceApp, failure, until } from './app.ts';
import { conforms } from './conforms.ts';
import { active, MIDDLE_HASH, put } from './kinesis-client.ts';

const app = conformanceApp();
const kinesis = () => app.clients.kinesis;
const MIB = 1024 * 1024;
const SHARD = 'shardId-000000000000';

async function stream(StreamName: string): Promise<{ readonly StreamName: string; readonly StreamARN: string }> {
  await kinesis().send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  await active(kinesis(), StreamName);
  const { StreamDescriptionSummary } = await kinesis().send(new DescribeStreamSummaryCommand({ StreamName }));
  return { StreamName, StreamARN: StreamDescriptionSummary?.StreamARN ?? '' };
}

async function consumer(StreamARN: string, ConsumerName: string): Promise<string> {
  const { Consumer } = await kinesis().send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName }));
  const ConsumerARN = Consumer?.ConsumerARN ?? '';
  await until('the consumer to be active', async () => {
    const { ConsumerDescription } = await kinesis().send(new DescribeStreamConsumerCommand({ ConsumerARN }));
    return ConsumerDescription?.ConsumerStatus === 'ACTIVE';
  });
  return ConsumerARN;
}

/** A call as the SDK for Java makes it. */
async function callInCbor(
  operation: string,
  input: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(app.engine.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-cbor-1.1',
      'x-amz-target': `Kinesis_20131202.${operation}`,
      authorization:
        'AWS4-HMAC-SHA256 Credential=java/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=x',
    },
    body: new Uint8Array(cbor.serialize(input)),
  });
  expect(response.headers.get('content-type')).toContain('cbor');
  return { status: response.status, body: cbor.deserialize(new Uint8Array(await response.arrayBuffer())) };
}

conforms(
  'Kinesis: CBOR, as the SDK for Java speaks it: bytes as they are, times in milliseconds, errors in CBOR',
  { source: 'kinesis-api' },
  async () => {
    const { StreamName } = await stream('cbor');
    const Data = Uint8Array.from([0, 255, 128, 10]);
    const before = Date.now();
    const sent = await callInCbor('PutRecord', { StreamName, PartitionKey: 'k', Data });
    expect(sent).toMatchObject({ status: 200, body: { ShardId: SHARD } });
    const many = await callInCbor('PutRecords', { StreamName, Records: [{ PartitionKey: 'k', Data }] });
    expect(many).toMatchObject({ status: 200, body: { FailedRecordCount: 0 } });
    const at = (Timestamp: unknown) =>
      callInCbor('GetShardIterator', { StreamName, ShardId: SHARD, ShardIteratorType: 'AT_TIMESTAMP', Timestamp });
    // A tag and whole milliseconds, as its generator writes them.
    const tagged = { ...dateToTag(new Date(0)), value: before };
    const { body: iterator } = await at(tagged);
    const read = await callInCbor('GetRecords', { ShardIterator: iterator.ShardIterator });
    const records = read.body.Records as {
      Data: Uint8Array;
      ApproximateArrivalTimestamp: { tag: number; value: number };
    }[];
    expect(records.map((record) => [...record.Data])).toEqual([[...Data], [...Data]]);
    const time = records[0]?.ApproximateArrivalTimestamp;
    expect(time?.tag).toBe(1);
    expect(Number.isSafeInteger(time?.value)).toBe(true);
    expect(Number(time?.value)).toBeGreaterThanOrEqual(before);
    expect(Number(time?.value)).toBeLessThanOrEqual(Date.now());
    const refused = await callInCbor('PutRecord', { StreamName: 'nowhere', PartitionKey: 'k', Data });
    expect(refused).toMatchObject({ status: 400, body: { __type: 'ResourceNotFoundException' } });
  },
);
conforms(
  'Kinesis: a consumer reads a shard with SubscribeToShard: what is there, what comes, and the children at its end',
  { source: 'kinesis-subscribe' },
  async () => {
    const { StreamName, StreamARN } = await stream('pushed');
    const ConsumerARN = await consumer(StreamARN, 'reader');
    await put(kinesis(), StreamName, ['1']);
    const subscribe = (position: StartingPosition) =>
      kinesis().send(new SubscribeToShardCommand({ ConsumerARN, ShardId: SHARD, StartingPosition: position }));
    const { EventStream } = await subscribe({ Type: 'TRIM_HORIZON' });
    const events: SubscribeToShardEvent[] = [];
    const reading = (async () => {
      for await (const { SubscribeToShardEvent } of EventStream ?? [])
        if (SubscribeToShardEvent !== undefined) events.push(SubscribeToShardEvent);
    })();
    const texts = () =>
      events.flatMap(({ Records = [] }) => Records.map(({ Data }) => Buffer.from(Data ?? []).toString()));
    await until('the first record', async () => texts().length === 1);
    // For five seconds nobody else takes its place.
    expect((await failure(subscribe({ Type: 'LATEST' }))).name).toBe('ResourceInUseException');
    await put(kinesis(), StreamName, ['2', '3']);
    await until('what came', async () => texts().length === 3);
    expect(texts()).toEqual(['1', '2', '3']);
    const last = events.at(-1);
    expect(last?.ContinuationSequenceNumber).toBe(last?.Records?.at(-1)?.SequenceNumber);
    await kinesis().send(new SplitShardCommand({ StreamName, ShardToSplit: SHARD, NewStartingHashKey: MIDDLE_HASH }));
    await reading;
    expect(events.at(-1)?.ContinuationSequenceNumber).toBeUndefined();
    expect(events.at(-1)?.ChildShards?.map(({ ParentShards }) => ParentShards)).toEqual([[SHARD], [SHARD]]);
    const { EventStream: again } = await subscribe({
      Type: 'AFTER_SEQUENCE_NUMBER',
      SequenceNumber: last?.ContinuationSequenceNumber,
    });
    const rest: SubscribeToShardEvent[] = [];
    for await (const { SubscribeToShardEvent } of again ?? [])
      if (SubscribeToShardEvent !== undefined) rest.push(SubscribeToShardEvent);
    expect(rest.flatMap(({ Records = [] }) => Records)).toEqual([]);
    const nobody = { ConsumerARN: `${StreamARN}/consumer/nobody:1`, ShardId: SHARD };
    const refused = kinesis().send(new SubscribeToShardCommand({ ...nobody, StartingPosition: { Type: 'LATEST' } }));
    expect((await failure(refused)).name).toBe('ResourceNotFoundException');
  },
);
conforms(
  'Kinesis: the largest record of a stream is 1 MiB unless it is told otherwise, 10 MiB at most',
  { source: 'kinesis-quotas' },
  async () => {
    const { StreamName, StreamARN } = await stream('larger');
    const size = async () => {
      await active(kinesis(), StreamName);
      const { StreamDescriptionSummary } = await kinesis().send(new DescribeStreamSummaryCommand({ StreamName }));
      return StreamDescriptionSummary?.MaxRecordSizeInKiB;
    };
    const one = (bytes: number) =>
      kinesis().send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.alloc(bytes) }));
    expect(await size()).toBe(1024);
    expect((await failure(one(MIB + 1))).name).toBe('InvalidArgumentException');
    await kinesis().send(new UpdateMaxRecordSizeCommand({ StreamARN, MaxRecordSizeInKiB: 10_240 }));
    expect(await size()).toBe(10_240);
    await one(9 * MIB);
    const tooLarge = kinesis().send(new UpdateMaxRecordSizeCommand({ StreamARN, MaxRecordSizeInKiB: 10_241 }));
    expect((await failure(tooLarge)).name).toBe('ValidationException');
  },
);
conforms('Kinesis: PutRecords takes 10 MiB in all, with the partition keys', { source: 'kinesis-quotas' }, async () => {
  const { StreamName } = await stream('full');
  const all = (last: number) =>
    kinesis().send(
      new PutRecordsCommand({
        StreamName,
        Records: Array.from({ length: 10 }, (_, index) => ({
          PartitionKey: 'k',
          Data: Buffer.alloc(index === 9 ? last : MIB),
        })),
      }),
    );
  expect((await failure(all(MIB - 9))).name).toBe('InvalidArgumentException');
  expect((await all(MIB - 10)).FailedRecordCount).toBe(0);
});
conforms('Kinesis: tags of streams and consumers, by name and by ARN', { source: 'kinesis-tags' }, async () => {
  const { StreamName, StreamARN } = await stream('tagged');
  const ConsumerARN = await consumer(StreamARN, 'reader');
  await kinesis().send(new AddTagsToStreamCommand({ StreamName, Tags: { a: '1', b: '2' } }));
  await kinesis().send(new TagResourceCommand({ ResourceARN: StreamARN, Tags: { b: '3', c: '4' } }));
  await kinesis().send(new RemoveTagsFromStreamCommand({ StreamName, TagKeys: ['a'] }));
  await kinesis().send(new TagResourceCommand({ ResourceARN: ConsumerARN, Tags: { d: '5', e: '6' } }));
  await kinesis().send(new UntagResourceCommand({ ResourceARN: ConsumerARN, TagKeys: ['e'] }));
  const { Tags, HasMoreTags } = await kinesis().send(new ListTagsForStreamCommand({ StreamName, Limit: 1 }));
  expect([Tags, HasMoreTags]).toEqual([[{ Key: 'b', Value: '3' }], true]);
  // The last page may be full.
  const last = new ListTagsForStreamCommand({ StreamName, Limit: 1, ExclusiveStartTagKey: 'b' });
  expect(await kinesis().send(last)).toMatchObject({ Tags: [{ Key: 'c', Value: '4' }], HasMoreTags: false });
  const of = async (ResourceARN: string) =>
    (await kinesis().send(new ListTagsForResourceCommand({ ResourceARN }))).Tags?.map(({ Key }) => Key);
  expect(await of(StreamARN)).toEqual(['b', 'c']);
  expect(await of(ConsumerARN)).toEqual(['d']);
});
conforms(
  'Kinesis: a stream without a resource policy has an empty one',
  {
    source: 'kinesis-policy',
    faithful: 'partly',
    remark: 'Policies of streams and consumers are kept and told; they decide nothing.',
  },
  async () => {
    const { StreamARN: ResourceARN } = await stream('policy');
    const policy = async () => (await kinesis().send(new GetResourcePolicyCommand({ ResourceARN }))).Policy;
    expect(await policy()).toBe('{}');
    await kinesis().send(new PutResourcePolicyCommand({ ResourceARN, Policy: '{"Statement":[]}' }));
    expect(await policy()).toBe('{"Statement":[]}');
    await kinesis().send(new DeleteResourcePolicyCommand({ ResourceARN }));
    expect(await policy()).toBe('{}');
  },
);
conforms('Kinesis: encryption of a stream is switched on and off', { source: 'kinesis-api' }, async () => {
  const { StreamName } = await stream('secret');
  const key = { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' } as const;
  const seen = async () => {
    await active(kinesis(), StreamName);
    const { StreamDescription } = await kinesis().send(new DescribeStreamCommand({ StreamName }));
    return [StreamDescription?.EncryptionType, StreamDescription?.KeyId];
  };
  expect(await seen()).toEqual(['NONE', undefined]);
  await kinesis().send(new StartStreamEncryptionCommand({ StreamName, ...key }));
  expect(await seen()).toEqual(['KMS', 'alias/aws/kinesis']);
  await kinesis().send(new StopStreamEncryptionCommand({ StreamName, ...key }));
  expect(await seen()).toEqual(['NONE', undefined]);
});
conforms(
  'Kinesis: the partition key decides the shard (USER_PARTITION_KEY) unless the stream distributes by itself (AUTO)',
  { source: 'kinesis-api', faithful: 'partly', remark: 'AUTO is refused by name.' },
  async () => {
    const { StreamARN, StreamName } = await stream('distributed');
    const choose = (RecordDistributionStrategy: 'AUTO' | 'USER_PARTITION_KEY') =>
      kinesis().send(new UpdateStreamRecordDistributionStrategyCommand({ StreamARN, RecordDistributionStrategy }));
    await choose('USER_PARTITION_KEY');
    await active(kinesis(), StreamName);
    expect(await failure(choose('AUTO'))).toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringContaining('AUTO is not available in the engine'),
    });
  },
);

const asker = app.lambda(
  `
  const [operation, body] = [event.operation, JSON.stringify(event.body)];
  const id = process.env.AWS_ACCESS_KEY_ID;
  const answer = await fetch(process.env.AWS_ENDPOINT_URL, { method: 'POST', body, headers: {
    'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Kinesis_20131202.' + operation,
    authorization: 'AWS4-HMAC-SHA256 Credential=' + id + '/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=x' } });
  return (await answer.json()).__type;`,
  {},
  [{ Effect: 'Allow', Action: 'kinesis:ListStreams', Resource: '*' }],
);
conforms(
  'Kinesis: an operation that is not there is unknown to everybody; one that is there is refused to a role without it',
  { source: 'kinesis-api' },
  async () => {
    const { StreamName } = await stream('guarded');
    const answer = async (operation: string, body: object) => {
      const path = `/2015-03-31/functions/${asker.name}/invocations`;
      const response = await fetch(`${app.engine.url}${path}`, {
        method: 'POST',
        body: JSON.stringify({ operation, body }),
      });
      return response.json();
    };
    expect(await answer('CreateChannel', {})).toBe('UnknownOperationException');
    expect(await answer('PutRecord', { StreamName, PartitionKey: 'k', Data: '' })).toContain('AccessDeniedException');
    // The iterator names the stream: reading it takes a permission for that stream.
    const { body } = await callInCbor('GetShardIterator', { StreamName, ShardId: SHARD, ShardIteratorType: 'LATEST' });
    expect(await answer('GetRecords', { ShardIterator: body.ShardIterator })).toContain('AccessDeniedException');
  },
);
conforms('Kinesis: a name may hold the word consumer', { source: 'kinesis-api' }, async () => {
  const { StreamName, StreamARN } = await stream('my-consumer-log');
  const ConsumerARN = await consumer(StreamARN, 'reader');
  expect(StreamARN.endsWith(`stream/${StreamName}`)).toBe(true);
  expect(ConsumerARN.startsWith(`${StreamARN}/consumer/reader:`)).toBe(true);
});
