import { InvokeCommand } from '@aws-sdk/client-lambda';
import { expect } from 'vitest';
import { childOf, type XmlElement } from '../../../lib/formats/xml.ts';
import { createAwsCalls } from '../../../lib/local/call.ts';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { queue, REGION } from '../engine/support.ts';
import { conformanceApp, type DeployedFunction } from './app.ts';
import { conforms } from './conforms.ts';

const app = conformanceApp();
app.add({
  ...queue('Work'),
  ...queue('Closed'),
  Items: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    },
  },
  ClosedPolicy: {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: 'Closed' }],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Deny', Principal: '*', Action: 'sqs:SendMessage', Resource: { 'Fn::GetAtt': ['Closed', 'Arn'] } },
        ],
      },
    },
  },
});
const arn = (id: string): Json => ({ 'Fn::GetAtt': [id, 'Arn'] });
const allow = (Action: string | string[], Resource: Json, more: JsonObject = {}): JsonObject => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
/** A function that sends a message to a queue and tells what became of it. */
const sender = (statements: Json[], queueId = 'Work') =>
  app.lambda(
    "try { await aws('sqs', 'AmazonSQS.SendMessage', { QueueUrl: process.env.QUEUE, MessageBody: 'x' }); return 'sent'; } catch (error) { return [error.name, error.message]; }",
    { Environment: { Variables: { QUEUE: { Ref: queueId } } } },
    statements,
  );
async function outcome(target: DeployedFunction): Promise<Json> {
  const { Payload } = await app.clients.lambda.send(new InvokeCommand({ FunctionName: target.name }));
  return JSON.parse(Buffer.from(Payload ?? []).toString()) as Json;
}
const denied = (target: DeployedFunction, queueId: string, reason: string) => {
  const role = app.physical(`${target.id}Role`);
  return `User: arn:aws:sts::000000000000:assumed-role/${role}/${target.name} is not authorized to perform: sqs:SendMessage on resource: ${app.attribute(queueId, 'Arn')} ${reason}`;
};

const allowed = sender([allow('sqs:SendMessage', arn('Work'))]);
conforms('IAM: a function may do what its role allows', { source: 'iam-evaluation' }, async () => {
  expect(await outcome(allowed)).toBe('sent');
});
const unnamed = sender([allow('sqs:ReceiveMessage', arn('Work'))]);
conforms(
  'IAM: without an Allow a call is AccessDenied, naming principal, action and resource',
  { source: 'iam-evaluation' },
  async () => {
    const [name, message] = (await outcome(unnamed)) as [string, string];
    expect(name).toMatch(/^AccessDenied/);
    expect(message).toBe(denied(unnamed, 'Work', 'because no identity-based policy allows the sqs:SendMessage action'));
  },
);
const elsewhere = sender([allow('sqs:SendMessage', arn('Closed'))]);
conforms('IAM: an Allow on another resource does not help', { source: 'iam-evaluation' }, async () => {
  expect(((await outcome(elsewhere)) as string[])[0]).toMatch(/^AccessDenied/);
});
const wild = sender([allow('sqs:Send*', '*')]);
conforms('IAM: actions and resources match with wildcards', { source: 'iam-evaluation' }, async () => {
  expect(await outcome(wild)).toBe('sent');
});
const forbidden = sender([allow('*', '*'), { Effect: 'Deny', Action: 'sqs:SendMessage', Resource: arn('Work') }]);
conforms('IAM: an explicit Deny wins over every Allow', { source: 'iam-evaluation' }, async () => {
  const [, message] = (await outcome(forbidden)) as [string, string];
  expect(message).toContain('with an explicit deny in an identity-based policy');
});
const shut = sender([allow('sqs:SendMessage', '*')], 'Closed');
conforms("IAM: a Deny in the queue's policy wins over the role's Allow", { source: 'iam-evaluation' }, async () => {
  const [name, message] = (await outcome(shut)) as [string, string];
  expect(name).toMatch(/^AccessDenied/);
  expect(message).toContain('with an explicit deny in a resource-based policy');
});
const conditioned = sender([
  allow('sqs:SendMessage', '*', { Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } } }),
]);
conforms('IAM: a condition that does not hold takes its statement out', { source: 'iam-evaluation' }, async () => {
  expect(((await outcome(conditioned)) as string[])[0]).toMatch(/^AccessDenied/);
});
const transacting = app.lambda(
  `try { await aws('dynamodb', 'DynamoDB_20120810.TransactWriteItems', { TransactItems: [
     { Put: { TableName: process.env.TABLE, Item: { pk: { S: 'a' } } } }, { Delete: { TableName: process.env.TABLE, Key: { pk: { S: 'b' } } } }] }); return 'done'; }
   catch (error) { return [error.name, error.message]; }`,
  { Environment: { Variables: { TABLE: { Ref: 'Items' } } } },
  [allow('dynamodb:PutItem', arn('Items'))],
);
conforms(
  'IAM: a transaction needs the permission of each of its operations',
  { source: 'iam-evaluation' },
  async () => {
    const [name, message] = (await outcome(transacting)) as [string, string];
    expect(name).toBe('AccessDeniedException');
    expect(message).toContain('is not authorized to perform: dynamodb:DeleteItem');
  },
);

