import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { synthesise } from '../../bin/apps/synth.ts';

export const APPS = ['orders', 'fifty'] as const;
export type App = (typeof APPS)[number];

/** Writes the assemblies to start: the orders system, and one stack of 50 functions that 50 queues feed. @returns the directory of each */
export async function writeAssemblies(folder: string): Promise<Readonly<Record<App, string>>> {
  const directories = { orders: join(folder, 'orders'), fifty: join(folder, 'fifty') };
  await synthesise(directories.orders, 'dev-bench');
  writeFifty(directories.fifty);
  return directories;
}

const COUNT = 50;

function writeFifty(directory: string): void {
  const parts = Array.from({ length: COUNT }, (_, index) => fedFunction(index));
  const artifacts = {
    fifty: { type: 'aws:cloudformation:stack', properties: { templateFile: 'fifty.template.json' } },
  };
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ version: '55.0.0', artifacts }));
  writeFileSync(join(directory, 'fifty.template.json'), JSON.stringify({ Resources: Object.assign({}, ...parts) }));
}

/** A function with a role of its own, a queue, and the mapping between them, as the CDK writes them. */
function fedFunction(index: number): object {
  const queueArn = { 'Fn::GetAtt': [`Queue${index}`, 'Arn'] };
  const mayRead = {
    Effect: 'Allow',
    Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
    Resource: queueArn,
  };
  return {
    [`Queue${index}`]: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 60 } },
    [`Role${index}`]: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
          Version: '2012-10-17',
        },
        ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
      },
    },
    [`Policy${index}`]: {
      Type: 'AWS::IAM::Policy',
      Properties: {
        PolicyName: `Policy${index}`,
        PolicyDocument: { Statement: [mayRead], Version: '2012-10-17' },
        Roles: [{ Ref: `Role${index}` }],
      },
    },
    [`Function${index}`]: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Code: { ZipFile: 'exports.handler = async () => ({ batchItemFailures: [] });' },
        Handler: 'index.handler',
        Runtime: 'nodejs24.x',
        Role: { 'Fn::GetAtt': [`Role${index}`, 'Arn'] },
        Timeout: 10,
      },
      DependsOn: [`Policy${index}`],
    },
    [`Mapping${index}`]: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: queueArn, FunctionName: { Ref: `Function${index}` } },
    },
  };
}
