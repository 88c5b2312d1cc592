import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type GlobalSecondaryIndex,
} from '@aws-sdk/client-dynamodb';
import { CreateStreamCommand, DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { paginateScan } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, vi } from 'vitest';
import { INBOX_TABLE, OUTBOX_TABLE } from '../../lib/contracts/agreed/tables.ts';
import { type Services, startServices } from '../../lib/local/services.ts';
import { dynamodb, kinesis, sns, sqs } from './clients.ts';

/** Runs the services of the engine for the tests of a file, and points the runtime's clients at them. */
export function useLocalServices(options: Parameters<typeof startServices>[0] = {}): {
  readonly services: () => Services;
} {
  let services: Services | undefined;
  beforeAll(async () => {
    services = await startServices(options);
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: services.url,
      AWS_REGION: services.region,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
  });
  afterAll(async () => {
    for (const client of [dynamodb, sqs, sns, kinesis]) client().destroy();
    await services?.close();
  });
  return {
    services() {
      if (services === undefined) throw new Error('the services are not running: call this inside a test');
      return services;
    },
  };
}

const WAIT = { timeout: 10_000, interval: 20 };

const key = (name: string, AttributeType: 'S' | 'N', KeyType: 'HASH' | 'RANGE') => ({ name, AttributeType, KeyType });
type Key = ReturnType<typeof key>;

async function createTable(TableName: string, keys: readonly Key[], index?: { name: string; keys: readonly Key[] }) {
  const schema = (of: readonly Key[]) => of.map(({ name, KeyType }) => ({ AttributeName: name, KeyType }));
  const indexes: GlobalSecondaryIndex[] =
    index === undefined
      ? []
      : [{ IndexName: index.name, KeySchema: schema(index.keys), Projection: { ProjectionType: 'KEYS_ONLY' } }];
  const input: CreateTableCommandInput = {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: schema(keys),
    AttributeDefinitions: [...keys, ...(index?.keys ?? [])].map(({ name, AttributeType }) => ({
      AttributeName: name,
      AttributeType,
    })),
    ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes }),
  };
  await dynamodb().send(new CreateTableCommand(input));
  await vi.waitFor(async () => {
    const { Table } = await dynamodb().send(new DescribeTableCommand({ TableName }));
    if (Table?.TableStatus !== 'ACTIVE') throw new Error(`table ${TableName} is ${Table?.TableStatus}`);
  }, WAIT);
}

export const createInboxTable = (name: string) => createTable(name, [key(INBOX_TABLE.partitionKey, 'S', 'HASH')]);

export const createOutboxTable = (name: string) =>
  createTable(name, [key(OUTBOX_TABLE.partitionKey, 'S', 'HASH'), key(OUTBOX_TABLE.sortKey, 'N', 'RANGE')], {
    name: OUTBOX_TABLE.unpublishedIndex.name,
    keys: [
      key(OUTBOX_TABLE.unpublishedIndex.partitionKey, 'S', 'HASH'),
      key(OUTBOX_TABLE.unpublishedIndex.sortKey, 'S', 'RANGE'),
    ],
  });

/** A table of business items with key `pk`. */
export const createBusinessTable = (name: string) => createTable(name, [key('pk', 'S', 'HASH')]);

export async function itemsOf(TableName: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  for await (const { Items = [] } of paginateScan({ client: dynamodb() }, { TableName, ConsistentRead: true })) {
    items.push(...Items);
  }
  return items;
}

/** @returns the queue's URL */
export async function createQueue(QueueName: string): Promise<string> {
  const fifo = QueueName.endsWith('.fifo');
  const { QueueUrl = '' } = await sqs().send(
    new CreateQueueCommand({ QueueName, Attributes: { VisibilityTimeout: '30', ...(fifo && { FifoQueue: 'true' }) } }),
  );
  return QueueUrl;
}

export async function createStream(StreamName: string, ShardCount = 1): Promise<void> {
  await kinesis().send(new CreateStreamCommand({ StreamName, ShardCount }));
  await vi.waitFor(async () => {
    const { StreamDescriptionSummary: stream } = await kinesis().send(new DescribeStreamSummaryCommand({ StreamName }));
    if (stream?.StreamStatus !== 'ACTIVE') throw new Error(`stream ${StreamName} is ${stream?.StreamStatus}`);
  }, WAIT);
}

export const receive = async (QueueUrl: string): Promise<Message[]> =>
  (
    await sqs().send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
        WaitTimeSeconds: 0,
      }),
    )
  ).Messages ?? [];

/** Takes all messages that are visible now out of a queue. */
export async function drain(QueueUrl: string): Promise<Message[]> {
  const all: Message[] = [];
  for (;;) {
    const messages = await receive(QueueUrl);
    if (messages.length === 0) return all;
    all.push(...messages);
    const Entries = messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
    await sqs().send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}

/** Messages of a queue, visible or in flight. */
export async function depthOf(QueueUrl: string): Promise<number> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes } = await sqs().send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
  return names.reduce((sum, name) => sum + Number(Attributes?.[name]), 0);
}
