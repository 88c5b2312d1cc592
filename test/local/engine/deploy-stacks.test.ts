import { CloudFormationClient, DeleteStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { expect, onTestFinished, test } from 'vitest';
import type { JsonObject } from '../../../lib/local/json.ts';
import { listAt } from '../../../lib/local/json.ts';
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
