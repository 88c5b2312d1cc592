import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SubscribeCommand,
  TagResourceCommand,
} from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
} from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import type { Harness } from '../services/harness.ts';
import { until } from '../services/harness.ts';
import { leftBehind, startOn, temporaryDirectory } from './support.ts';

type Clients = Harness['clients'];

/** The name of a deleted queue is free again after a tenth of a second. */
const NAMES_SOON = { timeScale: 600 };

async function createQueue({ sqs }: Clients, name: string, Attributes: Record<string, string> = {}): Promise<string> {
  const fifo = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
  const command = new CreateQueueCommand({ QueueName: name, Attributes: { ...fifo, ...Attributes } });
  const { QueueUrl } = await until(`the name ${name}`, () =>
    sqs.send(command).catch((error: Error) => {
      if (error.name !== 'QueueDeletedRecently') throw error;
      return undefined;
    }),
  );
  return String(QueueUrl);
}

async function receive({ sqs }: Clients, QueueUrl: string, options: object = {}): Promise<Message[]> {
  const input = { QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All' as const], ...options };
  return (await sqs.send(new ReceiveMessageCommand(input))).Messages ?? [];
}

const bodies = (messages: readonly Message[]) => messages.map(({ Body }) => Body);

test('queues: messages, receive counts, visibility, receipts, delays and tags', async () => {
  const directory = temporaryDirectory();
  const { clients } = await startOn(directory);
  const url = await createQueue(clients, 'work', { VisibilityTimeout: '60' });
  const { sqs } = clients;
  const Entries = ['ready', 'held', 'back', 'done', 'soon'].map((id) => ({ Id: id, MessageBody: id }));
  await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
  await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'late', DelaySeconds: 600 }));
  const first = await receive(clients, url);
  const handleOf = (body: string) => first.find(({ Body }) => Body === body)?.ReceiptHandle;
  await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf('done') }));
  const visibility = (body: string, VisibilityTimeout: number) =>
    sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: handleOf(body), VisibilityTimeout }));
  await visibility('back', 0);
  await visibility('soon', 1);
  await visibility('ready', 0);
  await sqs.send(new TagQueueCommand({ QueueUrl: url, Tags: { team: 'orders' } }));
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { VisibilityTimeout: '30' } }));

  const { clients: after } = await startOn(leftBehind(directory));
  expect((await after.sqs.send(new ListQueueTagsCommand({ QueueUrl: url }))).Tags).toEqual({ team: 'orders' });
  const { Attributes } = await after.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
  );
  expect(Attributes).toMatchObject({ VisibilityTimeout: '30', ApproximateNumberOfMessagesDelayed: '1' });
  const seen = new Map<string | undefined, string | undefined>();
  await until('the messages that are visible, or will be in a second', async () => {
    for (const { Body, Attributes: system } of await receive(after, url)) {
      seen.set(Body, system?.ApproximateReceiveCount);
    }
    return seen.size >= 3 || undefined;
  });
  expect(Object.fromEntries(seen)).toEqual({ ready: '2', back: '2', soon: '2' });
  // The receipt of before still stands: the message is in flight and can be deleted.
  await after.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handleOf('held') }));
  const { Attributes: left } = await after.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['ApproximateNumberOfMessagesNotVisible'] }),
  );
  expect(left?.ApproximateNumberOfMessagesNotVisible).toBe('3');
});

test('a FIFO queue keeps the order of its groups, its deduplication ids and its sequence', async () => {
  const directory = temporaryDirectory();
  const { clients } = await startOn(directory);
  const url = await createQueue(clients, 'work.fifo', { VisibilityTimeout: '60' });
  const send = ({ sqs }: Clients, body: string, id = body) =>
    sqs.send(
      new SendMessageCommand({ QueueUrl: url, MessageBody: body, MessageGroupId: 'g', MessageDeduplicationId: id }),
    );
  const sent = await send(clients, '1');
  for (const body of ['2', '3', '4']) await send(clients, body);
  const first = await receive(clients, url, { MaxNumberOfMessages: 2 });
  expect(bodies(first)).toEqual(['1', '2']);

  const { clients: after } = await startOn(leftBehind(directory));
  expect((await send(after, '1')).MessageId).toBe(sent.MessageId);
  const last = await send(after, '5');
  expect(BigInt(last.SequenceNumber ?? 0)).toBe(BigInt(sent.SequenceNumber ?? 0) + 4n);
  expect(await receive(after, url)).toEqual([]);
  for (const { ReceiptHandle } of first.toReversed())
    await after.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: 0 }));
  expect(bodies(await receive(after, url))).toEqual(['1', '2', '3', '4', '5']);
});

