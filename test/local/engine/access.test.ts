import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { textAt } from '../../../lib/local/json.ts';
import {
  ACCOUNT,
  depth,
  lambda,
  letIn,
  mapping,
  queue,
  send,
  start,
  type TestEngine,
  takeMessages,
  trust,
  until,
  writeAssembly,
} from './support.ts';

const arn = (id: string, attribute = 'Arn'): Json => ({ 'Fn::GetAtt': [id, attribute] });
const allow = (Action: Json, Resource: Json): JsonObject => ({ Effect: 'Allow', Action, Resource });
const everything = allow('*', '*');
const SEE = 'exports.handler = async (event) => see(event);';
const denials = ({ engine }: TestEngine) => engine.notices.filter((notice) => notice.startsWith('AccessDenied'));
const denied = (tested: TestEngine, action: string) =>
  until(`a refusal of ${action}`, () => denials(tested).find((text) => text.includes(`to perform: ${action} on`)));
const roleOf = ({ engine }: TestEngine) => engine.functions[0]?.roleArn ?? '';
const setPolicy = (tested: TestEngine, ...Statement: JsonObject[]) =>
  tested.engine.services.iam.roles.put(roleOf(tested), 'all', { Statement });

async function refusal(resources: JsonObject): Promise<string> {
  const outcome = await start(writeAssembly(resources)).catch((error: Error) => error);
  return outcome instanceof Error ? outcome.message : 'it started';
}

test.each([
  ['sqs:ReceiveMessage', ['sqs:ReceiveMessage']],
  ['sqs:DeleteMessage', ['sqs:DeleteMessage']],
])('a queue is polled with the role of the function: without %s nothing goes on', async (action, without) => {
  const tested = await start(
    writeAssembly({
      ...queue('Work', { VisibilityTimeout: 1 }),
      ...lambda('Consumer', SEE, { Timeout: 1 }),
      ...mapping('Feed', 'Consumer', 'Work'),
    }),
  );
  const { calls, physical, seen } = tested;
  setPolicy(tested, everything, { Effect: 'Deny', Action: without, Resource: '*' });
  await send(calls, physical('Work'), 'x');
  expect(await denied(tested, action)).toContain(
    `User: arn:aws:sts::${ACCOUNT}:assumed-role/${roleOf(tested).split('/').at(-1)}/awslambda is not authorized`,
  );
  setPolicy(tested, everything);
  await until('the message to be done', async () => (await depth(calls, physical('Work'))) === 0);
  expect(seen('Consumer').length).toBeGreaterThanOrEqual(1);
});

test('a stream is read with the role of the function', async () => {
  const tested = await start(
    writeAssembly({
      Log: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } },
      ...lambda('Consumer', SEE),
      ...mapping('Feed', 'Consumer', 'Log', { StartingPosition: 'TRIM_HORIZON' }),
    }),
  );
  setPolicy(tested, everything, { Effect: 'Deny', Action: 'kinesis:GetRecords', Resource: '*' });
  expect(await denied(tested, 'kinesis:GetRecords')).toContain(
    `stream/${tested.physical('Log')} with an explicit deny`,
  );
  setPolicy(tested, everything);
  const Records = [{ PartitionKey: 'x', Data: Buffer.from('x').toString('base64') }];
  await tested.calls.json('kinesis', 'PutRecords', { StreamName: tested.physical('Log'), Records });
  await until('the record', () => tested.seen('Consumer').length > 0);
});

test('a mapping is refused through the API, as by a template, when the role may not read', async () => {
  const tested = await start(writeAssembly({ ...queue('Work'), ...lambda('Consumer', SEE) }));
  setPolicy(tested, allow(['sqs:ReceiveMessage', 'sqs:GetQueueAttributes'], '*'));
  const body = JSON.stringify({
    FunctionName: tested.physical('Consumer'),
    EventSourceArn: `arn:aws:sqs:us-east-1:${ACCOUNT}:${tested.physical('Work').split('/').at(-1)}`,
  });
  await expect(tested.calls.rest('lambda', 'POST', '/2015-03-31/event-source-mappings', body)).rejects.toThrow(
    /does not have permissions to call ReceiveMessage on SQS.*must allow sqs:DeleteMessage on arn:aws:sqs/,
  );
});

