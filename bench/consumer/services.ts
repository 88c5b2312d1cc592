import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startChild } from '../child.ts';
import { CONTESTANTS, type Queues, tablesOf } from './contestants.ts';
import type { Addresses, Counts } from './services-process.ts';

export interface BenchServices extends Addresses, Queues {
  readonly sqs: SQSClient;
  /** Requests to `countingUrl` since the last time. */
  readonly counts: () => Promise<Counts>;
  readonly close: () => Promise<void>;
}

const TABLE_WAIT_SECONDS = 10;

/** Starts the services and makes every contestant's tables and the queues. */
export async function startBenchServices(): Promise<BenchServices> {
  const { hello: addresses, child } = await startChild<'counts', Counts, Addresses>(
    'consumer/services-process.ts',
    [],
    {},
  );
  const client = {
    endpoint: addresses.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  };
  const dynamodb = new DynamoDBClient(client);
  const sqs = new SQSClient(client);
  const queue = async (QueueName: string) =>
    (await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? QueueName;
  for (const { orders, memory } of CONTESTANTS.map(tablesOf)) {
    await createTable(dynamodb, orders);
    await createTable(dynamodb, memory);
  }
  const queues = { queueUrl: await queue('orders'), deadLetterQueueUrl: await queue('orders-dead-letters') };
  dynamodb.destroy();
  return {
    ...addresses,
    ...queues,
    sqs,
    counts: () => child.ask('counts'),
    async close() {
      sqs.destroy();
      await child.close();
    },
  };
}

/** A table with a text key. */
export async function createTable(client: DynamoDBClient, { name, key }: { name: string; key: string }): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
    }),
  );
  await waitUntilTableExists(
    { client, maxWaitTime: TABLE_WAIT_SECONDS, minDelay: 0.05, maxDelay: 0.05 },
    { TableName: name },
  );
}
