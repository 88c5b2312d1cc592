import {
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetRecordsCommand, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { CopyObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { SendEmailCommand } from '@aws-sdk/client-sesv2';
import { PublishBatchCommand, PublishCommand } from '@aws-sdk/client-sns';
import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PolicyStatement } from '../../../lib/local/iam.ts';
import { failure, type Harness, ROLE, startHarness } from './harness.ts';

let harness: Harness;
let worker: ReturnType<Harness['clientsOf']>;
beforeAll(async () => {
  harness = await startHarness();
  worker = harness.clientsOf('worker');
});
afterAll(() => harness.close());

type Clients = typeof worker;
const allow = (Action: string, Resource: string): PolicyStatement => ({ Effect: 'Allow', Action, Resource });
const setPolicy = (...Statement: PolicyStatement[]) =>
  harness.services.iam.roles.put(ROLE, 'policy', { Version: '2012-10-17', Statement });

const queueUrl = () => `${harness.services.url}/000000000000/q`;
const table = 'arn:aws:dynamodb:us-east-1:000000000000:table/tab';
const key = { pk: { S: 'x' } };
const email = (FromEmailAddress: string) =>
  new SendEmailCommand({
    FromEmailAddress,
    Destination: { ToAddresses: ['x@y.z'] },
    Content: { Simple: { Subject: { Data: '' }, Body: {} } },
  });
const topic = 'arn:aws:sns:us-east-1:000000000000:t';

/** Operation, action and resource that AWS checks, and the call. Nothing of it exists: what is allowed fails with another error. */
const CALLS: readonly (readonly [string, string, string, (clients: Clients) => Promise<unknown>])[] = [
  [
    'SendMessage',
    'sqs:SendMessage',
    'arn:aws:sqs:us-east-1:000000000000:q',
    ({ sqs }) => sqs.send(new SendMessageCommand({ QueueUrl: queueUrl(), MessageBody: 'x' })),
  ],
  [
    'SendMessageBatch',
    'sqs:SendMessage',
    'arn:aws:sqs:us-east-1:000000000000:q',
    ({ sqs }) =>
      sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl(), Entries: [{ Id: '1', MessageBody: 'x' }] })),
  ],
  [
    'ReceiveMessage',
    'sqs:ReceiveMessage',
    'arn:aws:sqs:us-east-1:000000000000:q',
    ({ sqs }) => sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl() })),
  ],
  [
    'DeleteMessageBatch',
    'sqs:DeleteMessage',
    'arn:aws:sqs:us-east-1:000000000000:q',
    ({ sqs }) => sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl(), Entries: [] })),
  ],
  ['Publish', 'sns:Publish', topic, ({ sns }) => sns.send(new PublishCommand({ TopicArn: topic, Message: 'x' }))],
  [
    'PublishBatch',
    'sns:Publish',
    topic,
    ({ sns }) =>
      sns.send(new PublishBatchCommand({ TopicArn: topic, PublishBatchRequestEntries: [{ Id: '1', Message: 'x' }] })),
  ],
  [
    'PutRecord',
    'kinesis:PutRecord',
    'arn:aws:kinesis:us-east-1:000000000000:stream/s',
    ({ kinesis }) => kinesis.send(new PutRecordCommand({ StreamName: 's', PartitionKey: 'x', Data: Buffer.from('x') })),
  ],
  [
    'GetRecords (which does not name its stream)',
    'kinesis:GetRecords',
    'arn:aws:kinesis:us-east-1:000000000000:stream/s',
    ({ kinesis }) => kinesis.send(new GetRecordsCommand({ ShardIterator: 'x' })),
  ],
  [
    'PutItem',
    'dynamodb:PutItem',
    table,
    ({ dynamodb }) => dynamodb.send(new PutItemCommand({ TableName: 'tab', Item: key })),
  ],
  [
    'GetItem by ARN',
    'dynamodb:GetItem',
    table,
    ({ dynamodb }) => dynamodb.send(new GetItemCommand({ TableName: table, Key: key })),
  ],
  [
    'Query of an index',
    'dynamodb:Query',
    `${table}/index/i`,
    ({ dynamodb }) =>
      dynamodb.send(
        new QueryCommand({
          TableName: 'tab',
          IndexName: 'i',
          KeyConditionExpression: 'pk = :x',
          ExpressionAttributeValues: { ':x': { S: 'x' } },
        }),
      ),
  ],
  [
    'PutObject',
    's3:PutObject',
    'arn:aws:s3:::b/k',
    ({ s3 }) => s3.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'x' })),
  ],
  [
    'GetObject',
    's3:GetObject',
    'arn:aws:s3:::b/k/1',
    ({ s3 }) => s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'k/1' })),
  ],
  ['ListObjectsV2', 's3:ListBucket', 'arn:aws:s3:::b', ({ s3 }) => s3.send(new ListObjectsV2Command({ Bucket: 'b' }))],
  [
    'SendEmail by address',
    'ses:SendEmail',
    'arn:aws:ses:us-east-1:000000000000:identity/me@shop.com',
    ({ ses }) => ses.send(email('Me <me@shop.com>')),
  ],
  [
    'SendEmail by domain',
    'ses:SendEmail',
    'arn:aws:ses:us-east-1:000000000000:identity/shop.com',
    ({ ses }) => ses.send(email('me@shop.com')),
  ],
];

