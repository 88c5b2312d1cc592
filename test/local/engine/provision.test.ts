import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { expect, onTestFinished, test } from 'vitest';
import { startEngine } from '../../../lib/local/engine.ts';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { physicalName } from '../../../lib/local/provision/resources/names.ts';
import { lambda, mapping, queue, REGION, start, temporaryDirectory, trust, writeAssembly } from './support.ts';

/** The message that starting an assembly ends with. */
async function refusal(assembly: string): Promise<string> {
  const engine = await startEngine({ assembly, port: 0 }).catch((error: unknown) => error);
  if (engine instanceof Error) return engine.message;
  await (engine as { close(): Promise<void> }).close();
  throw new Error('the engine started');
}

test('an assembly that is missing, a file, or something else is named with the fix', async () => {
  const directory = temporaryDirectory();
  expect(await refusal(join(directory, 'none'))).toBe(
    `There is no cloud assembly at ${join(directory, 'none')}. Make it first: npx cdk synth`,
  );
  expect(await refusal(directory)).toBe(
    `${directory} is not a cloud assembly: it has no manifest.json. Make one with: npx cdk synth`,
  );
  writeFileSync(join(directory, 'manifest.json'), '{"name":"web app"}');
  expect(await refusal(directory)).toContain('is not the manifest of a cloud assembly');
  expect(await refusal(join(directory, 'manifest.json'))).toContain('is a file, not a cloud assembly');
  writeFileSync(join(directory, 'manifest.json'), '{');
  expect(await refusal(directory)).toContain('manifest.json is not valid JSON');
});

test('unsupported types and properties are all named before anything is created', async () => {
  const message = await refusal(
    writeAssembly({
      ...queue('Fine'),
      Cluster: { Type: 'AWS::ECS::Cluster', Properties: {} },
      Script: { Type: 'Custom::Script', Properties: {} },
      Bucket: { Type: 'AWS::S3::Bucket', Properties: { NotificationConfiguration: {} } },
      Table: { Type: 'AWS::DynamoDB::Table', Properties: { Sharpness: 3 } },
    }),
  );
  expect(message).toContain('Stack app, Cluster: the engine does not support AWS::ECS::Cluster.');
  expect(message).toContain('Stack app, Script: the engine does not support Custom::Script.');
  expect(message).toContain(
    'Stack app, Bucket (AWS::S3::Bucket): its property NotificationConfiguration is not supported by the engine: buckets send no events.',
  );
  expect(message).toContain(
    'Stack app, Table (AWS::DynamoDB::Table): its property Sharpness is not supported by the engine',
  );
  expect(message).toContain('AWS::SQS::Queue');
  expect(message).toContain('Nothing was created.');
});

