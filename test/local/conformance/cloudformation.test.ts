import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  ListExportsCommand,
} from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Engine, startEngine } from '../../../lib/local/engine.ts';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { ACCOUNT, lambda, queue, REGION } from '../engine/support.ts';
import { conforms } from './conforms.ts';

/** Two stacks: what each output of the first is worth shows what an intrinsic function makes of its argument. */
const outputs: Readonly<Record<string, Json>> = {
  Ref: { Ref: 'Queue' },
  GetAtt: { 'Fn::GetAtt': ['Queue', 'Arn'] },
  GetAttText: { 'Fn::GetAtt': 'Queue.QueueName' },
  Sub: { 'Fn::Sub': `a \${Stage} queue \${Queue.QueueName} in \${AWS::Region}, \${!Literal}` },
  SubMap: { 'Fn::Sub': [`\${greeting}, \${Stage}`, { greeting: { 'Fn::Join': ['-', ['good', 'day']] } }] },
  Join: { 'Fn::Join': ['/', ['a', { Ref: 'Stage' }, 'b']] },
  Split: { 'Fn::Select': [1, { 'Fn::Split': ['|', 'x|y|z'] }] },
  If: { 'Fn::If': ['IsTest', 'testing', 'producing'] },
  And: { 'Fn::If': ['Both', 'yes', 'no'] },
  FindInMap: { 'Fn::FindInMap': ['Sizes', { Ref: 'Stage' }, 'memory'] },
  Base64: { 'Fn::Base64': 'text' },
  ToJson: { 'Fn::ToJsonString': { stage: { Ref: 'Stage' } } },
  Length: { 'Fn::Join': ['', [{ 'Fn::Length': ['a', 'b'] }]] },
  Pseudo: { 'Fn::Join': ['|', [{ Ref: 'AWS::AccountId' }, { Ref: 'AWS::StackName' }, { Ref: 'AWS::Partition' }]] },
};
const first: JsonObject = {
  Parameters: { Stage: { Type: 'String', Default: 'test' } },
  Mappings: { Sizes: { test: { memory: '128' }, production: { memory: '1024' } } },
  Conditions: {
    IsTest: { 'Fn::Equals': [{ Ref: 'Stage' }, 'test'] },
    IsProduction: { 'Fn::Not': [{ Condition: 'IsTest' }] },
    Both: {
      'Fn::And': [{ Condition: 'IsTest' }, { 'Fn::Or': [{ Condition: 'IsProduction' }, { Condition: 'IsTest' }] }],
    },
  },
  Resources: {
    // Named after what it depends on, which comes later in the template.
    ...queue('Queue', { QueueName: { 'Fn::Sub': `work-\${Dead.QueueName}` }, KmsMasterKeyId: { Ref: 'AWS::NoValue' } }),
    ...queue('Dead', { QueueName: 'dead' }),
    Left: { Type: 'AWS::SQS::Queue', Condition: 'IsProduction', Properties: {} },
  },
  Outputs: {
    ...Object.fromEntries(Object.entries(outputs).map(([name, Value]) => [name, { Value }])),
    Exported: { Value: { Ref: 'Queue' }, Export: { Name: 'shared-queue' } },
    Conditional: { Condition: 'IsProduction', Value: 'never' },
  },
};
const second: JsonObject = {
  Resources: {
    ...lambda('Reader', 'exports.handler = async () => process.env.QUEUE;', {
      Environment: { Variables: { QUEUE: { 'Fn::ImportValue': 'shared-queue' } } },
    }),
  },
  Outputs: { Imported: { Value: { 'Fn::ImportValue': 'shared-queue' } } },
};