test('what was purged, deleted or moved to the dead letters does not come back', async () => {
  const directory = temporaryDirectory();
  const { clients } = await startOn(directory, NAMES_SOON);
  const dead = await createQueue(clients, 'dead');
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead',
    maxReceiveCount: 1,
  });
  const url = await createQueue(clients, 'work', { VisibilityTimeout: '0', RedrivePolicy });
  const [purged, gone] = [await createQueue(clients, 'purged'), await createQueue(clients, 'gone')];
  for (const QueueUrl of [url, purged, gone])
    await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one' }));
  await clients.sqs.send(new PurgeQueueCommand({ QueueUrl: purged }));
  await clients.sqs.send(new DeleteQueueCommand({ QueueUrl: gone }));
  expect(bodies(await receive(clients, url))).toEqual(['one']);
  await until('the redrive', async () => {
    await receive(clients, url);
    const input = { QueueUrl: dead, AttributeNames: ['ApproximateNumberOfMessages' as const] };
    const { Attributes } = await clients.sqs.send(new GetQueueAttributesCommand(input));
    return Attributes?.ApproximateNumberOfMessages === '1' || undefined;
  });

  const { clients: after } = await startOn(leftBehind(directory), NAMES_SOON);
  const { QueueUrls } = await after.sqs.send(new ListQueuesCommand({}));
  expect(QueueUrls?.map((queue) => queue.split('/').at(-1)).toSorted()).toEqual(['dead', 'purged', 'work']);
  expect(await receive(after, url)).toEqual([]);
  expect(await receive(after, purged)).toEqual([]);
  expect(bodies(await receive(after, dead))).toEqual(['one']);
  // A new queue of an old name starts empty.
  expect(await receive(after, await createQueue(after, 'gone'))).toEqual([]);
});

test('topics: subscriptions with their filters, tags, deduplication and sequence', async () => {
  const directory = temporaryDirectory();
  const { clients } = await startOn(directory);
  const Statement = [{ Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:*', Resource: '*' }];
  const url = await createQueue(clients, 'work', { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) });
  const { TopicArn } = await clients.sns.send(
    new CreateTopicCommand({ Name: 'news.fifo', Attributes: { FifoTopic: 'true' } }),
  );
  const { SubscriptionArn } = await clients.sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: 'arn:aws:sqs:us-east-1:000000000000:work',
      Attributes: { RawMessageDelivery: 'true' },
      ReturnSubscriptionArn: true,
    }),
  );
  await clients.sns.send(
    new SetSubscriptionAttributesCommand({
      SubscriptionArn,
      AttributeName: 'FilterPolicy',
      AttributeValue: '{"kind":["a"]}',
    }),
  );
  await clients.sns.send(new TagResourceCommand({ ResourceArn: TopicArn, Tags: [{ Key: 'team', Value: 'orders' }] }));
  const publish = ({ sns }: Clients, kind: string, id: string) =>
    sns.send(
      new PublishCommand({
        TopicArn,
        Message: kind + id,
        MessageGroupId: 'g',
        MessageDeduplicationId: id,
        MessageAttributes: { kind: { DataType: 'String', StringValue: kind } },
      }),
    );
  const first = await publish(clients, 'a', '1');

  const { clients: after } = await startOn(leftBehind(directory));
  expect((await after.sns.send(new ListTopicsCommand({}))).Topics).toEqual([{ TopicArn }]);
  expect((await after.sns.send(new ListTagsForResourceCommand({ ResourceArn: TopicArn }))).Tags).toEqual([
    { Key: 'team', Value: 'orders' },
  ]);
  expect((await after.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions).toHaveLength(1);
  const attributes = await after.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
  expect(attributes.Attributes).toMatchObject({ FilterPolicy: '{"kind":["a"]}', RawMessageDelivery: 'true' });
  const again = await publish(after, 'a', '1');
  expect(again).toMatchObject({ MessageId: first.MessageId, SequenceNumber: first.SequenceNumber });
  await publish(after, 'b', '2');
  const third = await publish(after, 'a', '3');
  expect(BigInt(third.SequenceNumber ?? 0)).toBe(BigInt(first.SequenceNumber ?? 0) + 2n);
  expect(bodies(await receive(after, url)).toSorted()).toEqual(['a1', 'a3']);
});