const readable = app.lambda('return 1;', {}, [allow('sqs:SendMessage', arn('Work'), { Sid: "what's asked (all)" })]);
const trust = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};
const anything = { Version: '2012-10-17', Statement: [allow('sqs:*', '*')] };
const AWS_MANAGED = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';
app.add({
  Limit: { Type: 'AWS::IAM::ManagedPolicy', Properties: { ManagedPolicyName: 'limit', PolicyDocument: anything } },
  Reader: {
    Type: 'AWS::IAM::Role',
    Properties: {
      ...{ RoleName: 'reader', Path: '/service/', Description: 'reads & writes', AssumeRolePolicyDocument: trust },
      ...{ PermissionsBoundary: { Ref: 'Limit' }, ManagedPolicyArns: [{ Ref: 'Limit' }, AWS_MANAGED] },
      Policies: ['one', 'two', 'three'].map((PolicyName) => ({ PolicyName, PolicyDocument: anything })),
    },
  },
  Attached: {
    Type: 'AWS::IAM::Policy',
    Properties: { PolicyName: 'four', PolicyDocument: anything, Roles: [{ Ref: 'Reader' }] },
  },
});
/** What a call of IAM's API answers. */
async function iamAnswer(operation: string, parameters: Readonly<Record<string, string>>): Promise<XmlElement> {
  const calls = createAwsCalls(app.engine.url, REGION);
  try {
    return await calls.query('iam', operation, '2010-05-08', parameters);
  } finally {
    calls.close();
  }
}
function child(element: XmlElement, name: string): XmlElement {
  const found = childOf(element, name);
  if (found === undefined) throw new Error(`there is no ${name} in ${element.name}`);
  return found;
}
const texts = (element: XmlElement): Json =>
  Object.fromEntries(element.children.map(({ name, text, children }) => [name, children.length > 0 ? '...' : text]));
const listed = (answer: XmlElement, list: string): Json[] =>
  child(answer, list).children.map((member) => (member.children.length > 0 ? texts(member) : member.text));

conforms('IAM API: GetRole describes a role, its trust policy URL-encoded', { source: 'iam-api' }, async () => {
  const role = child(await iamAnswer('GetRole', { RoleName: 'reader' }), 'Role');
  expect(texts(role)).toMatchObject({
    ...{ Path: '/service/', RoleName: 'reader', Arn: 'arn:aws:iam::000000000000:role/service/reader' },
    ...{
      Description: 'reads & writes',
      MaxSessionDuration: '3600',
      RoleId: expect.stringMatching(/^AROA[A-Z0-9]{16}$/),
    },
    CreateDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
  expect(child(role, 'AssumeRolePolicyDocument').text).toBe(encodeURIComponent(JSON.stringify(trust)));
  expect(texts(child(role, 'PermissionsBoundary'))).toEqual({
    PermissionsBoundaryType: 'Policy',
    PermissionsBoundaryArn: 'arn:aws:iam::000000000000:policy/limit',
  });
});
conforms('IAM API: ListRolePolicies lists the inline policies, page by page', { source: 'iam-api' }, async () => {
  const all = await iamAnswer('ListRolePolicies', { RoleName: 'reader' });
  expect(listed(all, 'PolicyNames')).toEqual(['one', 'two', 'three', 'four']);
  expect(child(all, 'IsTruncated').text).toBe('false');
  const first = await iamAnswer('ListRolePolicies', { RoleName: 'reader', MaxItems: '3' });
  expect([listed(first, 'PolicyNames').length, child(first, 'IsTruncated').text]).toEqual([3, 'true']);
  const Marker = child(first, 'Marker').text;
  const rest = await iamAnswer('ListRolePolicies', { RoleName: 'reader', MaxItems: '3', Marker });
  expect([listed(rest, 'PolicyNames'), child(rest, 'IsTruncated').text]).toEqual([['four'], 'false']);
});
conforms('IAM API: GetRolePolicy answers the document URL-encoded (RFC 3986)', { source: 'iam-api' }, async () => {
  const RoleName = app.physical(`${readable.id}Role`);
  const [PolicyName] = listed(await iamAnswer('ListRolePolicies', { RoleName }), 'PolicyNames').map(String);
  const answer = await iamAnswer('GetRolePolicy', { RoleName, PolicyName: PolicyName ?? '' });
  const { text } = child(answer, 'PolicyDocument');
  expect(text).toMatch(/^[A-Za-z0-9%_.~-]+$/);
  expect(JSON.parse(decodeURIComponent(text))).toMatchObject({
    Statement: expect.arrayContaining([
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: app.attribute('Work', 'Arn'), Sid: "what's asked (all)" },
    ]),
  });
});
conforms('IAM API: ListAttachedRolePolicies lists the managed policies', { source: 'iam-api' }, async () => {
  expect(listed(await iamAnswer('ListAttachedRolePolicies', { RoleName: 'reader' }), 'AttachedPolicies')).toEqual([
    { PolicyName: 'limit', PolicyArn: 'arn:aws:iam::000000000000:policy/limit' },
    { PolicyName: 'AWSLambdaBasicExecutionRole', PolicyArn: AWS_MANAGED },
  ]);
});
conforms('IAM API: what is not there is NoSuchEntity', { source: 'iam-api' }, async () => {
  await expect(iamAnswer('GetRole', { RoleName: 'nobody' })).rejects.toMatchObject({
    ...{ code: 'NoSuchEntity', status: 404 },
    message: expect.stringContaining('The role with name nobody cannot be found.'),
  });
  await expect(iamAnswer('GetRolePolicy', { RoleName: 'reader', PolicyName: 'five' })).rejects.toMatchObject({
    ...{ code: 'NoSuchEntity', status: 404 },
    message: expect.stringContaining('The role policy with name five cannot be found.'),
  });
});