let engine: Engine;
let client: CloudFormationClient;
const directory = mkdtempSync(join(tmpdir(), 'sluice-conformance-'));
beforeAll(async () => {
  const artifacts: JsonObject = {
    second: { type: 'aws:cloudformation:stack', properties: { templateFile: 'second.json' }, dependencies: ['first'] },
    first: { type: 'aws:cloudformation:stack', properties: { templateFile: 'first.json' } },
  };
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ version: '55.0.0', artifacts }));
  writeFileSync(join(directory, 'first.json'), JSON.stringify(first));
  writeFileSync(join(directory, 'second.json'), JSON.stringify(second));
  engine = await startEngine({ assembly: directory, port: 0 });
  client = new CloudFormationClient({
    endpoint: engine.url,
    region: REGION,
    credentials: { accessKeyId: 'outside', secretAccessKey: 'outside' },
  });
});
afterAll(async () => {
  client?.destroy();
  await engine?.close();
  rmSync(directory, { recursive: true, force: true });
});
async function outputsOf(StackName: string): Promise<Record<string, string>> {
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
  return Object.fromEntries(
    (Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
  );
}
const QUEUE_ARN = `arn:aws:sqs:${REGION}:${ACCOUNT}:work-dead`;

conforms(
  'CloudFormation: Ref and Fn::GetAtt give what the type of the resource documents',
  { source: 'cloudformation' },
  async () => {
    const { Ref, GetAtt, GetAttText } = await outputsOf('first');
    expect(Ref).toBe(`${engine.url}/${ACCOUNT}/work-dead`);
    expect([GetAtt, GetAttText]).toEqual([QUEUE_ARN, 'work-dead']);
  },
);
conforms(
  'CloudFormation: Fn::Sub fills in parameters, attributes, pseudo parameters and a map, and leaves what is escaped',
  { source: 'cloudformation' },
  async () => {
    const { Sub, SubMap } = await outputsOf('first');
    expect(Sub).toBe(`a test queue work-dead in us-east-1, \${Literal}`);
    expect(SubMap).toBe('good-day, test');
  },
);
conforms(
  'CloudFormation: Fn::Join, Select, Split, Base64, ToJsonString and Length',
  { source: 'cloudformation' },
  async () => {
    expect(await outputsOf('first')).toMatchObject({
      Join: 'a/test/b',
      Split: 'y',
      Base64: 'dGV4dA==',
      ToJson: '{"stage":"test"}',
      Length: '2',
    });
  },
);
conforms('CloudFormation: conditions decide values, resources and outputs', { source: 'cloudformation' }, async () => {
  const { If, And, ...others } = await outputsOf('first');
  expect([If, And]).toEqual(['testing', 'yes']);
  expect(others).not.toHaveProperty('Conditional');
  const { StackResources = [] } = await client.send(new DescribeStackResourcesCommand({ StackName: 'first' }));
  expect(StackResources.map(({ LogicalResourceId }) => LogicalResourceId).toSorted()).toEqual(['Dead', 'Queue']);
});
conforms(
  'CloudFormation: mappings, parameter defaults and pseudo parameters',
  { source: 'cloudformation' },
  async () => {
    expect(await outputsOf('first')).toMatchObject({ FindInMap: '128', Pseudo: `${ACCOUNT}|first|aws` });
  },
);
conforms(
  'CloudFormation: resources are made after those they refer to, wherever they stand in the template',
  { source: 'cloudformation' },
  async () => {
    expect((await outputsOf('first')).GetAttText).toBe('work-dead');
  },
);
conforms('CloudFormation: an export of one stack is an import of another', { source: 'cloudformation' }, async () => {
  const { Exports = [] } = await client.send(new ListExportsCommand({}));
  expect(Exports.map(({ Name }) => Name)).toEqual(['shared-queue']);
  expect((await outputsOf('second')).Imported).toBe((await outputsOf('first')).Ref);
});
conforms(
  'CloudFormation: the template of a stack is handed out as it was deployed',
  { source: 'cloudformation' },
  async () => {
    const { TemplateBody = '', StagesAvailable } = await client.send(new GetTemplateCommand({ StackName: 'first' }));
    expect(JSON.parse(TemplateBody)).toEqual(first);
    expect(StagesAvailable).toEqual(['Original', 'Processed']);
  },
);
conforms('CloudFormation: a stack that is not there is a ValidationError', { source: 'cloudformation' }, async () => {
  const error = await client.send(new DescribeStacksCommand({ StackName: 'third' })).catch((reason: Error) => reason);
  expect(error).toMatchObject({ name: 'ValidationError', message: 'Stack with id third does not exist' });
});
