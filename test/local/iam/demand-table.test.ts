import { describe, expect, it } from 'vitest';
import type { Demand } from '../../../lib/local/iam/demand.ts';
import { demandsOf } from '../../../lib/local/iam/demands.ts';
import { iteratorToken } from '../../../lib/local/kinesis/iterators.ts';
import type { ServiceRequest } from '../../../lib/local/service.ts';

const REGION = 'eu-west-1';
const ACCOUNT = '111122223333';
const arn = (service: string, rest: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;

/** The demands of a call, as text: what is done to what, and under which values. */
function demandsIn(request: Partial<ServiceRequest> & Pick<ServiceRequest, 'service'>): readonly string[] {
  const whole = { region: REGION, method: 'POST', url: '/', headers: {}, body: Buffer.alloc(0), ...request };
  const context = {
    account: ACCOUNT,
    partitionKeyOf: (table: string) => (table === 'orders' ? 'pk' : undefined),
    roleArnOf: () => undefined,
  };
  const told = ({ action, resources, values = {} }: Demand): string =>
    [action, resources.join(' or '), ...Object.entries(values).map(([key, value]) => `${key}=${value}`)].join(' ');
  return demandsOf(whole as ServiceRequest, context).map(told);
}
const json = (service: string, operation: string, body: object) => ({
  ...{ service, operation, body: Buffer.from(JSON.stringify(body)) },
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `X.${operation}` },
});
const form = (service: string, operation: string, parameters: Record<string, string>) => ({
  ...{ service, operation, body: Buffer.from(String(new URLSearchParams({ Action: operation, ...parameters }))) },
});
const rest = (service: string, method: string, url: string, more: Partial<ServiceRequest> = {}) => ({
  ...{ service, method, url, ...more },
});

const QUEUE = arn('sqs', 'work');
const TOPIC = arn('sns', 'news');
const STREAM = arn('kinesis', 'stream/log');
const TABLE = arn('dynamodb', 'table/orders');
const iterator = iteratorToken({ stream: 'log', streamCreatedAt: 1, shard: 0, number: 1 }, 1);
const url = 'http://127.0.0.1:4566/111122223333/work';

type Row = readonly [call: ReturnType<typeof json | typeof form | typeof rest>, ...demands: readonly string[]];

