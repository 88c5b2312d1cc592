import {
  CreateTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure, type Harness, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const arnOf = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

async function queue(name: string, attributes: Record<string, string> = {}): Promise<string> {
  const Attributes = { ...(name.endsWith('.fifo') && { FifoQueue: 'true' }), ...attributes };
  const { QueueUrl = '' } = await harness.clients.sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return QueueUrl;
}
async function topic(name: string, Attributes: Record<string, string> = {}): Promise<string> {
  const { TopicArn = '' } = await harness.clients.sns.send(new CreateTopicCommand({ Name: name, Attributes }));
  return TopicArn;
}
/** Subscribes a queue, and lets the topic in. */
async function subscribe(TopicArn: string, name: string, Attributes: Record<string, string> = {}) {
  const Policy = JSON.stringify({
    Statement: {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: arnOf(name),
      Condition: { ArnEquals: { 'aws:SourceArn': TopicArn } },
    },
  });
  const QueueUrl = `${harness.services.url}/000000000000/${name}`;
  await harness.clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  return harness.clients.sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: arnOf(name),
      Attributes: { RawMessageDelivery: 'true', ...Attributes },
    }),
  );
}
async function receive(QueueUrl: string, count = 10): Promise<Message[]> {
  const { Messages = [] } = await harness.clients.sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: count,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }),
  );
  return Messages;
}
const remove = (QueueUrl: string, message: Message | undefined) =>
  harness.clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));
const bodies = (messages: readonly Message[]) => messages.map(({ Body }) => Body);

describe('SQS', () => {
  it('returns queue URLs at the endpoint, and every system attribute asked for', async () => {
    const url = await queue('plain');
    expect(url).toBe(`${harness.services.url}/000000000000/plain`);
    await harness.clients.sqs.send(
      new SendMessageCommand({ QueueUrl: url, MessageBody: 'x', MessageGroupId: 'tenant-1' }),
    );
    const [message] = await receive(url);
    expect(message?.Attributes).toMatchObject({
      ApproximateReceiveCount: '1',
      SentTimestamp: expect.stringMatching(/^\d{13}$/),
      ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
      SenderId: expect.any(String),
      // Fair queues: standard queues take message groups.
      MessageGroupId: 'tenant-1',
    });
  });

  it('keeps the groups of a batch on a standard queue', async () => {
    const url = await queue('fair');
    const Entries = ['a', 'b'].map((id) => ({ Id: id, MessageBody: `body ${id}`, MessageGroupId: `tenant ${id}` }));
    const { Successful = [] } = await harness.clients.sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
    expect(Successful.map(({ Id }) => Id)).toEqual(['a', 'b']);
    const received = await receive(url);
    expect(received.map(({ Body, Attributes }) => [Body, Attributes?.MessageGroupId]).sort()).toEqual([
      ['body a', 'tenant a'],
      ['body b', 'tenant b'],
    ]);
  });

  it('takes bodies up to 1 MiB and refuses larger ones', async () => {
    const url = await queue('large');
    const body = 'x'.repeat(1_048_576);
    await harness.clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
    const [message] = await receive(url);
    expect(message?.Body?.length).toBe(body.length);
    const error = await failure(
      harness.clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: `${body}x` })),
    );
    expect(error.message).toContain('1048576');
  });

  it('takes the attributes CDK sets, at creation and later', async () => {
    const fifo = {
      ContentBasedDeduplication: 'true',
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
      SqsManagedSseEnabled: 'true',
      RedriveAllowPolicy: JSON.stringify({ redrivePermission: 'allowAll' }),
    };
    const url = await queue('fast.fifo', fifo);
    const later = {
      ...fifo,
      FifoThroughputLimit: 'perQueue',
      DeduplicationScope: 'queue',
      KmsMasterKeyId: 'alias/aws/sqs',
    };
    await harness.clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: later }));
    const { Attributes } = await harness.clients.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject(later);
  });

  it('moves a message to the dead-letter queue after maxReceiveCount receives', async () => {
    const dead = await queue('source-dlq');
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('source-dlq'), maxReceiveCount: '2' });
    const url = await queue('source', { VisibilityTimeout: '0', RedrivePolicy });
    await harness.clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'poison' }));
    expect(bodies(await receive(url))).toEqual(['poison']);
    expect(bodies(await receive(url))).toEqual(['poison']);
    expect(await receive(url)).toEqual([]);
    expect(bodies(await receive(dead))).toEqual(['poison']);
  });

  it('refuses a dead-letter queue that is missing or of the other type', async () => {
    await queue('standard-dlq');
    const redrive = (name: string) => JSON.stringify({ deadLetterTargetArn: arnOf(name), maxReceiveCount: 3 });
    const mixed = await failure(queue('orders.fifo', { RedrivePolicy: redrive('standard-dlq') }));
    expect(mixed.message).toContain('Dead-letter queue must be same type of queue as the source');
    const missing = await failure(queue('orders', { RedrivePolicy: redrive('nowhere') }));
    expect(missing.message).toContain('Dead letter target does not exist');
  });
});

