import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import middy from '@middy/core';
import sqsPartialBatchFailure from '@middy/sqs-partial-batch-failure';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { rowOf } from './parts/business.ts';
import { OrderPlacedSchema } from './parts/schema.ts';

/**
 * Middy with what it has for queues: partial batch responses. It has no idempotency and no metrics; its validator checks the
 * whole event, so that one bad message would fail its batch, and records are therefore checked here.
 */
const table = process.env.ORDERS_TABLE;
const dynamodb = new DynamoDBClient({});

async function handleOne({ body }: SQSRecord): Promise<void> {
  const event = OrderPlacedSchema.parse(JSON.parse(body));
  await dynamodb.send(new PutItemCommand({ TableName: table, Item: marshall(rowOf(event.data, event.id)) }));
  console.log(JSON.stringify({ level: 'info', message: 'done', event: event.id, type: event.type }));
}

export const handler = middy<SQSEvent, PromiseSettledResult<void>[]>()
  .use(sqsPartialBatchFailure({ logger: (reason) => console.error(reason) }))
  .handler((event: SQSEvent) => Promise.allSettled(event.Records.map(handleOne)));