test('buckets: objects with body and metadata, overwritten and deleted ones, unfinished uploads', async () => {
  const directory = temporaryDirectory();
  const { clients } = await startOn(directory);
  const Bucket = 'papers';
  await clients.s3.send(new CreateBucketCommand({ Bucket }));
  const put = (Key: string, Body: string | Buffer) =>
    clients.s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'text/plain', Metadata: { by: 'me' } }));
  const body = Buffer.from(Array.from({ length: 1_000 }, (_, index) => index % 256));
  await put('deep/ä.bin', body);
  await put('twice', 'first');
  const { ETag } = await put('twice', 'second');
  await put('gone', 'x');
  await clients.s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:DeleteObject', Resource: `arn:aws:s3:::${Bucket}/*` }],
  });
  await clients.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const upload = { Bucket, Key: 'large' };
  const { UploadId } = await clients.s3.send(new CreateMultipartUploadCommand(upload));
  const dropped = await clients.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'dropped' }));
  await clients.s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'dropped', UploadId: dropped.UploadId }));
  const part = await clients.s3.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: 'part one' }));

  const { clients: after } = await startOn(leftBehind(directory));
  expect((await after.s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy).toBe(Policy);
  const { Contents } = await after.s3.send(new ListObjectsV2Command({ Bucket }));
  expect(Contents?.map(({ Key }) => Key)).toEqual(['deep/ä.bin', 'twice']);
  const read = await after.s3.send(new GetObjectCommand({ Bucket, Key: 'deep/ä.bin' }));
  expect(Buffer.from((await read.Body?.transformToByteArray()) ?? [])).toEqual(body);
  expect(read).toMatchObject({ ContentType: 'text/plain', Metadata: { by: 'me' } });
  expect((await after.s3.send(new HeadObjectCommand({ Bucket, Key: 'twice' }))).ETag).toBe(ETag);
  await after.s3.send(
    new CompleteMultipartUploadCommand({
      ...upload,
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: part.ETag }] },
    }),
  );
  const completed = await after.s3.send(new GetObjectCommand({ Bucket, Key: 'large' }));
  expect(await completed.Body?.transformToString()).toBe('part one');
});

test('what is kept outlives a second restart, and what was deleted does not come back', async () => {
  const directory = temporaryDirectory();
  const { clients } = await startOn(directory, NAMES_SOON);
  const url = await createQueue(clients, 'remade');
  await clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'of the first queue' }));
  await clients.sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
  await createQueue(clients, 'remade', { VisibilityTimeout: '7' });
  await clients.sqs.send(new TagQueueCommand({ QueueUrl: url, Tags: { team: 'orders' } }));
  await createQueue(clients, 'remade.fifo');
  const { TopicArn } = await clients.sns.send(
    new CreateTopicCommand({ Name: 'news', Tags: [{ Key: 'a', Value: 'b' }] }),
  );
  const endpoint = 'arn:aws:sqs:us-east-1:000000000000:remade';
  const Attributes = { RawMessageDelivery: 'true', FilterPolicy: '{"a":["x"]}' };
  const { SubscriptionArn } = await clients.sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: endpoint, Attributes, ReturnSubscriptionArn: true }),
  );
  await clients.s3.send(new CreateBucketCommand({ Bucket: 'shelf' }));
  const Rules = [{ ID: 'soon', Status: 'Enabled' as const, Filter: { Prefix: 'x/' }, Expiration: { Days: 3 } }];
  await clients.s3.send(
    new PutBucketLifecycleConfigurationCommand({ Bucket: 'shelf', LifecycleConfiguration: { Rules } }),
  );
  await clients.s3.send(new PutObjectCommand({ Bucket: 'shelf', Key: 'k', Body: 'text', Metadata: { m: 'n' } }));

  const described = async ({ sqs, sns, s3 }: Clients) => ({
    queue: (await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }))).Attributes,
    queues: (await sqs.send(new ListQueuesCommand({}))).QueueUrls?.map((one) => one.split('/').at(-1)),
    tags: (await sqs.send(new ListQueueTagsCommand({ QueueUrl: url }))).Tags,
    topicTags: (await sns.send(new ListTagsForResourceCommand({ ResourceArn: TopicArn }))).Tags,
    subscription: (await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes,
    lifecycle: (await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: 'shelf' }))).Rules,
    metadata: (await s3.send(new HeadObjectCommand({ Bucket: 'shelf', Key: 'k' }))).Metadata,
  });
  const first = await described(clients);
  expect(first).toMatchObject({
    queue: { ApproximateNumberOfMessages: '0' },
    tags: { team: 'orders' },
    lifecycle: Rules,
  });
  const again = leftBehind(directory);
  const { clients: second } = await startOn(again);
  expect(await described(second)).toEqual(first);
  const { clients: third } = await startOn(leftBehind(again));
  expect(await described(third)).toEqual(first);
  expect(await receive(third, url)).toEqual([]);
});

test('when a queue was made and when it was changed are two things', async () => {
  const directory = temporaryDirectory();
  const { clients } = await startOn(directory);
  const QueueUrl = await createQueue(clients, 'changed');
  const times = async ({ sqs }: Clients) => {
    const AttributeNames = ['CreatedTimestamp' as const, 'LastModifiedTimestamp' as const];
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
    return Attributes ?? {};
  };
  await until('a later second', async () => {
    await clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { DelaySeconds: '1' } }));
    const { CreatedTimestamp, LastModifiedTimestamp } = await times(clients);
    return LastModifiedTimestamp !== CreatedTimestamp || undefined;
  });
  const before = await times(clients);
  expect(await times((await startOn(leftBehind(directory))).clients)).toEqual(before);
});
