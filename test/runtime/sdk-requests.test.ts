import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  BatchGetItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { KinesisClient, ListShardsCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsService } from '../../lib/runtime/aws/calls/call.ts';
import { httpCall } from '../../lib/runtime/aws/http.ts';

/**
 * The light client against the AWS SDK: every operation that it makes, with the same input, must be the same request, and the same answer
 * must be read as the same. Nobody at an emulator notices another service's API version; AWS would refuse every call.
 */

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}
interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

let server: Server;
let received: Request[] = [];
let answer: Answer = {};

/** Headers that say what is asked for; others say who asks, when, and over which connection. */
const MEANT = /^(content-type|content-encoding|if-none-match|x-amz-target|x-amz-invocation-type|x-amz-meta-.*)$/;

function bodyOf(text: string, type = ''): unknown {
  if (type.includes('json')) return text === '' ? {} : JSON.parse(text);
  return type.includes('form') ? Object.fromEntries([...new URLSearchParams(text)].sort()) : text;
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    const { headers, method = '' } = request;
    received.push({
      method,
      path: pathname,
      // How the SDK names its operation to S3, for logs.
      query: [...searchParams].filter(([name]) => name !== 'x-id').sort(),
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => MEANT.test(name))),
      body: bodyOf(Buffer.concat(chunks).toString(), headers['content-type']),
    });
    response.writeHead(answer.status ?? 200, answer.headers ?? {}).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const config = () => ({
  endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 's' },
  maxAttempts: 1,
  // The SDK's Kinesis client speaks HTTP/2 unless told otherwise.
  requestHandler: new NodeHttpHandler(),
});

interface Operation {
  readonly service: AwsService;
  readonly operation: string;
  readonly input: object;
  /** The SDK's call, with the same input unless said otherwise. */
  readonly sdk: (input: never) => Promise<unknown>;
  readonly sdkInput?: object;
  readonly answer: Answer;
  /** What both must have read. @default the SDK's answer without its metadata */
  readonly read?: (answer: unknown) => unknown;
}

const json = (body: object): Answer => ({
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify(body),
});
const key = { pk: { S: 'a/b é' } };
const item = {
  ...key,
  n: { N: '1.50' },
  m: { M: { l: { L: [{ BOOL: true }, { NULL: true }] } } },
  s: { SS: ['x', 'y'] },
};
const names = { '#n': 'n' };
const values = { ':one': { N: '1' } };
const attributes = {
  type: { DataType: 'String', StringValue: 'a&b=c é' },
  version: { DataType: 'String', StringValue: 'v1' },
};