const subscription = (topic: string, queueId: string, more: JsonObject = {}): JsonObject => ({
  [`${queueId}Subscription`]: {
    Type: 'AWS::SNS::Subscription',
    Properties: {
      Protocol: 'sqs',
      TopicArn: { Ref: topic },
      Endpoint: arn(queueId),
      RawMessageDelivery: true,
      ...more,
    },
  },
});
const publish = ({ calls, physical }: TestEngine) =>
  calls.query('sns', 'Publish', '2010-03-31', { TopicArn: physical('Topic'), Message: 'hello' });

test('a queue gets what topics send only when its policy lets them in; else the dead-letter queue of the subscription does', async () => {
  const RedrivePolicy = { deadLetterTargetArn: arn('Dead') };
  const tested = await start(
    writeAssembly({
      Topic: { Type: 'AWS::SNS::Topic' },
      ...queue('Open'),
      ...letIn('Open', 'queue', 'sns.amazonaws.com'),
      ...queue('Shut'),
      ...queue('Caught'),
      ...queue('Dead'),
      ...letIn('Dead', 'queue', 'sns.amazonaws.com'),
      ...subscription('Topic', 'Open'),
      ...subscription('Topic', 'Shut'),
      ...subscription('Topic', 'Caught', { RedrivePolicy }),
    }),
  );
  await publish(tested);
  const { calls, physical } = tested;
  expect(await takeMessages(calls, physical('Open'), 1)).toMatchObject([{ Body: 'hello' }]);
  expect(await takeMessages(calls, physical('Dead'), 1)).toMatchObject([{ Body: 'hello' }]);
  for (const id of ['Shut', 'Caught']) expect(await depth(calls, physical(id))).toBe(0);
  expect(denials(tested).toSorted()).toEqual(
    ['Caught', 'Shut'].map(
      (id) =>
        `AccessDenied: Resource: ${physical('Topic')} (sns.amazonaws.com) is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:us-east-1:${ACCOUNT}:${physical(id).split('/').at(-1)} because no resource-based policy allows the sqs:SendMessage action`,
    ),
  );
});

test('a policy that names another topic, or another account, does not let this one in', async () => {
  const letInIf = (id: string, Condition: JsonObject): JsonObject => {
    const policy = letIn(id, 'queue', 'sns.amazonaws.com');
    const document = (policy[`${id}Policy`] as { Properties: { PolicyDocument: { Statement: JsonObject[] } } })
      .Properties.PolicyDocument;
    for (const statement of document.Statement) statement.Condition = Condition;
    return policy;
  };
  const queues: Record<string, JsonObject> = {
    Mine: { ArnEquals: { 'aws:SourceArn': { Ref: 'Topic' } } },
    Account: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
    Other: { ArnLike: { 'aws:SourceArn': `arn:aws:sns:us-east-1:${ACCOUNT}:other*` } },
    Stranger: { StringEquals: { 'aws:SourceAccount': '111111111111' } },
  };
  const tested = await start(
    writeAssembly({
      Topic: { Type: 'AWS::SNS::Topic' },
      ...Object.assign(
        {},
        ...Object.entries(queues).map(([id, condition]) => ({
          ...queue(id),
          ...letInIf(id, condition),
          ...subscription('Topic', id),
        })),
      ),
    }),
  );
  await publish(tested);
  const depths = await Promise.all(
    Object.keys(queues).map(async (id) => [id, await depth(tested.calls, tested.physical(id))]),
  );
  expect(Object.fromEntries(depths)).toEqual({ Mine: 1, Account: 1, Other: 0, Stranger: 0 });
});

test('a rule needs the permission of its function and of its queue, and says which is missing', async () => {
  const Targets: Json[] = [
    { Id: 'a', Arn: arn('Job') },
    { Id: 'b', Arn: arn('Ticks') },
    { Id: 'c', Arn: arn('Lost'), DeadLetterConfig: { Arn: arn('Ticks') }, Input: '"lost"' },
  ];
  const tested = await start(
    writeAssembly({
      ...lambda('Job', SEE),
      ...queue('Ticks'),
      ...queue('Lost'),
      ...letIn('Ticks', 'queue', 'events.amazonaws.com'),
      Rule: { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'rate(1 minute)', Targets } },
    }),
    { timeScale: 600 },
  );
  const rule = textAt(tested.engine.stacks[0]?.resources.Rule?.attributes, 'Arn');
  expect(await denied(tested, 'lambda:InvokeFunction')).toContain(`Resource: ${rule} (events.amazonaws.com)`);
  const bodies = (await takeMessages(tested.calls, tested.physical('Ticks'), 2)).map((message) =>
    textAt(message, 'Body'),
  );
  expect(bodies).toContain('"lost"');
  expect(tested.seen('Job')).toEqual([]);
});

