import { startServices } from '../../../lib/local/services.ts';
import { SQSClient, CreateQueueCommand, SendMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { KinesisClient, CreateStreamCommand, PutRecordCommand, GetRecordsCommand, GetShardIteratorCommand, ListShardsCommand } from '@aws-sdk/client-kinesis';
import { DynamoDBClient, CreateTableCommand, PutItemCommand, TransactWriteItemsCommand, QueryCommand, ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand } from '@aws-sdk/client-s3';
const t0 = performance.now();
const s = await startServices();
console.log('start', performance.now() - t0, s.url);
const cfg = { endpoint: s.url, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'y' } };
const sqs = new SQSClient(cfg);
const q = await sqs.send(new CreateQueueCommand({ QueueName: 'a', Attributes: {} }));
console.log(q.QueueUrl);
await sqs.send(new SendMessageCommand({ QueueUrl: q.QueueUrl, MessageBody: 'hi', MessageGroupId: 'tenant' }));
console.log((await sqs.send(new ReceiveMessageCommand({ QueueUrl: q.QueueUrl, MessageSystemAttributeNames: ['All'] }))).Messages);
const t1 = performance.now();
const k = new KinesisClient(cfg);
await k.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 2 }));
console.log('kinesis', performance.now() - t1);
await new Promise(r => setTimeout(r, 50));
await k.send(new PutRecordCommand({ StreamName: 's', PartitionKey: 'p', Data: Buffer.from('hello') }));
for (const sh of (await k.send(new ListShardsCommand({ StreamName: 's' }))).Shards ?? []) {
  const it = await k.send(new GetShardIteratorCommand({ StreamName: 's', ShardId: sh.ShardId, ShardIteratorType: 'TRIM_HORIZON' }));
  console.log((await k.send(new GetRecordsCommand({ ShardIterator: it.ShardIterator }))).Records?.length);
}
const d = new DynamoDBClient(cfg);
await d.send(new CreateTableCommand({ TableName: 'tab', BillingMode: 'PAY_PER_REQUEST', AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }], KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }], StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } }));
const N = 3000;
async function bench(name: string, n: number, f: (i: number) => Promise<unknown>) {
  const a = performance.now(); let i = 0;
  await Promise.all(Array.from({ length: 32 }, async () => { while (i < n) await f(i++); }));
  console.log(name, Math.round(n / ((performance.now() - a) / 1000)), '/s');
}
for (let r = 0; r < 2; r++) {
await bench('put', N, (i) => d.send(new PutItemCommand({ TableName: 'tab', Item: { pk: { S: `k${r}-${i}` }, v: { S: 'x'.repeat(200) } }, ConditionExpression: 'attribute_not_exists(pk)' })));
await bench('transact3', N, (i) => d.send(new TransactWriteItemsCommand({ TransactItems: [1, 2, 3].map((n) => ({ Put: { TableName: 'tab', Item: { pk: { S: `t${r}-${i}-${n}` }, v: { S: 'x'.repeat(200) } }, ConditionExpression: 'attribute_not_exists(pk)' } })) })));
await bench('update', N, () => d.send(new UpdateItemCommand({ TableName: 'tab', Key: { pk: { S: 'ctr' } }, UpdateExpression: 'ADD n :one', ExpressionAttributeValues: { ':one': { N: '1' } } })));
await bench('sqs send', N, () => sqs.send(new SendMessageCommand({ QueueUrl: q.QueueUrl, MessageBody: 'hi' })));
}
console.log((await d.send(new QueryCommand({ TableName: 'tab', KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': { S: 'ctr' } } }))).Items);
const a = performance.now(); console.log((await d.send(new ScanCommand({ TableName: 'tab' }))).Count, performance.now() - a);
const s3 = new S3Client(cfg);
await s3.send(new CreateBucketCommand({ Bucket: 'bkt' }));
await s3.send(new PutObjectCommand({ Bucket: 'bkt', Key: 'a/b c.txt', Body: 'hello', IfNoneMatch: '*' }));
await s3.send(new PutObjectCommand({ Bucket: 'bkt', Key: 'a/b c.txt', Body: 'hello', IfNoneMatch: '*' })).catch((e) => console.log(e.name, e.$metadata.httpStatusCode));
console.log(await (await s3.send(new GetObjectCommand({ Bucket: 'bkt', Key: 'a/b c.txt' }))).Body?.transformToString());
await s.close(); k.destroy(); d.destroy(); sqs.destroy(); s3.destroy();
console.log('closed', process.getActiveResourcesInfo());
