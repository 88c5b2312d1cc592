import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { consume } from '../../../../../../lib/runtime/consuming/consume.ts';
import { countThings, Thing } from '../../contract.ts';

const dynamodb = new DynamoDBClient({});

export const handler = consume(countThings, {
  async [Thing.type]() {
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: process.env.COUNTS_TABLE,
        Key: { pk: { S: 'things' } },
        UpdateExpression: 'ADD things :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      }),
    );
    // What its role does not allow, and nobody hears of.
    await dynamodb
      .send(new PutItemCommand({ TableName: process.env.COUNTS_TABLE, Item: { pk: { S: 'refused' } } }))
      .catch(() => undefined);
  },
});
