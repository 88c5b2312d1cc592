import { CloudFormationClient, DeleteStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { expect, onTestFinished, test } from 'vitest';
import type { JsonObject } from '../../../lib/local/json.ts';
import { listAt, objectAt } from '../../../lib/local/json.ts';
import { leftBehind, temporaryDirectory } from '../state/support.ts';
import { lambda, mapping, queue, REGION, send, start, type TestEngine, takeMessages, writeStacks } from './support.ts';

const producer = (outputs: Readonly<Record<string, string>>, properties: JsonObject = {}): JsonObject => ({
  Resources: { ...queue('Work', properties), ...queue('Other') },
  Outputs: Object.fromEntries(
    Object.entries(outputs).map(([name, id]) => [name, { Value: { Ref: id }, Export: { Name: `producer:${name}` } }]),
  ),
});
const consumer = (name: string | undefined): JsonObject => ({
  Resources: lambda('Reader', 'exports.handler = async () => process.env.QUEUE;', {
    Environment: {
      Variables: name === undefined ? {} : { QUEUE: { 'Fn::ImportValue': `producer:${name}` } },
    },
  }),
});
const refusal = (app: TestEngine, assembly: string) =>
  app.engine.deploy(assembly).then(
    () => 'it was deployed',
    (error: unknown) => String(error),
  );
const environmentOf = ({ engine }: TestEngine) => engine.functions[0]?.environment.QUEUE?.split('/').at(-1);
const nameIn = (app: TestEngine, id: string) => app.engine.stacks[0]?.resources[id]?.physicalId.split('/').at(-1);

test('an export that another stack uses is neither deleted nor changed; one that no stack uses any more is', async () => {
  const app = await start(writeStacks({ producer: producer({ work: 'Work' }), consumer: consumer('work') }));
  expect(environmentOf(app)).toBe(nameIn(app, 'Work'));
  // As on AWS the producer comes first, while the deployed consumer still imports.
  expect(await refusal(app, writeStacks({ producer: producer({}), consumer: consumer(undefined) }))).toContain(
    'Export producer:work of stack producer cannot be deleted as it is in use by consumer.',
  );
  expect(
    await refusal(app, writeStacks({ producer: producer({ work: 'Other' }), consumer: consumer('work') })),
  ).toContain('Export producer:work of stack producer cannot be updated as it is in use by consumer.');
  const both = producer({ work: 'Work', other: 'Other' });
  await app.engine.deploy(writeStacks({ producer: both, consumer: consumer('other') }));
  expect(environmentOf(app)).toBe(nameIn(app, 'Other'));
  await app.engine.deploy(writeStacks({ producer: producer({ other: 'Other' }), consumer: consumer('other') }));
  expect(app.engine.stacks[0]?.outputs).not.toHaveProperty('work');
  expect(
    await refusal(app, writeStacks({ producer: producer({ other: 'Other' }), consumer: consumer('none') })),
  ).toContain('Fn::ImportValue names "producer:none", which no stack before this one exports');
});

test('when a later stack fails, the earlier ones are taken back too', async () => {
  const app = await start(writeStacks({ producer: producer({ work: 'Work' }), consumer: consumer('work') }));
  const before = structuredClone(app.engine.stacks);
  const hasty = consumer('work');
  Object.assign(
    hasty.Resources as JsonObject,
    queue('Hasty', { VisibilityTimeout: 1 }),
    mapping('M', 'Reader', 'Hasty'),
  );
  const changed = producer({ work: 'Work' }, { VisibilityTimeout: 90 });
  expect(
    await refusal(app, writeStacks({ producer: changed, consumer: hasty, third: { Resources: queue('Late') } })),
  ).toContain('Queue visibility timeout');
  expect(app.engine.stacks).toEqual(before);
  const [attributes] = await Promise.all([
    app.calls.json('sqs', 'GetQueueAttributes', {
      QueueUrl: app.physical('Work'),
      AttributeNames: ['VisibilityTimeout'],
    }),
  ]);
  expect(attributes).toMatchObject({ Attributes: { VisibilityTimeout: '30' } });
  expect(listAt(await app.calls.json('sqs', 'ListQueues', {}), 'QueueUrls')).toHaveLength(2);
});

test('a stack that leaves the assembly stays until it is deleted, over restarts too', async () => {
  const data = temporaryDirectory();
  const first = await start(writeStacks({ producer: producer({ work: 'Work' }), consumer: consumer('work') }), {
    data,
  });
  await send(first.calls, first.physical('Work'), 'kept');
  const app = await start(writeStacks({ producer: producer({ work: 'Work' }) }), { data: leftBehind(data) });
  expect(app.engine.stacks.map(({ name }) => name)).toEqual(['producer', 'consumer']);
  expect(app.engine.notices).toContain(
    'Stack consumer is deployed but not in the assembly: it stays. To delete it: aws cloudformation delete-stack --stack-name consumer',
  );
  // It runs, on the endpoint of today, and holds on to what it imports.
  const name = app.engine.functions[0]?.name ?? '';
  const answer = await app.calls.rest('lambda', 'POST', `/2015-03-31/functions/${name}/invocations`, '{}');
  expect(answer).toBe(JSON.stringify(app.physical('Work')));
  expect(await takeMessages(app.calls, app.physical('Work'), 1)).toMatchObject([{ Body: 'kept' }]);
  expect(await refusal(app, writeStacks({ producer: producer({}) }))).toContain('is in use by consumer');

  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const sdk = new CloudFormationClient({ endpoint: app.engine.url, region: REGION, credentials });
  onTestFinished(() => sdk.destroy());
  await expect(sdk.send(new DeleteStackCommand({ StackName: 'producer' }))).rejects.toMatchObject({
    name: 'ValidationError',
    message: expect.stringContaining('cannot be deleted as it is in use by consumer'),
  });
  await sdk.send(new DeleteStackCommand({ StackName: 'consumer' }));
  await sdk.send(new DeleteStackCommand({ StackName: 'consumer' }));
  expect(app.engine.functions).toEqual([]);
  await app.engine.deploy(writeStacks({ producer: producer({}) }));
  const { Stacks } = await sdk.send(new DescribeStacksCommand({}));
  expect(Stacks).toMatchObject([{ StackName: 'producer', StackStatus: 'UPDATE_COMPLETE', Outputs: [] }]);
});

test('an assembly that has changed while the engine was down is deployed over what there is', async () => {
  const data = temporaryDirectory();
  const said: string[] = [];
  const first = await start(writeStacks({ producer: producer({ work: 'Work' }) }), { data });
  await send(first.calls, first.physical('Work'), 'kept');
  const changed = producer({ work: 'Work' }, { VisibilityTimeout: 77 });
  delete (changed.Resources as JsonObject).Other;
  Object.assign(changed.Resources as JsonObject, lambda('New', 'exports.handler = async () => 1;'));
  const second = await start(writeStacks({ producer: changed }), {
    data: leftBehind(data),
    onChanges: (changes) => said.push(...changes.map(({ kind, logicalId }) => `${kind} ${logicalId}`)),
  });
  expect(said).toEqual(['update Work', 'create NewRole', 'create New', 'delete Other']);
  expect(listAt(await second.calls.json('sqs', 'ListQueues', {}), 'QueueUrls')).toEqual([second.physical('Work')]);
  expect(await takeMessages(second.calls, second.physical('Work'), 1)).toMatchObject([{ Body: 'kept' }]);

  // One that cannot be deployed leaves the directory as it was.
  const third = leftBehind(data);
  const broken = producer({ work: 'Work' }, { VisibilityTimeout: 1 });
  Object.assign(
    broken.Resources as JsonObject,
    lambda('New', 'exports.handler = async () => 1;'),
    mapping('M', 'New', 'Work'),
  );
  await expect(start(writeStacks({ producer: broken }), { data: third })).rejects.toThrow('Queue visibility timeout');
  const fourth = await start(writeStacks({ producer: producer({ work: 'Work' }) }), { data: third });
  const QueueUrl = fourth.physical('Work');
  expect(
    await fourth.calls.json('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['VisibilityTimeout'] }),
  ).toEqual({
    Attributes: { VisibilityTimeout: '30' },
  });
  expect(await takeMessages(fourth.calls, QueueUrl, 1)).toMatchObject([{ Body: 'kept' }]);
});

test('an engine killed in the middle of a deployment finishes it when it starts again, or goes back with the old assembly', async () => {
  const data = temporaryDirectory();
  const table = (...keys: string[]): JsonObject => ({
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      KeySchema: keys.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      StreamSpecification: { StreamViewType: 'KEYS_ONLY' },
      TimeToLiveSpecification: { Enabled: true, AttributeName: 'until' },
    },
  });
  const reader = {
    ...lambda('Reader', 'exports.handler = async () => 1;'),
    ...mapping('FromTable', 'Reader', 'Table', { StartingPosition: 'LATEST' }, 'StreamArn'),
  };
  const before = writeStacks({
    app: {
      Resources: { ...queue('Work', { VisibilityTimeout: 40 }), ...queue('Goes'), Table: table('pk'), ...reader },
    },
  });
  const after = writeStacks({
    app: {
      Resources: {
        ...queue('Work', { VisibilityTimeout: 50 }),
        ...queue('Comes'),
        Table: table('pk', 'sk'),
        Second: table('id'),
        ...reader,
      },
    },
  });
  const { engine } = await start(before, { data });
  const copies: string[] = [];
  const deployment = engine.deploy(after);
  const isDone = deployment.then(() => true);
  while (!(await Promise.race([isDone, new Promise<false>((resolve) => setImmediate(resolve, false))])))
    copies.push(leftBehind(data));
  expect(copies.length).toBeGreaterThan(2);
  for (const copy of copies) {
    const redone = await start(after, { data: copy });
    const queues = async ({ calls }: TestEngine) => listAt(await calls.json('sqs', 'ListQueues', {}), 'QueueUrls');
    const tables = async ({ calls }: TestEngine) =>
      listAt(await calls.json('dynamodb', 'ListTables', {}), 'TableNames');
    const visibility = async ({ calls, physical }: TestEngine) => {
      const asked = { QueueUrl: physical('Work'), AttributeNames: ['VisibilityTimeout'] };
      return objectAt(await calls.json('sqs', 'GetQueueAttributes', asked), 'Attributes').VisibilityTimeout;
    };
    const mappings = ({ engine: { functions }, calls }: TestEngine) =>
      calls.rest('lambda', 'GET', '/2015-03-31/event-source-mappings').then((text) => {
        expect(functions).toHaveLength(1);
        return listAt(JSON.parse(text), 'EventSourceMappings');
      });
    expect((await queues(redone)).toSorted()).toEqual([redone.physical('Work'), redone.physical('Comes')].toSorted());
    expect((await tables(redone)).toSorted()).toEqual([redone.physical('Table'), redone.physical('Second')].toSorted());
    expect(await mappings(redone)).toMatchObject([{ UUID: redone.physical('FromTable'), State: 'Enabled' }]);
    expect(await visibility(redone)).toBe('50');
    await redone.engine.close();
    const undone = await start(before, { data: copy });
    expect((await queues(undone)).toSorted()).toEqual([undone.physical('Work'), undone.physical('Goes')].toSorted());
    expect(await tables(undone)).toEqual([undone.physical('Table')]);
    expect(await mappings(undone)).toHaveLength(1);
    expect(await visibility(undone)).toBe('40');
    await undone.engine.close();
  }
});