const isDenial = ({ name }: Error) => /^(AccessDenied(Exception)?|AuthorizationErrorException)$/.test(name);

describe('a function', () => {
  it.each(CALLS)('%s needs %s', async (_name, action, resource, call) => {
    setPolicy();
    const denied = await failure(call(worker));
    expect(denied).toSatisfy(isDenial);
    expect(denied.message).toContain(
      'User: arn:aws:sts::000000000000:assumed-role/worker-role/worker is not authorized to perform: ',
    );
    expect(denied.message).toContain(`${action} on resource: `);
    expect(denied.message).toContain(`because no identity-based policy allows the ${action} action`);

    setPolicy(allow(action, `${resource}-other`), allow(`${action}Other`, resource));
    if (!action.endsWith('GetRecords')) expect(await failure(call(worker))).toSatisfy(isDenial);

    setPolicy(allow(action, resource));
    const outcome = await call(worker).catch((error: Error) => error);
    expect(outcome).not.toSatisfy(isDenial);
  });

  it('needs the permission of every part of a transaction', async () => {
    const call = () =>
      worker.dynamodb.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName: 'tab', Item: key } },
            { Update: { TableName: 'tab2', Key: key, UpdateExpression: 'REMOVE x' } },
            { ConditionCheck: { TableName: 'tab3', Key: key, ConditionExpression: 'attribute_exists(pk)' } },
          ],
        }),
      );
    setPolicy(allow('dynamodb:PutItem', table), allow('dynamodb:UpdateItem', `${table}2`));
    expect((await failure(call())).message).toContain(`dynamodb:ConditionCheckItem on resource: ${table}3`);
    setPolicy(
      allow('dynamodb:PutItem', table),
      allow('dynamodb:UpdateItem', `${table}?`),
      allow('dynamodb:ConditionCheck*', '*'),
    );
    expect((await failure(call())).name).toBe('ResourceNotFoundException');
  });

  it('needs to read what it copies', async () => {
    const call = () => worker.s3.send(new CopyObjectCommand({ Bucket: 'b', Key: 'copy', CopySource: 'b/original' }));
    setPolicy(allow('s3:PutObject', 'arn:aws:s3:::b/*'));
    expect((await failure(call())).message).toContain('s3:GetObject on resource: arn:aws:s3:::b/original');
  });

  it('is refused by an explicit Deny, whatever else is allowed', async () => {
    setPolicy(allow('*', '*'), { Effect: 'Deny', Action: 'dynamodb:Update*', Resource: table });
    const call = (TableName: string) =>
      worker.dynamodb.send(new UpdateItemCommand({ TableName, Key: key, UpdateExpression: 'REMOVE x' }));
    expect((await failure(call('tab'))).message).toContain('with an explicit deny in an identity-based policy');
    expect((await failure(call('other'))).name).toBe('ResourceNotFoundException');
  });

  it('is allowed by NotAction, and under the conditions of a statement', async () => {
    const call = () => worker.dynamodb.send(new GetItemCommand({ TableName: 'tab', Key: key }));
    setPolicy({ Effect: 'Allow', NotAction: 'dynamodb:PutItem', Resource: '*' });
    expect((await failure(call())).name).toBe('ResourceNotFoundException');
    setPolicy({
      Effect: 'Allow',
      Action: 'dynamodb:*',
      Resource: '*',
      Condition: { Bool: { 'aws:SecureTransport': 'true' } },
    });
    expect((await failure(call())).name).toBe('ResourceNotFoundException');
  });

  it.each<[string, string, object, string | undefined]>([
    ['monitoring', 'PutMetricData', { Namespace: 'Mine' }, undefined],
    ['monitoring', 'PutMetricData', { Namespace: 'Yours' }, 'cloudwatch:PutMetricData on resource: *'],
    ['logs', 'GetLogEvents', { logGroupName: '/mine' }, undefined],
    ['logs', 'GetLogEvents', { logGroupName: '/yours' }, 'logs:GetLogEvents on resource: arn:aws:logs:us-east-1:'],
  ])('%s %s %j is decided by namespace or log group', (service, operation, input, refused) => {
    setPolicy(
      {
        ...allow('cloudwatch:PutMetricData', '*'),
        Condition: { StringEquals: { 'cloudwatch:namespace': 'Mine' } },
      },
      allow('logs:*', 'arn:aws:logs:us-east-1:000000000000:log-group:/mine:*'),
    );
    const refusal = harness.services.iam.check({
      service,
      operation,
      region: 'us-east-1',
      method: 'POST',
      url: '/',
      headers: { 'x-amz-target': `X.${operation}`, 'content-type': 'application/x-amz-json-1.0' },
      body: Buffer.from(JSON.stringify(input)),
      caller: { accessKeyId: 'x', roleArn: ROLE, functionName: 'f' },
    });
    if (refused === undefined) expect(refusal).toBeUndefined();
    else expect(refusal?.message).toContain(refused);
  });

  it('is nobody once its credentials are revoked', async () => {
    const { identities } = harness.services;
    const { accessKeyId } = identities.issue({ functionName: 'dead', instance: 1, roleArn: ROLE });
    setPolicy(allow('*', '*'));
    identities.revoke(accessKeyId);
    const response = await fetch(harness.services.url, {
      method: 'POST',
      headers: {
        'x-amz-target': 'DynamoDB_20120810.ListTables',
        authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: '{}',
    });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('UnrecognizedClientException');
  });
});

it('callers from outside may do everything', async () => {
  setPolicy();
  const outcome = await harness.clients.dynamodb
    .send(new GetItemCommand({ TableName: 'tab', Key: key }))
    .catch((error: Error) => error);
  expect(outcome).toMatchObject({ name: 'ResourceNotFoundException' });
});

it('GetCallerIdentity needs no permission and says who one is', async () => {
  setPolicy();
  const { accessKeyId } = harness.services.identities.issue({ functionName: 'me', instance: 1, roleArn: ROLE });
  const whoAmI = async (signer: string) => {
    const response = await fetch(harness.services.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `AWS4-HMAC-SHA256 Credential=${signer}/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
    });
    return /<Arn>(.*)<\/Arn>/.exec(await response.text())?.[1];
  };
  expect(await whoAmI(accessKeyId)).toBe('arn:aws:sts::000000000000:assumed-role/worker-role/me');
  expect(await whoAmI('outside')).toBe('arn:aws:iam::000000000000:root');
});