const schedule = (role: string, target: string): JsonObject => ({
  Schedule: {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      FlexibleTimeWindow: { Mode: 'OFF' },
      ScheduleExpression: 'rate(1 minute)',
      Target: { Arn: arn(target), RoleArn: arn(role), Input: '"tick"' },
    },
  },
});
const schedulerRole = (service: string, statement: JsonObject): JsonObject => ({
  Sender: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: trust(service),
      Policies: [{ PolicyName: 'send', PolicyDocument: { Statement: statement } }],
    },
  },
});

test('a schedule sends with its role', async () => {
  const tested = await start(
    writeAssembly({
      ...queue('Work'),
      ...schedulerRole('scheduler.amazonaws.com', allow('sqs:SendMessageTo', '*')),
      ...schedule('Sender', 'Work'),
    }),
    { timeScale: 600 },
  );
  const { iam } = tested.engine.services;
  const role = textAt(tested.engine.stacks[0]?.resources.Sender?.attributes, 'Arn') ?? '';
  expect(await denied(tested, 'sqs:SendMessage')).toContain('/scheduler is not authorized');
  iam.roles.put(role, 'send', { Statement: allow('sqs:SendMessage', '*') });
  // The next minute may have come meanwhile.
  const [first] = await takeMessages(tested.calls, tested.physical('Work'), 1);
  expect(first).toMatchObject({ Body: '"tick"' });
});

test.each([
  [
    'a function whose role does not trust Lambda',
    {
      ...lambda('F', SEE),
      FRole: {
        Type: 'AWS::IAM::Role',
        Properties: { AssumeRolePolicyDocument: trust('ecs-tasks.amazonaws.com') },
      },
    },
    'Stack app, F (AWS::Lambda::Function): The role defined for the function cannot be assumed by Lambda.',
  ],
  [
    'a schedule whose role does not trust Scheduler',
    { ...queue('Work'), ...schedulerRole('lambda.amazonaws.com', everything), ...schedule('Sender', 'Work') },
    'must allow AWS EventBridge Scheduler to assume the role',
  ],
  [
    'a condition in a role that the engine does not know',
    lambda('F', SEE, {}, [{ ...everything, Condition: { StringEquals: { 'aws:PrincipalTag/team': 'a' } } }]),
    'Stack app, FRole (AWS::IAM::Role): Policy all of arn:aws:iam::000000000000:role/app-FRole-',
  ],
  [
    'a condition in the policy of a queue that the engine does not know',
    {
      ...queue('Q'),
      P: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: {
          Queues: [{ Ref: 'Q' }],
          PolicyDocument: {
            Statement: { ...everything, Principal: '*', Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } },
          },
        },
      },
    },
    'does not know the condition operator IpAddress',
  ],
])('%s is refused by name', async (_name, resources, message) => {
  expect(await refusal(resources)).toContain(message);
});

test('a permissions boundary limits what the role may do', async () => {
  const boundary = { Statement: [allow(['dynamodb:*', 'logs:*'], '*')] };
  const resources = lambda('F', 'exports.handler = () => aws("sqs", "AmazonSQS.ListQueues", {});');
  const role = resources.FRole as { Properties: JsonObject };
  role.Properties.PermissionsBoundary = { Ref: 'Boundary' };
  const tested = await start(
    writeAssembly({
      ...resources,
      Boundary: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: boundary } },
    }),
  );
  const path = `/2015-03-31/functions/${tested.physical('F')}/invocations`;
  expect(await tested.calls.rest('lambda', 'POST', path, '{}')).toContain(
    'because no permissions boundary allows the sqs:ListQueues action',
  );
});

