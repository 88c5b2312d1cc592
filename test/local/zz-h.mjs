
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
const c = new DynamoDBClient({});
export const handler = async (event) => { await Promise.all(event.Records.map(r => c.send(new PutItemCommand({ TableName: process.env.TABLE, Item: { pk: { S: r.body } }, ConditionExpression: 'attribute_not_exists(pk)' })))); return { batchItemFailures: [] }; };
