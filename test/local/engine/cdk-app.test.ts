import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, StreamViewType, Table, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunction, Runtime, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, KinesisEventSource, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { listAt, objectAt } from '../../../lib/local/json.ts';
import { depth, start, temporaryDirectory, until } from './support.ts';

/** Writes orders to a table and announces them, with the stock SDK. */
const placeOrder = `
  import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
  import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
  import { SNSClient, PublishCommand } from '@aws-sdk/client-sns';
  const [tables, streams, topics] = [new DynamoDBClient({}), new KinesisClient({}), new SNSClient({})];
  export const handler = async ({ id }) => {
    await tables.send(new PutItemCommand({ TableName: process.env.ORDERS, Item: { pk: { S: id } } }));
    await streams.send(new PutRecordCommand({ StreamName: process.env.LOG, PartitionKey: id, Data: Buffer.from(id) }));
    for (const kind of ['placed', 'ignored']) {
      const MessageAttributes = { kind: { DataType: 'String', StringValue: kind } };
      await topics.send(new PublishCommand({ TopicArn: process.env.TOPIC, Message: id + ' ' + kind, MessageAttributes }));
    }
    return 'accepted';
  };`;

/** Notes what it received in the table and in the bucket. */
const note = `
  import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
  import { S3Client, PutObjectCommand } from '@aws-sdk/client-s3';
  const [tables, buckets] = [new DynamoDBClient({}), new S3Client({})];
  export const handler = async ({ Records }) => {
    for (const record of Records) {
      const text = record.body ?? record.dynamodb?.Keys.pk.S ?? Buffer.from(record.kinesis.data, 'base64').toString();
      await tables.send(new PutItemCommand({ TableName: process.env.NOTES, Item: { pk: { S: record.eventSource + ' ' + text } } }));
      await buckets.send(new PutObjectCommand({ Bucket: process.env.BUCKET, Key: text, Body: text }));
    }
    return { batchItemFailures: [] };
  };`;

async function bundle(directory: string, name: string, contents: string): Promise<Code> {
  const outfile = join(directory, name, 'index.mjs');
  mkdirSync(join(directory, name));
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
  await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    banner,
    logLevel: 'error',
  });
  writeFileSync(join(directory, name, 'README'), name);
  return Code.fromAsset(join(directory, name));
}

test('a CDK app of two stacks runs: function -> table, stream, topic -> functions -> table and bucket', async () => {
  const directory = temporaryDirectory();
  const app = new App({ outdir: join(directory, 'cdk.out') });
  const base = new Stack(app, 'shop-base');
  const key = new Key(base, 'Key');
  const orders = new Table(base, 'Orders', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    stream: StreamViewType.NEW_IMAGE,
    timeToLiveAttribute: 'ttl',
  });
  const notes = new TableV2(base, 'Notes', { partitionKey: { name: 'pk', type: AttributeType.STRING } });
  const log = new Stream(base, 'Log', { shardCount: 2, retentionPeriod: Duration.days(7) });
  const topic = new Topic(base, 'Topic', { masterKey: key, enforceSSL: true });
  const bucket = new Bucket(base, 'Bucket', { enforceSSL: true });
  const stack = new Stack(app, 'shop-app');
  const dead = new Queue(stack, 'Dead', { retentionPeriod: Duration.days(14), enforceSSL: true });
  const work = new Queue(stack, 'Work', {
    encryptionMasterKey: key,
    visibilityTimeout: Duration.seconds(60),
    deadLetterQueue: { queue: dead, maxReceiveCount: 3 },
  });
  topic.addSubscription(
    new SqsSubscription(work, {
      rawMessageDelivery: true,
      filterPolicy: { kind: SubscriptionFilter.stringFilter({ allowlist: ['placed'] }) },
    }),
  );
  const common = {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    memorySize: 512,
    timeout: Duration.seconds(10),
  };
  const place = new LambdaFunction(stack, 'Place', {
    ...common,
    code: await bundle(directory, 'place', placeOrder),
    environment: { ORDERS: orders.tableName, LOG: log.streamName, TOPIC: topic.topicArn },
  });
  orders.grantWriteData(place);
  log.grantWrite(place);
  topic.grantPublish(place);
  const noting = new LambdaFunction(stack, 'Noting', {
    ...common,
    code: await bundle(directory, 'note', note),
    environment: { NOTES: notes.tableName, BUCKET: bucket.bucketName },
  });
  notes.grantWriteData(noting);
  bucket.grantPut(noting);
  noting.addEventSource(new SqsEventSource(work, { reportBatchItemFailures: true }));
  noting.addEventSource(
    new KinesisEventSource(log, {
      startingPosition: StartingPosition.LATEST,
      reportBatchItemFailures: true,
      retryAttempts: 3,
    }),
  );
  noting.addEventSource(
    new DynamoEventSource(orders, { startingPosition: StartingPosition.TRIM_HORIZON, retryAttempts: 3 }),
  );
  new Alarm(stack, 'DeadLetters', {
    metric: dead.metricApproximateNumberOfMessagesVisible(),
    threshold: 1,
    evaluationPeriods: 1,
  });
  new CfnOutput(stack, 'PlaceName', { value: place.functionName });

  const { engine, calls } = await start(app.synth().directory);
  const [shopBase, shopApp] = engine.stacks;
  const physical = (info: typeof shopBase, type: string): string =>
    Object.values(info?.resources ?? {}).find((resource) => resource.type === type)?.physicalId ?? '';
  const name = shopApp?.outputs.PlaceName?.value ?? '';
  const answer = await calls.rest('lambda', 'POST', `/2015-03-31/functions/${name}/invocations`, '{"id":"o-1"}');
  expect(answer).toBe('"accepted"');
  const TableName = physical(shopBase, 'AWS::DynamoDB::GlobalTable');
  const written = await until('three notes', async () => {
    const items = listAt(await calls.json('dynamodb', 'Scan', { TableName }), 'Items');
    return items.length >= 3 && items;
  });
  expect(written.map((item) => objectAt(item, 'pk').S).toSorted()).toEqual([
    'aws:dynamodb o-1',
    'aws:kinesis o-1',
    'aws:sqs o-1 placed',
  ]);
  await until('both objects', async () => {
    const objects = await calls.rest('s3', 'GET', `/${physical(shopBase, 'AWS::S3::Bucket')}?list-type=2`);
    return objects.match(/<Key>/g)?.length === 2;
  });
  for (const [id, resource] of Object.entries(shopApp?.resources ?? {})) {
    if (resource.type === 'AWS::SQS::Queue')
      await until(`${id} to be empty`, async () => (await depth(calls, resource.physicalId)) === 0);
  }
  expect(engine.notices.filter((notice) => !notice.includes('accepted'))).toEqual([]);
});