/** https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html */
const CALLS: Readonly<Record<string, readonly Row[]>> = {
  sqs: [
    [json('sqs', 'SendMessage', { QueueUrl: url }), `sqs:SendMessage ${QUEUE}`],
    [json('sqs', 'SendMessageBatch', { QueueUrl: url }), `sqs:SendMessage ${QUEUE}`],
    [json('sqs', 'DeleteMessageBatch', { QueueUrl: url }), `sqs:DeleteMessage ${QUEUE}`],
    [json('sqs', 'ChangeMessageVisibilityBatch', { QueueUrl: url }), `sqs:ChangeMessageVisibility ${QUEUE}`],
    [json('sqs', 'ReceiveMessage', { QueueUrl: url }), `sqs:ReceiveMessage ${QUEUE}`],
    [json('sqs', 'CreateQueue', { QueueName: 'work' }), `sqs:CreateQueue ${QUEUE}`],
    [json('sqs', 'GetQueueUrl', { QueueName: 'work' }), `sqs:GetQueueUrl ${QUEUE}`],
    [json('sqs', 'StartMessageMoveTask', { SourceArn: QUEUE }), `sqs:StartMessageMoveTask ${QUEUE}`],
    [json('sqs', 'ListQueues', {}), 'sqs:ListQueues *'],
  ],
  sns: [
    [form('sns', 'Publish', { TopicArn: TOPIC }), `sns:Publish ${TOPIC}`],
    [form('sns', 'Publish', { TargetArn: TOPIC }), `sns:Publish ${TOPIC}`],
    [form('sns', 'PublishBatch', { TopicArn: TOPIC }), `sns:Publish ${TOPIC}`],
    [form('sns', 'TagResource', { ResourceArn: TOPIC }), `sns:TagResource ${TOPIC}`],
    [
      form('sns', 'Subscribe', { TopicArn: TOPIC, Protocol: 'sqs', Endpoint: QUEUE }),
      `sns:Subscribe ${TOPIC} sns:protocol=sqs sns:endpoint=${QUEUE}`,
    ],
    [form('sns', 'ListTopics', {}), 'sns:ListTopics *'],
  ],
  kinesis: [
    [json('kinesis', 'PutRecord', { StreamName: 'log' }), `kinesis:PutRecord ${STREAM}`],
    [json('kinesis', 'PutRecords', { StreamARN: STREAM }), `kinesis:PutRecords ${STREAM}`],
    [json('kinesis', 'GetRecords', { ShardIterator: iterator }), `kinesis:GetRecords ${STREAM}`],
    [json('kinesis', 'GetRecords', { ShardIterator: iterator, StreamARN: TABLE }), `kinesis:GetRecords ${TABLE}`],
    [json('kinesis', 'GetRecords', { ShardIterator: 'none' }), 'kinesis:GetRecords '],
    [
      json('kinesis', 'SubscribeToShard', { ConsumerARN: `${STREAM}/consumer/c:1` }),
      `kinesis:SubscribeToShard ${STREAM}/consumer/c:1`,
    ],
    [json('kinesis', 'TagResource', { ResourceARN: STREAM }), `kinesis:TagResource ${STREAM}`],
    [json('kinesis', 'ListStreams', {}), 'kinesis:ListStreams *'],
    [json('kinesis', 'NoSuchThing', {})],
  ],
  s3: [
    [rest('s3', 'GET', '/'), 's3:ListAllMyBuckets *'],
    [rest('s3', 'HEAD', '/b'), 's3:ListBucket arn:aws:s3:::b'],
    [rest('s3', 'GET', '/b/?prefix=a%2F'), 's3:ListBucket arn:aws:s3:::b s3:prefix=a/'],
    [rest('s3', 'GET', '/b?policy'), 's3:GetBucketPolicy arn:aws:s3:::b'],
    [rest('s3', 'GET', '/b/a%20b/c'), 's3:GetObject arn:aws:s3:::b/a b/c'],
    [rest('s3', 'HEAD', '/b/k'), 's3:GetObject arn:aws:s3:::b/k'],
    [rest('s3', 'DELETE', '/b/k'), 's3:DeleteObject arn:aws:s3:::b/k'],
    [rest('s3', 'POST', '/b?delete'), 's3:DeleteObject arn:aws:s3:::b/*'],
    [rest('s3', 'POST', '/b/k?uploads'), 's3:PutObject arn:aws:s3:::b/k'],
    [rest('s3', 'PUT', '/b/k?uploadId=1&partNumber=1'), 's3:PutObject arn:aws:s3:::b/k'],
    [rest('s3', 'POST', '/b/k?uploadId=1'), 's3:PutObject arn:aws:s3:::b/k'],
    [rest('s3', 'DELETE', '/b/k?uploadId=1'), 's3:AbortMultipartUpload arn:aws:s3:::b/k'],
    ...['/from/a%20b', 'from/a%20b'].map(
      (source): Row => [
        rest('s3', 'PUT', '/b/k', { headers: { 'x-amz-copy-source': source } }),
        's3:PutObject arn:aws:s3:::b/k',
        's3:GetObject arn:aws:s3:::from/a b',
      ],
    ),
  ],
  lambda: [
    [
      rest('lambda', 'POST', '/2015-03-31/functions/f/invocations'),
      `lambda:InvokeFunction ${arn('lambda', 'function:f')}`,
    ],
    [
      rest('lambda', 'POST', `/2015-03-31/functions/${encodeURIComponent(arn('lambda', 'function:f:1'))}/invocations`),
      `lambda:InvokeFunction ${arn('lambda', 'function:f:1')}`,
    ],
    [rest('lambda', 'GET', '/2015-03-31/functions/f?x=1'), `lambda:GetFunction ${arn('lambda', 'function:f')}`],
    [rest('lambda', 'GET', '/2015-03-31/functions'), 'lambda:ListFunctions *'],
    [
      rest('lambda', 'PUT', '/2015-03-31/event-source-mappings/u?x=1'),
      `lambda:UpdateEventSourceMapping ${arn('lambda', 'event-source-mapping:u')}`,
    ],
    [rest('lambda', 'GET', '/2015-03-31/event-source-mappings'), 'lambda:ListEventSourceMappings *'],
  ],
  ses: [
    [
      rest('ses', 'POST', '/v2/email/outbound-emails', {
        body: Buffer.from(
          JSON.stringify({
            FromEmailAddress: 'Shop <me@shop.com>',
            Destination: { ToAddresses: ['a@b.c'], CcAddresses: ['d@e.f'], BccAddresses: ['g@h.i'] },
          }),
        ),
      }),
      `ses:SendEmail ${arn('ses', 'identity/me@shop.com')} or ${arn('ses', 'identity/shop.com')} ses:fromaddress=me@shop.com ses:recipients=a@b.c,d@e.f,g@h.i`,
    ],
    [rest('ses', 'POST', '/v2/email/identities'), 'ses:CreateEmailIdentity *'],
  ],
  sts: [[form('sts', 'GetCallerIdentity', {})], [form('sts', 'AssumeRole', {}), 'sts:AssumeRole *']],
  scheduler: [
    [
      rest('scheduler', 'POST', '/schedules/at%20noon', {
        body: Buffer.from(JSON.stringify({ GroupName: 'g', Target: { RoleArn: 'arn:aws:iam::1:role/r' } })),
      }),
      `scheduler:CreateSchedule ${arn('scheduler', 'schedule/g/at noon')}`,
      'iam:PassRole arn:aws:iam::1:role/r iam:passedtoservice=scheduler.amazonaws.com',
    ],
    [
      rest('scheduler', 'DELETE', '/schedules/s?groupName=g'),
      `scheduler:DeleteSchedule ${arn('scheduler', 'schedule/g/s')}`,
    ],
    [rest('scheduler', 'GET', '/schedules/s'), `scheduler:GetSchedule ${arn('scheduler', 'schedule/default/s')}`],
    [rest('scheduler', 'GET', '/schedules'), `scheduler:ListSchedules ${arn('scheduler', 'schedule/default/*')}`],
  ],
  events: [[json('events', 'PutEvents', {}), `events:PutEvents ${arn('events', 'event-bus/default')}`]],
  monitoring: [
    [
      json('monitoring', 'PutMetricData', { Namespace: 'Mine' }),
      'cloudwatch:PutMetricData * cloudwatch:namespace=Mine',
    ],
    [
      json('monitoring', 'PutMetricAlarm', { AlarmName: 'a' }),
      `cloudwatch:PutMetricAlarm ${arn('cloudwatch', 'alarm:a')}`,
    ],
  ],
  logs: [
    ...[
      { logGroupName: '/g' },
      { logGroupIdentifier: '/g' },
      { logGroupIdentifier: arn('logs', 'log-group:/g:*') },
    ].map(
      (body): Row => [
        json('logs', 'GetLogEvents', body),
        `logs:GetLogEvents ${arn('logs', 'log-group:/g')} or ${arn('logs', 'log-group:/g:*')}`,
      ],
    ),
    [json('logs', 'DescribeLogGroups', {}), 'logs:DescribeLogGroups *'],
  ],
  cloudformation: [[form('cloudformation', 'DescribeStacks', {}), 'cloudformation:DescribeStacks *']],
  dynamodb: [
    [
      json('dynamodb', 'PutItem', { TableName: 'orders', Item: { pk: { S: 'a' } }, ReturnValues: 'ALL_OLD' }),
      `dynamodb:PutItem ${TABLE} dynamodb:leadingkeys=a dynamodb:returnvalues=ALL_OLD`,
    ],
    [
      json('dynamodb', 'GetItem', { TableName: TABLE, Key: { pk: { N: '7' } } }),
      `dynamodb:GetItem ${TABLE} dynamodb:leadingkeys=7`,
    ],
    [
      json('dynamodb', 'Query', { TableName: 'orders', IndexName: 'i', Select: 'COUNT' }),
      `dynamodb:Query ${TABLE}/index/i dynamodb:select=COUNT`,
    ],
    [json('dynamodb', 'Scan', { TableName: 'other' }), `dynamodb:Scan ${arn('dynamodb', 'table/other')}`],
    [
      json('dynamodb', 'BatchWriteItem', {
        RequestItems: {
          orders: [{ PutRequest: { Item: { pk: { S: 'a' } } } }, { DeleteRequest: { Key: { pk: { B: 'Yg==' } } } }],
          other: [{ PutRequest: { Item: { pk: { S: 'c' } } } }],
        },
      }),
      `dynamodb:BatchWriteItem ${TABLE} dynamodb:leadingkeys=a,Yg==`,
      `dynamodb:BatchWriteItem ${arn('dynamodb', 'table/other')}`,
    ],
    [
      json('dynamodb', 'BatchGetItem', {
        RequestItems: { orders: { Keys: [{ pk: { S: 'a' } }, { pk: { S: 'b' } }] } },
      }),
      `dynamodb:BatchGetItem ${TABLE} dynamodb:leadingkeys=a,b`,
    ],
    [
      json('dynamodb', 'TransactWriteItems', {
        TransactItems: [
          { Put: { TableName: 'orders', Item: { pk: { S: 'a' } } } },
          { Update: { TableName: 'orders', Key: { pk: { S: 'b' } } } },
          { Delete: { TableName: 'other', Key: { pk: { S: 'c' } } } },
          { ConditionCheck: { TableName: 'other', Key: { pk: { S: 'd' } } } },
        ],
      }),
      `dynamodb:PutItem ${TABLE} dynamodb:leadingkeys=a dynamodb:enclosingoperation=TransactWriteItems`,
      `dynamodb:UpdateItem ${TABLE} dynamodb:leadingkeys=b dynamodb:enclosingoperation=TransactWriteItems`,
      `dynamodb:DeleteItem ${arn('dynamodb', 'table/other')} dynamodb:enclosingoperation=TransactWriteItems`,
      `dynamodb:ConditionCheckItem ${arn('dynamodb', 'table/other')} dynamodb:enclosingoperation=TransactWriteItems`,
    ],
    [
      json('dynamodb', 'TransactGetItems', {
        TransactItems: [{ Get: { TableName: 'orders', Key: { pk: { S: 'a' } } } }],
      }),
      `dynamodb:GetItem ${TABLE} dynamodb:leadingkeys=a dynamodb:enclosingoperation=TransactGetItems`,
    ],
    [json('dynamodb', 'GetRecords', { ShardIterator: `${TABLE}/stream/1|x` }), `dynamodb:GetRecords ${TABLE}/stream/1`],
    [json('dynamodb', 'GetRecords', { ShardIterator: 'none' }), 'dynamodb:GetRecords *'],
    [
      json('dynamodb', 'DescribeStream', { StreamArn: `${TABLE}/stream/1` }),
      `dynamodb:DescribeStream ${TABLE}/stream/1`,
    ],
    [json('dynamodb', 'TagResource', { ResourceArn: TABLE }), `dynamodb:TagResource ${TABLE}`],
    [json('dynamodb', 'ListTables', {}), 'dynamodb:ListTables *'],
  ],
};

describe.each(Object.entries(CALLS))('what a call of %s needs', (_, rows) => {
  it.each(rows.map(([call, ...demands]) => [demands.join(', ') || 'nothing', call, demands] as const))(
    '%s',
    (_, call, demands) => expect(demandsIn(call)).toEqual(demands),
  );
});