describe('SQS FIFO', () => {
  const send = (QueueUrl: string, group: string, body: string, id = body) =>
    harness.clients.sqs.send(
      new SendMessageCommand({ QueueUrl, MessageBody: body, MessageGroupId: group, MessageDeduplicationId: id }),
    );

  it('receives several messages of a group at once, in order, and holds the group back meanwhile', async () => {
    const url = await queue('groups.fifo');
    for (const n of [1, 2, 3, 4]) await send(url, 'a', `a${n}`);
    await send(url, 'b', 'b1');
    const first = await receive(url, 2);
    expect(bodies(first)).toEqual(['a1', 'a2']);
    expect(first[0]?.Attributes?.SequenceNumber).toMatch(/^\d{20}$/);
    const [oldest, ...others] = first;
    expect(bodies(await receive(url))).toEqual(['b1']);
    await remove(url, oldest);
    // The second message of the group is still in flight.
    expect(await receive(url)).toEqual([]);
    for (const message of others) await remove(url, message);
    expect(bodies(await receive(url))).toEqual(['a3', 'a4']);
  });

  it('puts messages that become visible again back in their order', async () => {
    const url = await queue('again.fifo');
    for (const n of [1, 2, 3]) await send(url, 'a', `a${n}`);
    const received = await receive(url, 3);
    for (const { ReceiptHandle } of received) {
      await harness.clients.sqs.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: 0 }),
      );
    }
    expect(bodies(await receive(url))).toEqual(['a1', 'a2', 'a3']);
  });

  it('deduplicates per queue, or per message group when the queue says so', async () => {
    const whole = await queue('whole.fifo');
    const perGroup = await queue('per-group.fifo', {
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
    for (const url of [whole, perGroup]) {
      for (const group of ['a', 'b', 'a']) await send(url, group, group, 'same id');
    }
    expect(bodies(await receive(whole))).toEqual(['a']);
    expect(bodies(await receive(perGroup)).sort()).toEqual(['a', 'b']);
  });
});

