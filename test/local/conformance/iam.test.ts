import { InvokeCommand } from '@aws-sdk/client-lambda';
import { expect } from 'vitest';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { queue } from '../engine/support.ts';
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