test('what becomes of an event is sent with the role of the function', async () => {
  const tested = await start(
    writeAssembly({
      ...queue('Done'),
      ...lambda('F', 'exports.handler = async () => "done";', {}, [allow('sqs:ReceiveMessage', '*')]),
      Config: {
        Type: 'AWS::Lambda::EventInvokeConfig',
        Properties: {
          FunctionName: { Ref: 'F' },
          Qualifier: '$LATEST',
          DestinationConfig: { OnSuccess: { Destination: arn('Done') } },
        },
      },
    }),
  );
  const path = `/2015-03-31/functions/${tested.physical('F')}/invocations`;
  const invoke = () => tested.calls.rest('lambda', 'POST', path, '{}', { 'x-amz-invocation-type': 'Event' });
  await invoke();
  expect(await denied(tested, 'sqs:SendMessage')).toContain(`/${tested.physical('F')} is not authorized`);
  setPolicy(tested, everything);
  await invoke();
  await takeMessages(tested.calls, tested.physical('Done'), 1);
});

test('what the role may not log is in no log', async () => {
  const tested = await start(writeAssembly(lambda('F', SEE)));
  const path = `/2015-03-31/functions/${tested.physical('F')}/invocations`;
  setPolicy(tested, allow('logs:CreateLogStream', '*'));
  await tested.calls.rest('lambda', 'POST', path, '"unheard"');
  expect(await denied(tested, 'logs:PutLogEvents')).toContain(
    `log-group:/aws/lambda/${tested.physical('F')}:log-stream:`,
  );
  setPolicy(tested, everything);
  await tested.calls.rest('lambda', 'POST', path, '"heard"');
  expect(tested.seen('F')).toEqual(['heard']);
});

/** One function call for each kind of resource, with what its customer key is asked for. */
test('who uses what a customer key encrypts needs the key too', async () => {
  const KeyPolicy = {
    Statement: [{ ...allow('kms:*', '*'), Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } }],
  };
  const tested = await start(
    writeAssembly({
      Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy } },
      Alias: { Type: 'AWS::KMS::Alias', Properties: { AliasName: 'alias/mine', TargetKeyId: { Ref: 'Key' } } },
      ...queue('Work', { KmsMasterKeyId: { Ref: 'Alias' } }),
      Topic: { Type: 'AWS::SNS::Topic', Properties: { KmsMasterKeyId: { Ref: 'Key' } } },
      Log: {
        Type: 'AWS::Kinesis::Stream',
        Properties: { ShardCount: 1, StreamEncryption: { EncryptionType: 'KMS', KeyId: arn('Key') } },
      },
      Items: {
        Type: 'AWS::DynamoDB::Table',
        Properties: {
          TableName: 'items',
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: arn('Key') },
        },
      },
      ...lambda(
        'F',
        `exports.handler = async ([service, target, body]) => aws(service, target, body).then(() => 'fine', (error) => error.name + ': ' + error.message);`,
        {},
        [allow(['sqs:*', 'sns:*', 'kinesis:*', 'dynamodb:*'], '*')],
      ),
    }),
  );
  const { calls, physical } = tested;
  const path = `/2015-03-31/functions/${physical('F')}/invocations`;
  const run = async (...call: Json[]) => JSON.parse(await calls.rest('lambda', 'POST', path, JSON.stringify(call)));
  const QueueUrl = physical('Work');
  const Item = { pk: { S: 'a' } };
  const all: [Json[], string][] = [
    [
      ['sqs', 'AmazonSQS.SendMessage', { QueueUrl, MessageBody: 'x' }],
      'KMS.AccessDeniedException: .*kms:GenerateDataKey',
    ],
    [['sqs', 'AmazonSQS.ReceiveMessage', { QueueUrl }], 'KMS.AccessDeniedException: .*kms:Decrypt'],
    [
      ['kinesis', 'Kinesis_20131202.PutRecord', { StreamName: physical('Log'), PartitionKey: 'x', Data: 'eA==' }],
      'KMSAccessDeniedException: .*kms:GenerateDataKey',
    ],
    [['dynamodb', 'DynamoDB_20120810.PutItem', { TableName: 'items', Item }], 'AccessDeniedException: .*kms:Decrypt'],
    [['dynamodb', 'DynamoDB_20120810.DescribeTable', { TableName: 'items' }], 'fine'],
  ];
  for (const [call, expected] of all) expect(await run(...call)).toMatch(new RegExp(`^${expected}`));
  const { iam } = tested.engine.services;
  const role = { kind: 'role', roleArn: roleOf(tested), sessionArn: 'x' } as const;
  expect(iam.wouldRefuse(role, 'sns:Publish', physical('Topic'))?.action).toBe('kms:GenerateDataKey');

  const key = textAt(tested.engine.stacks[0]?.resources.Key?.attributes, 'Arn') ?? '';
  setPolicy(
    tested,
    allow(['sqs:*', 'kinesis:*', 'dynamodb:*'], '*'),
    allow(['kms:GenerateDataKey', 'kms:Decrypt'], key),
  );
  for (const [call] of all) expect(await run(...call)).toBe('fine');
});

