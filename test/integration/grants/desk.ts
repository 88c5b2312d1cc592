import { randomUUID } from 'node:crypto';
import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { DeleteMessageCommand, type Message, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { behaviourOf } from '../../../lambdas/orders/payment/provider.ts';
import { DEAD_LETTERS_PREFIX } from '../../../lib/contracts/agreed/dead-letter.ts';
import { ENV } from '../../../lib/contracts/agreed/environment.ts';
import { envelope } from '../../../lib/contracts/events/envelope.ts';
import { bodyOf } from '../../../lib/runtime/messages/body.ts';
import { sha256 } from '../../../lib/runtime/messages/wrapped-message.ts';
import { type OrderCancelled, type OrderData, OrderPlaced } from '../../../lib/systems/orders/contract.ts';
import { eventually, type OrdersApp } from '../orders-app.ts';

/** What a function answered to one event. */
export interface Answer {
  readonly text: string;
  /** It failed, or gave (some of) the batch back. */
  readonly failed: boolean;
}

/** What the stack gives the simulated provider unless it is told another. */
const PROVIDER_SEED = 'sluice';

const eventId = (orderId: string, sequence: number): string => `order-outbox/${orderId}/${sequence}`;

/** Makes events for the functions of the orders system and hands them over, as the services around them would. */
export function openDesk(app: OrdersApp) {
  const lambda = new LambdaClient({});
  let count = 0;
  /** The simulated provider behaves badly for some ids; what is shown here is grants. */
  const next = (): string => {
    const id = `G${process.pid}-${++count}`;
    const behaves = [1, 2].every((sequence) => behaviourOf(PROVIDER_SEED, eventId(id, sequence)) === 'approve');
    return behaves ? id : next();
  };

  async function invoke(name: string, event: unknown): Promise<Answer> {
    const { FunctionError, Payload } = await lambda.send(
      new InvokeCommand({ FunctionName: `sluice-test-orders-${name}`, Payload: JSON.stringify(event) }),
    );
    const text = Buffer.from(Payload ?? []).toString('utf8');
    return { text, failed: FunctionError !== undefined || /"itemIdentifier"/.test(text) };
  }

  /** An event that nobody has seen yet: so many articles, described in words. */
  function event(type: typeof OrderPlaced | typeof OrderCancelled, lines = 1, describe = () => 'A LANTERN') {
    const orderId = next();
    const data: OrderData = {
      orderId,
      documentId: orderId,
      placedAt: '2010-12-01T08:26:00.000Z',
      customerId: orderId,
      country: 'United Kingdom',
      currency: 'GBP',
      totalPence: lines,
      lines: Array.from({ length: lines }, (_, i) => ({
        sku: `SKU-${i}`,
        description: describe(),
        quantity: 1,
        unitPence: 1,
      })),
    };
    const sequence = type === OrderPlaced ? 1 : 2;
    return envelope(type, data, {
      id: eventId(orderId, sequence),
      source: '/sluice/order-outbox',
      time: new Date(),
      sequence,
    });
  }
  type Event = ReturnType<typeof event>;

  /** The body of an event whose data is in the bucket of claims, or was. */
  async function claimed({ isGone = false } = {}): Promise<string> {
    const carrier = { where: 'a test', maxBytes: 2_000, oversized: 'claim-check', compress: 'never' } as const;
    const Bucket = app.output('ClaimsBucket');
    const { text, claimed: data } = bodyOf(event(OrderPlaced, 30), carrier, () => Bucket);
    if (data === undefined) throw new Error('the event was to be too large for its carrier');
    if (!isGone) await app.clients.s3.send(new PutObjectCommand({ Bucket, Key: data.claim.key, Body: data.content }));
    return text;
  }

  /** A dead letter that is sent back, whose message is in the bucket of dead letters, or was. */
  async function sentBack(name: string, { isGone = false } = {}): Promise<string> {
    const FunctionName = `sluice-test-orders-${name}`;
    const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const bucket = Environment?.Variables?.[ENV.deadLetterBucket] ?? '';
    const content = JSON.stringify(event(OrderPlaced));
    const inner = {
      encoding: 'utf8',
      bytes: content.length,
      sha256: sha256(Buffer.from(content)),
      content,
      attributes: {},
    };
    const whole = Buffer.from(JSON.stringify({ wrappedMessage: inner }));
    const key = `${DEAD_LETTERS_PREFIX}${name}/${sha256(whole)}`;
    if (!isGone) await app.clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: whole }));
    return JSON.stringify({ wrappedMessage: { bucket, key, bytes: whole.length, sha256: sha256(whole) } });
  }

  /** Receives a message; others that come with it, of earlier runs that failed, are deleted. */
  async function take(QueueUrl: string, id: string | undefined): Promise<Message | undefined> {
    const { Messages = [] } = await app.clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ['All'], MaxNumberOfMessages: 10 }),
    );
    for (const { MessageId, ReceiptHandle } of Messages) {
      if (MessageId !== id) await app.clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
    return Messages.find(({ MessageId }) => MessageId === id);
  }

  /**
   * Sends a message to a queue, takes it off again, and hands it to the function.
   * @param before what is known of its failed tries, as of a message that comes again. @default it comes for the first time
   */
  async function consume(name: string, queue: string, body: string, before?: object): Promise<Answer> {
    const QueueUrl = app.output(`${queue}Queue`);
    const fifo = QueueUrl.endsWith('.fifo') ? { MessageGroupId: next(), MessageDeduplicationId: randomUUID() } : {};
    const { MessageId } = await app.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body, ...fifo }));
    const message = await eventually(`message ${MessageId} in ${queue}`, () => take(QueueUrl, MessageId));
    if (before !== undefined) {
      const Item = { pk: `attempts!${name}#${MessageId}`, ...before };
      await app.clients.dynamodb.send(new PutCommand({ TableName: app.output('InboxTable'), Item }));
    }
    const record = {
      messageId: MessageId,
      receiptHandle: message.ReceiptHandle,
      body,
      attributes: { ...message.Attributes, ...(before === undefined ? {} : { ApproximateReceiveCount: '2' }) },
      messageAttributes: {},
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${QueueUrl.split('/').at(-1)}`,
      awsRegion: 'us-east-1',
    };
    return invoke(name, { Records: [record] });
  }

  /** Hands bodies to the reader of the log, as records of a shard that it has not seen. */
  function read(name: string, ...bodies: readonly string[]): Promise<Answer> {
    const shard = `shardId-${next()}`;
    const Records = bodies.map((body, i) => ({
      eventID: `${shard}:${i + 1}`,
      eventSource: 'aws:kinesis',
      eventSourceARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${app.output('OrderLog')}`,
      kinesis: {
        data: Buffer.from(body).toString('base64'),
        partitionKey: 'x',
        sequenceNumber: String(i + 1),
        approximateArrivalTimestamp: Date.now() / 1_000,
      },
    }));
    return invoke(name, { Records });
  }

  /** Commits an event to the outbox, as place-order does. @returns what the table's stream says of it */
  async function commit(envelopeToCommit: Event, createdAt = new Date()): Promise<object> {
    const Item = {
      aggregateId: envelopeToCommit.subject,
      sequence: Number(envelopeToCommit.sequence),
      body: JSON.stringify(envelopeToCommit),
      createdAt: createdAt.toISOString(),
      unpublished: '0',
    };
    await app.clients.dynamodb.send(new PutCommand({ TableName: app.output('OutboxTable'), Item }));
    return { eventName: 'INSERT', dynamodb: { NewImage: marshall(Item), SequenceNumber: String(++count) } };
  }

  /** Leaves an aggregate as a version of the outbox without heads would have. */
  async function forgetHead(aggregateId: string): Promise<void> {
    const TableName = app.output('OutboxTable');
    await app.clients.dynamodb.send(new DeleteCommand({ TableName, Key: { aggregateId, sequence: 0 } }));
  }

  return { invoke, next, event, claimed, sentBack, consume, read, commit, forgetHead, close: () => lambda.destroy() };
}

export type Desk = ReturnType<typeof openDesk>;
