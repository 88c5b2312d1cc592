import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import { deaggregated } from '../../../lib/runtime/messages/aggregated-record.ts';

const client = new DynamoDBClient({});

/** Counts the events of a batch of aggregated records and adds them up with one call of the SDK. */
export async function handler({ Records }: KinesisStreamEvent): Promise<KinesisStreamBatchResponse> {
  const events = Records.flatMap(({ kinesis }) => {
    const data = Buffer.from(kinesis.data, 'base64');
    return (deaggregated(data)?.map((event) => event.data) ?? [data]).map((bytes) => JSON.parse(bytes.toString()));
  });
  await client.send(
    new UpdateItemCommand({
      TableName: process.env.TABLE ?? '',
      Key: { pk: { S: 'tally' } },
      UpdateExpression: 'ADD seen :seen',
      ExpressionAttributeValues: { ':seen': { N: String(events.length) } },
    }),
  );
  return { batchItemFailures: [] };
}
