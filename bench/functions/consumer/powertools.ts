import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { parser } from '@aws-lambda-powertools/batch/parser';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { JSONStringified } from '@aws-lambda-powertools/parser/helpers';
import { SqsRecordSchema } from '@aws-lambda-powertools/parser/schemas/sqs';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { rowOf } from './parts/business.ts';
import { type OrderPlacedEvent, OrderPlacedSchema } from './parts/schema.ts';

/**
 * Powertools, the way its documentation puts the parts together, and where there is a choice the faster one: one SDK client for
 * all, the record's schema made once (`innerSchema` makes it anew for every record), no payload check of duplicates.
 */
const table = process.env.ORDERS_TABLE;
const dynamodb = new DynamoDBClient({});
const logger = new Logger();
const metrics = new Metrics();
const persistenceStore = new DynamoDBPersistenceLayer({
  tableName: process.env.IDEMPOTENCY_TABLE ?? '',
  awsSdkV3Client: dynamodb,
});
const config = new IdempotencyConfig({ eventKeyJmesPath: 'id', throwOnNoIdempotencyKey: true });
const processor = new BatchProcessor(EventType.SQS, {
  parser,
  schema: SqsRecordSchema.extend({ body: JSONStringified(OrderPlacedSchema) }),
  logger,
});

const record = makeIdempotent(
  async ({ id, data }: OrderPlacedEvent): Promise<void> => {
    await dynamodb.send(new PutItemCommand({ TableName: table, Item: marshall(rowOf(data, id)) }));
  },
  { persistenceStore, config },
);

async function handleOne({ body: event }: { body: OrderPlacedEvent }): Promise<void> {
  metrics.addMetric('AgeAtProcessing', MetricUnit.Milliseconds, Math.max(0, Date.now() - Date.parse(event.time)));
  await record(event);
  logger.info('done', {
    event: event.id,
    type: event.type,
    traceId: event.traceparent?.split('-')[1],
    correlationId: event.correlationid,
  });
}

export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  logger.addContext(context);
  config.registerLambdaContext(context);
  const response = await processPartialResponse(event, handleOne, processor, {
    context,
    throwOnFullBatchFailure: false,
  });
  const failed = response.batchItemFailures.length;
  metrics.addMetric('Received', MetricUnit.Count, event.Records.length);
  metrics.addMetric('Done', MetricUnit.Count, event.Records.length - failed);
  metrics.addMetric('Retried', MetricUnit.Count, failed);
  metrics.publishStoredMetrics();
  return response;
}