describe('SNS', () => {
  it('fans a FIFO topic out to FIFO and to standard queues, once per deduplication id', async () => {
    const fifoQueue = await queue('fan.fifo');
    const standardQueue = await queue('fan');
    const arn = await topic('fan.fifo', {
      FifoTopic: 'true',
      FifoThroughputScope: 'MessageGroup',
      ContentBasedDeduplication: 'true',
    });
    await subscribe(arn, 'fan.fifo');
    await subscribe(arn, 'fan');
    const publish = (Message: string) =>
      harness.clients.sns.send(new PublishCommand({ TopicArn: arn, Message, MessageGroupId: 'g' }));
    const first = await publish('one');
    const again = await publish('one');
    await publish('two');
    expect(first.SequenceNumber).toMatch(/^\d{20}$/);
    expect(again).toMatchObject({ MessageId: first.MessageId, SequenceNumber: first.SequenceNumber });
    expect(bodies(await receive(fifoQueue))).toEqual(['one', 'two']);
    expect(bodies(await receive(standardQueue)).sort()).toEqual(['one', 'two']);
  });

  it('deduplicates within a batch and against what was published before', async () => {
    const url = await queue('batch.fifo');
    const arn = await topic('batch.fifo', { FifoTopic: 'true' });
    await subscribe(arn, 'batch.fifo');
    const standard = await queue('batch');
    await subscribe(arn, 'batch');
    const entry = (Id: string, id: string) => ({ Id, Message: id, MessageGroupId: 'g', MessageDeduplicationId: id });
    const before = await harness.clients.sns.send(
      new PublishCommand({ TopicArn: arn, Message: 'x', MessageGroupId: 'g', MessageDeduplicationId: 'x' }),
    );
    const { Successful = [], Failed = [] } = await harness.clients.sns.send(
      new PublishBatchCommand({
        TopicArn: arn,
        PublishBatchRequestEntries: [entry('1', 'x'), entry('2', 'y'), entry('3', 'y')],
      }),
    );
    expect(Failed).toEqual([]);
    expect(Successful.map(({ Id }) => Id).sort()).toEqual(['1', '2', '3']);
    expect(Successful.find(({ Id }) => Id === '1')?.MessageId).toBe(before.MessageId);
    expect(bodies(await receive(url))).toEqual(['x', 'y']);
    expect(bodies(await receive(standard)).sort()).toEqual(['x', 'y']);
  });

  it('filters on attributes and on the body', async () => {
    const byAttribute = await queue('by-attribute');
    const byBody = await queue('by-body');
    const arn = await topic('filtered', { KmsMasterKeyId: 'alias/aws/sns' });
    await subscribe(arn, 'by-attribute', { FilterPolicy: JSON.stringify({ type: ['paid', { prefix: 'ship' }] }) });
    await subscribe(arn, 'by-body', {
      FilterPolicyScope: 'MessageBody',
      FilterPolicy: JSON.stringify({ order: { total: [{ numeric: ['>', 100] }] } }),
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('anything') }),
    });
    for (const [type, total] of [
      ['paid', 10],
      ['shipped', 500],
      ['cancelled', 1_000],
    ] as const) {
      await harness.clients.sns.send(
        new PublishCommand({
          TopicArn: arn,
          Message: JSON.stringify({ order: { total } }),
          MessageAttributes: { type: { DataType: 'String', StringValue: type } },
        }),
      );
    }
    const received = await receive(byAttribute);
    expect(received.map(({ MessageAttributes }) => MessageAttributes?.type?.StringValue).sort()).toEqual([
      'paid',
      'shipped',
    ]);
    expect(bodies(await receive(byBody)).sort()).toEqual(['{"order":{"total":1000}}', '{"order":{"total":500}}']);
  });

  it('refuses a FIFO queue on a standard topic', async () => {
    await queue('strict.fifo');
    const error = await failure(subscribe(await topic('standard'), 'strict.fifo'));
    expect(error.name).toBe('InvalidParameterException');
    expect(error.message).toContain('FIFO SQS Queues can not be subscribed to standard SNS topics');
  });

  it('takes topic attributes fauxqs does not know', async () => {
    const TopicArn = await topic('attributes.fifo', { FifoTopic: 'true' });
    for (const [AttributeName, AttributeValue] of [
      ['FifoThroughputScope', 'Topic'],
      ['Policy', '{"Version":"2012-10-17","Statement":[]}'],
    ]) {
      const command = new SetTopicAttributesCommand({ TopicArn, AttributeName, AttributeValue });
      await expect(harness.clients.sns.send(command)).resolves.toBeDefined();
    }
  });
});