test('the policy of a bucket, of a template or through the API, denies and allows', async () => {
  const deny = (Action: string) => ({ Effect: 'Deny', Action, Principal: '*', Resource: 'arn:aws:s3:::mine/secret/*' });
  const tested = await start(
    writeAssembly({
      Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'mine' } },
      Policy: {
        Type: 'AWS::S3::BucketPolicy',
        Properties: { Bucket: { Ref: 'Bucket' }, PolicyDocument: { Statement: [deny('s3:*')] } },
      },
      ...lambda('F', SEE),
    }),
  );
  const { iam } = tested.engine.services;
  const role = { kind: 'role', roleArn: roleOf(tested), sessionArn: 'x' } as const;
  const read = (key: string) => iam.wouldRefuse(role, 's3:GetObject', `arn:aws:s3:::mine/${key}`)?.message;
  expect(read('secret/x')).toContain('with an explicit deny in a resource-based policy');
  expect(read('open/x')).toBeUndefined();
  expect(JSON.parse(await tested.calls.rest('s3', 'GET', '/mine?policy'))).toEqual({ Statement: [deny('s3:*')] });
  await tested.calls.rest('s3', 'PUT', '/mine?policy', JSON.stringify({ Statement: deny('s3:PutObject') }));
  expect(read('secret/x')).toBeUndefined();
  await expect(tested.calls.rest('s3', 'PUT', '/mine?policy', '{"Statement":{"Effect":"Allow"}}')).rejects.toThrow(
    'MalformedPolicy',
  );
});

test('without IAM nothing is refused', async () => {
  const code = 'exports.handler = () => aws("sqs", "AmazonSQS.ListQueues", {});';
  const { calls, physical } = await start(writeAssembly(lambda('F', code, {}, [])), { iam: false });
  const path = `/2015-03-31/functions/${physical('F')}/invocations`;
  expect(JSON.parse(await calls.rest('lambda', 'POST', path, '{}'))).not.toHaveProperty('errorType');
});

test.each([
  ['open to anybody, with the permission for that', 'NONE', true, undefined, 200],
  ['open to anybody, without it', 'NONE', false, undefined, 403],
  ['for those who sign, to somebody who does not', 'AWS_IAM', false, undefined, 403],
  ['for those who sign, to an administrator', 'AWS_IAM', false, 'outside', 200],
  ['for those who sign, to a role that may not', 'AWS_IAM', false, 'role', 403],
])('a function URL %s', async (_name, AuthType, isPublic, signer, status) => {
  const Properties = { Action: 'lambda:InvokeFunctionUrl', FunctionName: { Ref: 'F' }, Principal: '*' };
  const { engine } = await start(
    writeAssembly({
      ...lambda('F', 'exports.handler = async (event) => event.headers["x-mine"];'),
      Url: { Type: 'AWS::Lambda::Url', Properties: { AuthType, TargetFunctionArn: arn('F') } },
      ...(isPublic
        ? {
            Public: { Type: 'AWS::Lambda::Permission', Properties: { ...Properties, FunctionUrlAuthType: 'NONE' } },
            Too: {
              Type: 'AWS::Lambda::Permission',
              Properties: { ...Properties, Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true },
            },
          }
        : {}),
    }),
  );
  const { identities, iam } = engine.services;
  const roleArn = `arn:aws:iam::${ACCOUNT}:role/other`;
  iam.roles.put(roleArn, 'none', { Statement: [] });
  const key = signer === 'role' ? identities.issue({ roleArn, session: 's' }).accessKeyId : signer;
  const authorization = `AWS4-HMAC-SHA256 Credential=${key}/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=x`;
  const url = String(engine.stacks[0]?.resources.Url?.attributes.FunctionUrl);
  const response = await fetch(url, {
    headers: { 'x-mine': 'hello', ...(key === undefined ? {} : { authorization }) },
  });
  expect([response.status, await response.text()]).toEqual([
    status,
    status === 200 ? 'hello' : '{"Message":"Forbidden"}',
  ]);
});