test.each<[string, JsonObject, string]>([
  [
    'a reference to nothing',
    queue('Q', { KmsMasterKeyId: { Ref: 'Ghost' } }),
    'Stack app, Q (AWS::SQS::Queue): Ref names "Ghost"',
  ],
  [
    'a runtime other than Node.js',
    lambda('F', '', { Runtime: 'python3.13' }),
    'Stack app, F (AWS::Lambda::Function): the engine runs Node.js functions',
  ],
  [
    'code that is no asset',
    lambda('F', '', { Code: { S3Bucket: 'b', S3Key: 'k.zip' } }),
    'is not an asset of the assembly',
  ],
  [
    'a bad schedule',
    { R: { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'rate(1 minutes)' } } },
    'Stack app, R (AWS::Events::Rule): Schedule expression "rate(1 minutes)"',
  ],
  [
    'a bad schedule of Scheduler',
    {
      ...queue('Q'),
      R: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust('scheduler.amazonaws.com') } },
      S: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          ScheduleExpression: 'rate(0 minutes)',
          FlexibleTimeWindow: { Mode: 'OFF' },
          Target: { Arn: { 'Fn::GetAtt': ['Q', 'Arn'] }, RoleArn: { 'Fn::GetAtt': ['R', 'Arn'] } },
        },
      },
    },
    'Stack app, S (AWS::Scheduler::Schedule): ',
  ],
  [
    'an unknown managed policy',
    {
      R: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: trust('lambda.amazonaws.com'),
          ManagedPolicyArns: ['arn:aws:iam::aws:policy/Foo'],
        },
      },
    },
    'does not know the managed policy arn:aws:iam::aws:policy/Foo',
  ],
  [
    'a role that may not read the source',
    {
      ...queue('Q'),
      ...lambda('F', 'exports.handler = async () => 1;', {}, [
        { Effect: 'Allow', Action: 'sqs:DeleteMessage', Resource: '*' },
      ]),
      ...mapping('M', 'F', 'Q'),
    },
    'must allow sqs:ReceiveMessage on arn:aws:sqs:us-east-1:000000000000:app-Q-',
  ],
  [
    'a timeout above the visibility',
    {
      ...queue('Q', { VisibilityTimeout: 5 }),
      ...lambda('F', 'exports.handler = async () => 1;', { Timeout: 10 }),
      ...mapping('M', 'F', 'Q'),
    },
    'Queue visibility timeout: 5 seconds is less than Function timeout: 10 seconds',
  ],
  [
    'a large batch without a window',
    { ...queue('Q'), ...lambda('F', 'exports.handler = async () => 1;'), ...mapping('M', 'F', 'Q', { BatchSize: 11 }) },
    'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
  ],
  [
    'a stream without a starting position',
    {
      S: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } },
      ...lambda('F', 'exports.handler = async () => 1;'),
      ...mapping('M', 'F', 'S'),
    },
    "Value null at 'startingPosition'",
  ],
])('%s is refused by name', async (_name, resources, message) => {
  expect(await refusal(writeAssembly(resources))).toContain(message);
});

