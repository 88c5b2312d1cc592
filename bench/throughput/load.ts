import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { LambdaClient, paginateListEventSourceMappings, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, PurgeQueueCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { aggregated } from '../../lib/runtime/messages/aggregated-record.ts';

/** What the app's stack gave out. */
export interface Places {
  readonly Queue: string;
  readonly Log: string;
  readonly Table: string;
}

const MESSAGES_PER_REQUEST = 10;
const BODY_CHARACTERS = 400;
const EVENTS_PER_RECORD = 100;
const KEYS = 100;
const TICK_MS = 50;
const MAX_REQUESTS_IN_FLIGHT = 16;

/** Drives the app on an emulator, through stock SDK clients. */
export function loadOn(endpoint: string, { Queue: QueueUrl, Log, Table }: Places) {
  const client = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' } };
  const sqs = new SQSClient(client);
  const kinesis = new KinesisClient(client);
  const dynamodb = new DynamoDBClient(client);
  const lambda = new LambdaClient(client);
  const text = 'x'.repeat(BODY_CHARACTERS);

  async function sendMessages(from: number, count: number): Promise<void> {
    const Entries = Array.from({ length: count }, (_, i) => ({
      Id: String(i),
      MessageBody: JSON.stringify({ number: from + i, text }),
    }));
    const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    if (Failed.length > 0) throw new Error(`${Failed.length} messages were refused: ${Failed[0]?.Message}`);
  }

  async function sendEvents(from: number, count: number): Promise<void> {
    const data = Array.from({ length: count }, (_, i) => Buffer.from(JSON.stringify({ number: from + i, value: i })));
    const key = `key-${(from / EVENTS_PER_RECORD) % KEYS}`;
    const Records = [{ PartitionKey: key, Data: aggregated(key, data) }];
    const { FailedRecordCount } = await kinesis.send(new PutRecordsCommand({ StreamName: Log, Records }));
    if ((FailedRecordCount ?? 0) > 0) throw new Error('a record was refused');
  }

  return {
    messages: { perRequest: MESSAGES_PER_REQUEST, send: sendMessages },
    events: { perRequest: EVENTS_PER_RECORD, send: sendEvents },

    /** Messages sent and not deleted. */
    async waiting(): Promise<number> {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl,
          AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
        }),
      );
      return Object.values(Attributes ?? {}).reduce((sum, value) => sum + Number(value), 0);
    },

    /** Rows that messages have become. */
    async rows(): Promise<number> {
      let rows = 0;
      let ExclusiveStartKey: Record<string, never> | undefined;
      do {
        const page = await dynamodb.send(
          new ScanCommand({ TableName: Table, Select: 'COUNT', ...(ExclusiveStartKey && { ExclusiveStartKey }) }),
        );
        rows += page.Count ?? 0;
        ExclusiveStartKey = page.LastEvaluatedKey as typeof ExclusiveStartKey;
      } while (ExclusiveStartKey !== undefined);
      return rows - ((await tallied()) > 0 ? 1 : 0);
    },

    tallied,

    /** Switches the queue's mapping. */
    async consume(Enabled: boolean): Promise<void> {
      for await (const { EventSourceMappings = [] } of paginateListEventSourceMappings({ client: lambda }, {})) {
        for (const { UUID, EventSourceArn = '' } of EventSourceMappings) {
          if (EventSourceArn.includes(':sqs:'))
            await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
        }
      }
    },

    purge: () => sqs.send(new PurgeQueueCommand({ QueueUrl })),

    close(): void {
      for (const one of [sqs, kinesis, dynamodb, lambda]) one.destroy();
    },
  };

  /** Events that were counted. */
  async function tallied(): Promise<number> {
    const { Item } = await dynamodb.send(new GetItemCommand({ TableName: Table, Key: { pk: { S: 'tally' } } }));
    return Number(Item?.seen?.N ?? 0);
  }
}

export type Load = ReturnType<typeof loadOn>;

/** Sends at a steady rate; falls behind rather than send in bursts of more than a few requests. @returns what was sent, and how long that took */
export async function steadily(
  { perRequest, send }: Load['messages'],
  perSecond: number,
  seconds: number,
): Promise<{ readonly sent: number; readonly seconds: number }> {
  const started = performance.now();
  const total = perSecond * seconds;
  const inFlight = new Set<Promise<void>>();
  let sent = 0;
  let failure: unknown;
  while (sent < total && failure === undefined) {
    const due = Math.min(total, ((performance.now() - started) / 1_000) * perSecond);
    while (sent + perRequest <= due && inFlight.size < MAX_REQUESTS_IN_FLIGHT) {
      const request: Promise<void> = send(sent, perRequest)
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => inFlight.delete(request));
      inFlight.add(request);
      sent += perRequest;
    }
    await sleep(TICK_MS);
  }
  await Promise.all(inFlight);
  if (failure !== undefined) throw failure;
  return { sent, seconds: (performance.now() - started) / 1_000 };
}