const dynamodb = (
  operation: string,
  Command: new (input: never) => never,
  input: object,
  output: object,
): Operation => ({
  ...{ service: 'dynamodb', operation, input, answer: json(output) },
  sdk: (given) => new DynamoDBClient(config()).send(new Command(given)),
});
const sqs = (operation: string, Command: new (input: never) => never, input: object, output: Answer): Operation => ({
  ...{
    service: 'sqs',
    operation,
    input: { QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/1/q', ...input },
    answer: output,
  },
  sdk: (given) => new SQSClient({ ...config(), md5: false }).send(new Command(given)),
});
const put = {
  TableName: 't',
  Item: item,
  ConditionExpression: 'attribute_not_exists(#n)',
  ExpressionAttributeNames: names,
};
const update = {
  ...{ TableName: 't', Key: key, UpdateExpression: 'SET #n = :one', ConditionExpression: '#n < :one' },
  ...{ ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValues: 'ALL_NEW' },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
};
const schedule = {
  ...{ Name: 'a.b_c-1', GroupName: 'group', ClientToken: 'token', ScheduleExpression: 'at(2026-12-24T18:00:00)' },
  ...{ ScheduleExpressionTimezone: 'UTC', FlexibleTimeWindow: { Mode: 'OFF' }, ActionAfterCompletion: 'DELETE' },
  Target: {
    ...{ Arn: 'arn:q', RoleArn: 'arn:r', Input: '{"a":"é"}', SqsParameters: { MessageGroupId: 'g' } },
    DeadLetterConfig: { Arn: 'arn:d' },
    RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
  },
};
const scheduler = (
  operation: string,
  Command: new (input: never) => never,
  input: object,
  body: object,
): Operation => ({
  ...{
    service: 'scheduler',
    operation,
    input,
    answer: { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  },
  sdk: (given) => new SchedulerClient(config()).send(new Command(given)),
});
const object = { Bucket: 'a-bucket', Key: "claims/it's (a) key/é +&=?" };
const s3 = (
  operation: string,
  Command: new (input: never) => never,
  input: object,
  output: Answer,
  read: Operation['read'],
): Operation => ({
  ...{ service: 's3', operation, input, answer: output, ...(read === undefined ? {} : { read }) },
  sdk: (given) =>
    new S3Client({ ...config(), forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' }).send(
      new Command(given),
    ),
});
const snsXml = (result: string): Answer => ({
  headers: { 'content-type': 'text/xml' },
  body: `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>${result}</PublishBatchResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishBatchResponse>`,
});
const C = <T>(command: T): (new (input: never) => never) => command as never;

/** Bytes at every place that an item has for them, beside attributes that are named like their types. */
const withBytes = (bytes: Uint8Array) => ({
  ...{ pk: 'a', bytes, list: [bytes, 'text'], B: 'text', BS: { B: bytes }, map: { B: { BS: ['x'] } } },
  set: new Set([bytes]),
});
const BYTES_ANSWERED = {
  ...{ pk: { S: 'a' }, bytes: { B: 'AP8K' }, none: { B: '' }, list: { L: [{ B: 'AP8K' }, { S: 'text' }] } },
  ...{ B: { S: 'text' }, BS: { M: { B: { B: 'AP8K' } } }, set: { BS: ['AP8K', 'AQ=='] } },
};

const OPERATIONS: readonly Operation[] = [
  dynamodb('GetItem', C(GetItemCommand), { TableName: 't', Key: key, ConsistentRead: true }, { Item: item }),
  dynamodb(
    'BatchGetItem',
    C(BatchGetItemCommand),
    { RequestItems: { t: { Keys: [key], ConsistentRead: true } } },
    { Responses: { t: [item] }, UnprocessedKeys: { t: { Keys: [key], ConsistentRead: true } } },
  ),
  dynamodb(
    'Query',
    C(QueryCommand),
    {
      ...{ TableName: 't', IndexName: 'i', KeyConditionExpression: '#n = :one', ExpressionAttributeNames: names },
      ...{ ExpressionAttributeValues: values, ExclusiveStartKey: key, Limit: 7 },
    },
    { Items: [item], Count: 1, ScannedCount: 1, LastEvaluatedKey: key },
  ),
  dynamodb('PutItem', C(PutItemCommand), put, {}),
  ...[new Uint8Array([0, 255, 10]), Buffer.from('bytes in a pool')].map((bytes) =>
    dynamodb('PutItem', C(PutItemCommand), { TableName: 't', Item: marshall(withBytes(bytes)) }, {}),
  ),
  dynamodb('GetItem', C(GetItemCommand), { TableName: 't', Key: key }, { Item: BYTES_ANSWERED }),
  dynamodb('Query', C(QueryCommand), { TableName: 't', KeyConditionExpression: 'pk = a' }, { Items: [BYTES_ANSWERED] }),
  dynamodb('UpdateItem', C(UpdateItemCommand), update, { Attributes: item }),
  dynamodb(
    'DeleteItem',
    C(DeleteItemCommand),
    { TableName: 't', Key: key, ConditionExpression: 'attribute_exists(pk)' },
    {},
  ),
  dynamodb(
    'TransactWriteItems',
    C(TransactWriteItemsCommand),
    {
      ClientRequestToken: 'token',
      TransactItems: [
        { Put: put },
        {
          Update: {
            TableName: 't',
            Key: key,
            UpdateExpression: 'SET #n = :one',
            ExpressionAttributeNames: names,
            ExpressionAttributeValues: values,
          },
        },
        { Delete: { TableName: 't', Key: key } },
        { ConditionCheck: { TableName: 't', Key: key, ConditionExpression: 'attribute_exists(pk)' } },
      ],
    },
    {},
  ),
  sqs(
    'SendMessage',
    C(SendMessageCommand),
    { MessageBody: 'a é', MessageAttributes: attributes, MessageGroupId: 'g', DelaySeconds: 1 },
    json({ MessageId: 'm', MD5OfMessageBody: 'x' }),
  ),
  sqs(
    'SendMessageBatch',
    C(SendMessageBatchCommand),
    {
      Entries: [
        { Id: '0', MessageBody: 'a', MessageAttributes: attributes, MessageGroupId: 'g', MessageDeduplicationId: 'd' },
        { Id: '1', MessageBody: 'b', DelaySeconds: 9 },
      ],
    },
    json({
      Successful: [{ Id: '0', MessageId: 'm', MD5OfMessageBody: 'x', SequenceNumber: '1' }],
      Failed: [{ Id: '1', Code: 'E', Message: 'no', SenderFault: true }],
    }),
  ),
  sqs(
    'DeleteMessageBatch',
    C(DeleteMessageBatchCommand),
    { Entries: [{ Id: '0', ReceiptHandle: 'r+/=' }] },
    json({ Successful: [], Failed: [{ Id: '0', Code: 'ReceiptHandleIsInvalid', SenderFault: true }] }),
  ),
  sqs('ChangeMessageVisibility', C(ChangeMessageVisibilityCommand), { ReceiptHandle: 'r', VisibilityTimeout: 30 }, {}),
  {
    service: 'sns',
    operation: 'PublishBatch',
    input: {
      TopicArn: 'arn:aws:sns:eu-west-1:1:t',
      PublishBatchRequestEntries: [
        {
          Id: '0',
          Message: 'a é&=+ ',
          MessageAttributes: attributes,
          MessageGroupId: 'g',
          MessageDeduplicationId: 'd',
        },
        { Id: '1', Message: 'b' },
      ],
    },
    sdk: (given) => new SNSClient(config()).send(new PublishBatchCommand(given)),
    answer: snsXml(
      '<Failed><member><SenderFault>true</SenderFault><Id>1</Id><Message>a &amp;lt; b</Message><Code>InvalidParameter</Code></member></Failed><Successful><member><MessageId>m</MessageId><Id>0</Id><SequenceNumber>10</SequenceNumber></member></Successful>',
    ),
  },
  {
    service: 'kinesis',
    operation: 'PutRecords',
    input: { StreamName: 's', Records: [{ Data: Buffer.from('a é').toString('base64'), PartitionKey: 'k é' }] },
    sdkInput: { StreamName: 's', Records: [{ Data: Buffer.from('a é'), PartitionKey: 'k é' }] },
    sdk: (given) => new KinesisClient(config()).send(new PutRecordsCommand(given)),
    answer: json({
      FailedRecordCount: 1,
      Records: [
        { SequenceNumber: '1', ShardId: 's' },
        { ErrorCode: 'E', ErrorMessage: 'no' },
      ],
    }),
  },
  {
    service: 'kinesis',
    operation: 'ListShards',
    input: { StreamName: 's', MaxResults: 7 },
    sdk: (given) => new KinesisClient(config()).send(new ListShardsCommand(given)),
    answer: json({ Shards: [{ ShardId: 's-1', ParentShardId: 's-0' }], NextToken: 't' }),
  },
  s3('DeleteObject', C(DeleteObjectCommand), object, { status: 204 }, () => undefined),
  s3(
    'PutObject',
    C(PutObjectCommand),
    {
      ...object,
      Body: Buffer.from('{"a":"é"}'),
      ContentType: 'application/json',
      ContentEncoding: 'gzip',
      IfNoneMatch: '*',
      Metadata: { 'last-sequence-number': '1' },
    },
    {},
    () => undefined,
  ),
  s3(
    'GetObject',
    C(GetObjectCommand),
    object,
    { headers: { 'x-amz-meta-last-sequence-number': '7' }, body: 'content' },
    (read) => (read as { Metadata: object }).Metadata,
  ),
  s3(
    'HeadObject',
    C(HeadObjectCommand),
    object,
    { headers: { 'x-amz-meta-last-sequence-number': '7' } },
    (read) => (read as { Metadata: object }).Metadata,
  ),
  scheduler('CreateSchedule', C(CreateScheduleCommand), schedule, { ScheduleArn: 'arn' }),
  scheduler(
    'GetSchedule',
    C(GetScheduleCommand),
    { Name: 'a.b', GroupName: 'g' },
    { Name: 'a.b', Target: { Input: '{}', Arn: 'a', RoleArn: 'r' } },
  ),
  scheduler('DeleteSchedule', C(DeleteScheduleCommand), { Name: 'a.b', GroupName: 'g', ClientToken: 't' }, {}),
  {
    service: 'lambda',
    operation: 'InvokeAsync',
    input: { FunctionName: 'arn:aws:lambda:eu-west-1:1:function:f', Payload: { a: 'é' } },
    sdkInput: {
      FunctionName: 'arn:aws:lambda:eu-west-1:1:function:f',
      InvocationType: 'Event',
      Payload: Buffer.from('{"a":"é"}'),
    },
    sdk: (given) => new LambdaClient(config()).send(new InvokeCommand(given)),
    answer: { status: 202 },
    read: () => undefined,
  },
];

/** What the SDK's answers say, without what it says about the exchange. */
const output = (read: unknown): unknown => {
  const { $metadata: _, ...rest } = read as Record<string, unknown>;
  return JSON.parse(JSON.stringify(rest));
};

const light = () =>
  httpCall({
    env: (name) =>
      ({
        AWS_ENDPOINT_URL: config().endpoint,
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: 'a',
        AWS_SECRET_ACCESS_KEY: 's',
      })[name],
    random: () => 0,
    sleep: async () => undefined,
  });

describe.each(OPERATIONS)(
  '$service $operation',
  ({ service, operation, input, sdk, sdkInput = input, answer: given, read = output }) => {
    it('is the request that the AWS SDK makes, and its answer is read as the SDK reads it', async () => {
      received = [];
      answer = given;
      const theirs = await sdk(sdkInput as never);
      const ours = await light()(service, operation, input);
      const [expected, actual] = received;
      expect(received).toHaveLength(2);
      expect(actual).toEqual(expected);
      expect(read(ours)).toEqual(read(theirs));
    });

    it('fails as the AWS SDK fails', async () => {
      const xml = (code: string) => `<Error><Code>${code}</Code><Message>no &amp; never</Message></Error>`;
      const errors: Readonly<Record<string, Answer>> = {
        s3: { status: 403, body: operation === 'HeadObject' ? '' : xml('AccessDenied') },
        sns: { status: 403, body: `<ErrorResponse>${xml('NoModelNamesThis')}<RequestId>r</RequestId></ErrorResponse>` },
        ...Object.fromEntries(
          ['scheduler', 'lambda'].map((name) => [
            name,
            {
              status: 404,
              headers: { 'x-amzn-errortype': 'ResourceNotFoundException:http://x/' },
              body: '{"Message":"no & never"}',
            },
          ]),
        ),
      };
      received = [];
      answer = errors[service] ?? {
        status: 400,
        body: '{"__type":"com.amazonaws#ResourceNotFoundException","message":"no & never"}',
      };
      const of = (call: Promise<unknown>) =>
        call.then(
          () => expect.fail('was answered'),
          ({ name, message }: Error) => ({ name, message }),
        );
      const theirs = await of(sdk(sdkInput as never));
      const ours = await of(light()(service, operation, input));
      if (operation === 'HeadObject') expect(ours.name).toBe('UnknownError');
      else expect(ours).toEqual(theirs);
    });
  },
);

it('covers every operation that the runtime makes', async () => {
  const { readdirSync, readFileSync } = await import('node:fs');
  const sources = readdirSync('lib/runtime', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(`lib/runtime/${name}`, 'utf8'))
    .join('\n');
  const made = new Set(
    [...sources.matchAll(/aws\(\s*'(\w+)',\s*'(\w+)'/g)].map(([, service, operation]) => `${service} ${operation}`),
  );
  for (const [, operation] of sources.matchAll(/dynamodb\(\s*'(\w+)'/g)) made.add(`dynamodb ${operation}`);
  const covered = OPERATIONS.map(({ service, operation }) => `${service} ${operation}`);
  expect(made.size).toBeGreaterThan(15);
  expect([...made].filter((one) => !covered.includes(one))).toEqual([]);
});