test('what changes nothing here is accepted and told once; outputs and resources can be asked for', async () => {
  const assembly = writeAssembly(
    {
      ...queue('Plain'),
      ...queue('Named', { QueueName: 'orders.fifo', FifoQueue: true, Tags: [{ Key: 'a', Value: 'b' }] }),
      Key: { Type: 'AWS::KMS::Key', Properties: { EnableKeyRotation: true } },
      Filter: { Type: 'AWS::Logs::MetricFilter' },
      MoreFilters: { Type: 'AWS::Logs::MetricFilter' },
      Detector: { Type: 'AWS::CloudWatch::AnomalyDetector', Properties: { MetricName: { Ref: 'Key' } } },
      Meta: { Type: 'AWS::CDK::Metadata', Condition: 'Never', Properties: { Analytics: 'x' } },
    },
    {
      Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
      Parameters: {
        BootstrapVersion: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk-bootstrap/hnb659fds/version' },
      },
      Outputs: {
        Url: { Value: { Ref: 'Plain' }, Export: { Name: 'app:url' }, Description: 'a < b' },
        Arn: { Value: { 'Fn::GetAtt': ['Named', 'Arn'] } },
      },
    },
  );
  const { engine } = await start(assembly);
  expect(engine.notices.filter((notice) => notice.includes('MetricFilter'))).toHaveLength(1);
  expect(engine.notices).toContain('AWS::CloudWatch::AnomalyDetector: accepted; anomaly detection is not run.');
  expect(engine.stacks[0]?.resources).not.toHaveProperty('Meta');
  const sdk = new CloudFormationClient({
    endpoint: engine.url,
    region: REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  onTestFinished(() => sdk.destroy());
  const url = `${engine.url}/000000000000/${physicalName('app', 'Plain', { max: 80 })}`;
  const { Stacks } = await sdk.send(new DescribeStacksCommand({ StackName: 'app' }));
  expect(Stacks).toMatchObject([
    {
      StackName: 'app',
      StackStatus: 'CREATE_COMPLETE',
      Outputs: [
        { OutputKey: 'Url', OutputValue: url, ExportName: 'app:url', Description: 'a < b' },
        { OutputKey: 'Arn', OutputValue: 'arn:aws:sqs:us-east-1:000000000000:orders.fifo' },
      ],
    },
  ]);
  expect((await sdk.send(new ListStacksCommand({}))).StackSummaries).toMatchObject([{ StackName: 'app' }]);
  expect((await sdk.send(new ListStackResourcesCommand({ StackName: 'app' }))).StackResourceSummaries).toHaveLength(6);
  const { StackResources } = await sdk.send(
    new DescribeStackResourcesCommand({ StackName: 'app', LogicalResourceId: 'Plain' }),
  );
  expect(StackResources).toMatchObject([
    { LogicalResourceId: 'Plain', PhysicalResourceId: url, ResourceType: 'AWS::SQS::Queue' },
  ]);
  await expect(sdk.send(new DescribeStacksCommand({ StackName: 'nope' }))).rejects.toMatchObject({
    name: 'ValidationError',
    message: 'Stack with id nope does not exist',
  });
  const health = (await (await fetch(`${engine.url}/_sluice/health`)).json()) as Json;
  expect(health).toEqual({ status: 'ready', functions: [], stacks: ['app'] });
});

test('generated names keep to the limits, stay the same, and differ', () => {
  const long = 'VeryLongLogicalIdOfAResource'.repeat(4);
  const name = physicalName('my-stack', long, { max: 64 });
  expect(name).toMatch(/^my-stack-VeryLong[A-Za-z]+-[0-9A-Z]{12}$/);
  expect(name.length).toBeLessThanOrEqual(64);
  expect(physicalName('my-stack', long, { max: 64 })).toBe(name);
  expect(physicalName('my-stack', `${long}2`, { max: 64 })).not.toBe(name);
  expect(physicalName('my-stack', 'Queue', { max: 80, suffix: '.fifo' })).toMatch(
    /^my-stack-Queue-[0-9A-Z]{12}\.fifo$/,
  );
  expect(physicalName('My-Stack', 'Bucket', { max: 63, lowerCase: true })).toMatch(/^my-stack-bucket-[0-9a-z]{12}$/);
});

test('50 functions and 50 queues start in a few seconds', async () => {
  const parts = Array.from({ length: 50 }, (_, index) => ({
    ...queue(`Q${index}`),
    ...lambda(`F${index}`, 'exports.handler = async () => 1;'),
    ...mapping(`M${index}`, `F${index}`, `Q${index}`),
  }));
  const began = performance.now();
  const { engine } = await start(writeAssembly(Object.assign({}, ...parts)));
  expect(engine.functions).toHaveLength(50);
  expect(performance.now() - began).toBeLessThan(5000);
});

test('a nested assembly (a stage) and a region of its own are read', async () => {
  const directory = temporaryDirectory();
  const stage = join(directory, 'assembly-prod');
  mkdirSync(stage);
  const manifest = (artifacts: JsonObject): string => JSON.stringify({ version: '55.0.0', artifacts });
  writeFileSync(
    join(directory, 'manifest.json'),
    manifest({ prod: { type: 'cdk:cloud-assembly', properties: { directoryName: 'assembly-prod' } } }),
  );
  const stack = (name: string, dependencies: string[]): JsonObject => ({
    type: 'aws:cloudformation:stack',
    environment: 'aws://111111111111/eu-west-1',
    dependencies,
    properties: { templateFile: `${name}.json`, stackName: `prod-${name}` },
  });
  writeFileSync(join(stage, 'manifest.json'), manifest({ b: stack('b', ['a']), a: stack('a', []) }));
  writeFileSync(
    join(stage, 'a.json'),
    JSON.stringify({ Resources: queue('Q'), Outputs: { Q: { Value: { Ref: 'Q' }, Export: { Name: 'a:q' } } } }),
  );
  const parameter = {
    Type: 'AWS::SSM::Parameter',
    Properties: { Type: 'String', Value: { 'Fn::ImportValue': 'a:q' } },
  };
  writeFileSync(join(stage, 'b.json'), JSON.stringify({ Resources: { P: parameter } }));
  const { engine } = await start(directory);
  expect(engine.stacks.map(({ name }) => name)).toEqual(['prod-a', 'prod-b']);
  expect(engine.stacks[1]?.resources.P?.attributes.Value).toBe(engine.stacks[0]?.resources.Q?.physicalId);
  expect(engine.notices).toContain('Stack prod-a is made for eu-west-1; here it runs as us-east-1.');
});
