import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

const client = new DynamoDBClient({});
const TableName = process.env.TABLE ?? '';

/** One call of the SDK for every message: a row of its own. */
export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  await Promise.all(
    Records.map(({ body, messageId }) =>
      client.send(new PutItemCommand({ TableName, Item: { pk: { S: messageId }, body: { S: body } } })),
    ),
  );
  return { batchItemFailures: [] };
}
