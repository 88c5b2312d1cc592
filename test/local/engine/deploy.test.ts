import { expect, test } from 'vitest';
import type { Change } from '../../../lib/local/engine.ts';
import { describeChange } from '../../../lib/local/engine.ts';
import type { JsonObject } from '../../../lib/local/json.ts';
import { listAt, objectAt, textAt } from '../../../lib/local/json.ts';
import {
  depth,
  lambda,
  mapping,
  queue,
  send,
  start,
  type TestEngine,
  takeMessages,
  until,
  writeAssembly,
} from './support.ts';

const invoke = ({ calls, physical }: TestEngine, id: string, event: object = {}) =>
  calls.rest('lambda', 'POST', `/2015-03-31/functions/${physical(id)}/invocations`, JSON.stringify(event));
const described = (changes: readonly Change[]) => changes.map(describeChange);
const queueNames = async ({ calls }: TestEngine) =>
  listAt(await calls.json('sqs', 'ListQueues', {}), 'QueueUrls').map((url) => String(url).split('/').at(-1));
const attributesOf = async ({ calls }: TestEngine, QueueUrl: string) =>
  objectAt(await calls.json('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] }), 'Attributes');
/** The message that a deployment fails with. */
const refusal = (app: TestEngine, assembly: string) =>
  app.engine.deploy(assembly).then(
    () => 'it was deployed',
    (error: unknown) => String(error),
  );

test('other code takes effect at once; what runs comes to its end, and data stays', async () => {
  const slow = lambda('Slow', 'exports.handler = async ({ ms = 0 }) => { await sleep(ms); return "old"; };');
  const app = await start(writeAssembly({ ...queue('Work'), ...slow }));
  await send(app.calls, app.physical('Work'), 'kept');
  expect(await invoke(app, 'Slow')).toBe('"old"');
  const running = invoke(app, 'Slow', { ms: 1000 });
  await until('the long invocation to run', () => app.engine.busy === 1);

  const faster = lambda('Slow', 'exports.handler = async () => "new";');
  const changes = await app.engine.deploy(writeAssembly({ ...queue('Work'), ...faster }));
  expect(described(changes)).toEqual(['~ app/Slow (AWS::Lambda::Function): Code']);
  expect(await invoke(app, 'Slow')).toBe('"new"');
  expect(await running).toBe('"old"');
  expect(await invoke(app, 'Slow')).toBe('"new"');
  expect(await takeMessages(app.calls, app.physical('Work'), 1)).toMatchObject([{ Body: 'kept' }]);
  // Nothing to do is nothing to say.
  expect(await app.engine.deploy(writeAssembly({ ...queue('Work'), ...faster }))).toEqual([]);
});

test('what is added is created, what is removed is deleted unless it is retained; all is said before it is done', async () => {
  const said: string[][] = [];
  const retained = (resources: JsonObject) =>
    Object.fromEntries(
      Object.entries(resources).map(([id, body]) => [id, { ...(body as JsonObject), DeletionPolicy: 'Retain' }]),
    );
  const app: TestEngine = await start(
    writeAssembly({
      ...queue('Stays'),
      ...queue('Goes'),
      ...retained(queue('Left')),
      ...lambda('Reader', 'exports.handler = async () => 1;'),
      ...mapping('FromGoes', 'Reader', 'Goes'),
    }),
    {
      onChanges(changes) {
        said.push(described(changes));
        expect(app.engine.stacks[0]?.resources).toHaveProperty('Goes');
      },
    },
  );
  expect(said).toEqual([]);
  const [goes, left] = [app.physical('Goes'), app.physical('Left')];
  await app.engine.deploy(
    writeAssembly({
      ...queue('Stays'),
      ...queue('Comes', { VisibilityTimeout: 60 }),
      ...lambda('Reader', 'exports.handler = async ({ Records }) => see(Records[0].body);'),
      ...mapping('FromComes', 'Reader', 'Comes'),
    }),
  );
  expect(said).toEqual([
    [
      '+ app/Comes (AWS::SQS::Queue)',
      '~ app/Reader (AWS::Lambda::Function): Code',
      '+ app/FromComes (AWS::Lambda::EventSourceMapping)',
      '- app/Goes (AWS::SQS::Queue)',
      '· app/Left (AWS::SQS::Queue) leaves the stack and stays (DeletionPolicy: Retain)',
      '- app/FromGoes (AWS::Lambda::EventSourceMapping)',
    ],
  ]);
  await send(app.calls, app.physical('Comes'), 'through the new mapping');
  await until('the message', () => app.seen('Reader').length === 1);
  expect(Object.keys(app.engine.stacks[0]?.resources ?? {}).toSorted()).toEqual(
    ['Comes', 'FromComes', 'Reader', 'ReaderRole', 'Stays'].toSorted(),
  );
  const names = await queueNames(app);
  expect(names).toContain(left.split('/').at(-1));
  expect(names).not.toContain(goes.split('/').at(-1));
  const mappings = JSON.parse(await app.calls.rest('lambda', 'GET', '/2015-03-31/event-source-mappings'));
  expect(listAt(mappings, 'EventSourceMappings')).toHaveLength(1);
  expect(app.engine.notices.filter((text) => text.includes('could not be deleted'))).toEqual([]);
});

test('settings change in place: the resources stay the same, what the template no longer says gets its default', async () => {
  const topic = (properties: JsonObject) => ({ Topic: { Type: 'AWS::SNS::Topic', Properties: properties } });
  const subscription = (kind: string) => ({
    Subscription: {
      Type: 'AWS::SNS::Subscription',
      Properties: {
        TopicArn: { Ref: 'Topic' },
        Protocol: 'sqs',
        Endpoint: { 'Fn::GetAtt': ['Work', 'Arn'] },
        RawMessageDelivery: true,
        FilterPolicy: { kind: [kind] },
      },
    },
    Policy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        Queues: [{ Ref: 'Work' }],
        PolicyDocument: {
          Statement: [
            { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: '*' },
          ],
        },
      },
    },
  });
  const log = (properties: JsonObject) => ({ Log: { Type: 'AWS::Kinesis::Stream', Properties: properties } });
  const read =
    'exports.handler = async ({ Records }) => see([process.env.TEXT ?? null, Records.map(({ body }) => body)]);';
  const app = await start(
    writeAssembly({
      ...queue('Work', { VisibilityTimeout: 100, DelaySeconds: 5 }),
      ...queue('Dead'),
      ...topic({ DisplayName: 'old' }),
      ...subscription('a'),
      ...log({ ShardCount: 1, RetentionPeriodHours: 48, DesiredShardLevelMetrics: ['IncomingBytes', 'OutgoingBytes'] }),
      Turned: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } },
      ...lambda('Reader', read, { Environment: { Variables: { TEXT: 'old' } } }),
      ...mapping('FromWork', 'Reader', 'Work', { BatchSize: 1, Enabled: false }),
    }),
  );
  const before = { ...app.engine.stacks[0]?.resources };
  await app.engine.deploy(
    writeAssembly({
      ...queue('Work', {
        VisibilityTimeout: 50,
        RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 3 },
      }),
      ...queue('Dead'),
      ...topic({}),
      ...subscription('b'),
      ...log({ ShardCount: 2, DesiredShardLevelMetrics: ['OutgoingBytes', 'IncomingRecords'] }),
      Turned: { Type: 'AWS::Kinesis::Stream', Properties: { StreamModeDetails: { StreamMode: 'ON_DEMAND' } } },
      ...lambda('Reader', read, { Timeout: 20 }),
      ...mapping('FromWork', 'Reader', 'Work', { MaximumBatchingWindowInSeconds: 1 }),
    }),
  );
  const after = app.engine.stacks[0]?.resources ?? {};
  for (const id of Object.keys(before)) expect(after[id]?.physicalId).toBe(before[id]?.physicalId);
  expect(await attributesOf(app, app.physical('Work'))).toMatchObject({ VisibilityTimeout: '50', DelaySeconds: '0' });
  expect((await attributesOf(app, app.physical('Work'))).RedrivePolicy).toContain('"maxReceiveCount":3');
  expect(app.engine.functions[0]).toMatchObject({ timeoutMs: 20_000, environment: {} });
  const path = `/2015-03-31/event-source-mappings/${app.physical('FromWork')}`;
  expect(JSON.parse(await app.calls.rest('lambda', 'GET', path))).toMatchObject({
    BatchSize: 10,
    MaximumBatchingWindowInSeconds: 1,
    State: 'Enabled',
  });
  const summaryOf = async (id: string) =>
    (await app.calls.json('kinesis', 'DescribeStreamSummary', { StreamName: app.physical(id) }))
      .StreamDescriptionSummary;
  expect(await summaryOf('Log')).toMatchObject({
    OpenShardCount: 2,
    RetentionPeriodHours: 24,
    EnhancedMonitoring: [
      {
        ShardLevelMetrics: expect.toSatisfy(
          (names: string[]) => names.toSorted().join() === 'IncomingRecords,OutgoingBytes',
        ),
      },
    ],
  });
  // An on-demand stream keeps the shards it has.
  expect(await summaryOf('Turned')).toMatchObject({
    OpenShardCount: 1,
    StreamModeDetails: { StreamMode: 'ON_DEMAND' },
  });
  const publish = (kind: string) =>
    app.calls.query('sns', 'Publish', '2010-03-31', {
      TopicArn: app.physical('Topic'),
      Message: kind,
      'MessageAttributes.entry.1.Name': 'kind',
      'MessageAttributes.entry.1.Value.DataType': 'String',
      'MessageAttributes.entry.1.Value.StringValue': kind,
    });
  await publish('a');
  await publish('b');
  await until('what the new filter lets through', () => app.seen('Reader').length === 1);
  expect(app.seen('Reader')).toEqual([[null, ['b']]]);
});

test('a table gets a stream, an expiry and an index, and loses them, with its items in place', async () => {
  const app = await start(writeAssembly({ Table: table({}) }));
  const TableName = app.physical('Table');
  const put = (pk: string, owner: string) =>
    app.calls.json('dynamodb', 'PutItem', { TableName, Item: { pk: { S: pk }, owner: { S: owner } } });
  await put('1', 'a');
  await put('2', 'b');
  const indexed = {
    AttributeDefinitions: [...KEY, { AttributeName: 'owner', AttributeType: 'S' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-owner',
        KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  };
  const reader = (id: string) => ({
    ...lambda(id, 'exports.handler = async ({ Records }) => see(Records[0].dynamodb.Keys.pk.S);'),
    ...mapping(`From${id}`, id, 'Table', { StartingPosition: 'TRIM_HORIZON' }, 'StreamArn'),
  });
  await app.engine.deploy(
    writeAssembly({
      Table: table({
        ...indexed,
        StreamSpecification: { StreamViewType: 'KEYS_ONLY' },
        TimeToLiveSpecification: { Enabled: true, AttributeName: 'until' },
      }),
      ...reader('Reader'),
    }),
  );
  expect(app.physical('Table')).toBe(TableName);
  const byOwner = (owner: string) =>
    app.calls.json('dynamodb', 'Query', {
      TableName,
      IndexName: 'by-owner',
      KeyConditionExpression: '#owner = :owner',
      ExpressionAttributeNames: { '#owner': 'owner' },
      ExpressionAttributeValues: { ':owner': { S: owner } },
    });
  await put('3', 'a');
  expect((await byOwner('a')).Count).toBe(2);
  await until('the change', () => app.seen('Reader').length === 1);
  expect(app.seen('Reader')).toEqual(['3']);
  const { TimeToLiveDescription } = await app.calls.json('dynamodb', 'DescribeTimeToLive', { TableName });
  expect(TimeToLiveDescription).toMatchObject({ AttributeName: 'until' });

  expect(
    await refusal(
      app,
      writeAssembly({
        Table: table({
          AttributeDefinitions: indexed.AttributeDefinitions,
          GlobalSecondaryIndexes: ['x', 'y'].map((name) => ({
            ...indexed.GlobalSecondaryIndexes[0],
            IndexName: `by-owner-${name}`,
          })),
        }),
      }),
    ),
  ).toContain('Cannot perform more than one GSI creation or deletion in a single update (here 3)');
  expect((await byOwner('b')).Count).toBe(1);

  await app.engine.deploy(writeAssembly({ Table: table({}) }));
  await expect(byOwner('a')).rejects.toThrow('ValidationException');
  const { Table } = await app.calls.json('dynamodb', 'DescribeTable', { TableName });
  expect(Table).not.toHaveProperty('StreamSpecification');
  expect((await app.calls.json('dynamodb', 'Scan', { TableName })).Count).toBe(3);
});

const KEY = [{ AttributeName: 'pk', AttributeType: 'S' }];
const table = (properties: JsonObject, attributes: JsonObject = {}): JsonObject => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: KEY,
    ...properties,
  },
  ...attributes,
});
const sorted = {
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [...KEY, { AttributeName: 'sk', AttributeType: 'S' }],
};

test('a replacement makes a new resource and hands it to all who use the old one', async () => {
  const app = await start(
    writeAssembly({
      Table: table({}),
      ...queue('Work'),
      ...lambda('Reader', 'exports.handler = async () => process.env.TABLE;', {
        Environment: { Variables: { TABLE: { Ref: 'Table' } } },
      }),
      ...mapping('FromWork', 'Reader', 'Work'),
    }),
  );
  const [oldTable, oldQueue, oldMapping] = [app.physical('Table'), app.physical('Work'), app.physical('FromWork')];
  const changes = await app.engine.deploy(
    writeAssembly({
      Table: table(sorted),
      ...queue('Work', { FifoQueue: true }),
      ...lambda('Reader', 'exports.handler = async () => process.env.TABLE;', {
        Environment: { Variables: { TABLE: { Ref: 'Table' } } },
      }),
      ...mapping('FromWork', 'Reader', 'Work'),
    }),
  );
  expect(described(changes).toSorted()).toEqual(
    [
      '± app/FromWork (AWS::Lambda::EventSourceMapping): EventSourceArn; a new one takes its place',
      '± app/Table (AWS::DynamoDB::Table): KeySchema, AttributeDefinitions; a new one takes its place',
      '± app/Work (AWS::SQS::Queue): FifoQueue; a new one takes its place',
      '~ app/Reader (AWS::Lambda::Function): Environment',
    ].toSorted(),
  );
  expect(app.physical('Table')).not.toBe(oldTable);
  expect(app.physical('FromWork')).not.toBe(oldMapping);
  expect(await invoke(app, 'Reader')).toBe(JSON.stringify(app.physical('Table')));
  expect(await queueNames(app)).toEqual([`${oldQueue.split('/').at(-1)}.fifo`]);
  expect(listAt(await app.calls.json('dynamodb', 'ListTables', {}), 'TableNames')).toEqual([app.physical('Table')]);
});

test('a replacement that would lose data, or cannot have the name, is refused with the fix; a retained one is left beside', async () => {
  const app = await start(writeAssembly({ Table: table({}), ...queue('Work'), Named: table({ TableName: 'mine' }) }));
  const TableName = app.physical('Table');
  await app.calls.json('dynamodb', 'PutItem', { TableName, Item: { pk: { S: '1' } } });
  await send(app.calls, app.physical('Work'), 'one');
  const named = { Named: table({ TableName: 'mine' }) };
  const reasons = await Promise.all([
    refusal(app, writeAssembly({ Table: table(sorted), ...queue('Work'), ...named })),
    refusal(app, writeAssembly({ Table: table({}), ...queue('Work', { FifoQueue: true }), ...named })),
    refusal(app, writeAssembly({ Table: table({}), ...queue('Work'), Named: table({ ...sorted, TableName: 'mine' }) })),
  ]);
  expect(reasons[0]).toContain(
    `Stack app, Table (AWS::DynamoDB::Table): a change of KeySchema, AttributeDefinitions makes a new resource, and the items of ${TableName} would be deleted with the old one. Give the new one another logical id`,
  );
  expect(reasons[1]).toContain('the 1 message of');
  expect(reasons[2]).toContain(
    'two cannot have the name "mine": CloudFormation cannot update a stack when a custom-named resource requires replacing. Change TableName too, or leave it out.',
  );
  expect(app.physical('Table')).toBe(TableName);

  const retained = table(sorted, { UpdateReplacePolicy: 'Retain' });
  await app.engine.deploy(writeAssembly({ Table: retained, ...queue('Work'), ...named }));
  expect(app.physical('Table')).not.toBe(TableName);
  expect((await app.calls.json('dynamodb', 'Scan', { TableName })).Count).toBe(1);
});

test('a deployment that fails half-way is taken back: the app runs on as it was', async () => {
  const reader = (text: string) => lambda('Reader', `exports.handler = async () => ${JSON.stringify(text)};`);
  const fine = { ...queue('Work', { VisibilityTimeout: 40 }), ...queue('Goes'), ...reader('old') };
  const app = await start(writeAssembly({ ...fine, ...mapping('FromWork', 'Reader', 'Work') }));
  const before = structuredClone(app.engine.stacks[0]);
  const broken = writeAssembly({
    ...queue('Work', { VisibilityTimeout: 50 }),
    ...queue('Comes'),
    ...reader('new'),
    ...mapping('FromWork', 'Reader', 'Work', { BatchSize: 5 }),
    // Refused by Lambda only when it is made: the visibility timeout is shorter than the function's.
    ...queue('Hasty', { VisibilityTimeout: 1 }),
    ...mapping('FromHasty', 'Reader', 'Hasty'),
  });
  expect(await refusal(app, broken)).toContain(
    'Queue visibility timeout: 1 seconds is less than Function timeout: 10 seconds',
  );
  expect(app.engine.stacks[0]).toEqual(before);
  expect(await queueNames(app)).toHaveLength(2);
  expect(await attributesOf(app, app.physical('Work'))).toMatchObject({ VisibilityTimeout: '40' });
  expect(await invoke(app, 'Reader')).toBe('"old"');
  const path = `/2015-03-31/event-source-mappings/${app.physical('FromWork')}`;
  expect(JSON.parse(await app.calls.rest('lambda', 'GET', path))).toMatchObject({ BatchSize: 10, State: 'Enabled' });
  await send(app.calls, app.physical('Work'), 'x');
  await until('the queue to be read', async () => (await depth(app.calls, app.physical('Work'))) === 0);

  // What is there already is neither taken over nor deleted.
  const made = await app.calls.json('sqs', 'CreateQueue', { QueueName: 'by-hand' });
  await send(app.calls, String(made.QueueUrl), 'precious');
  const adopting = writeAssembly({
    ...fine,
    ...mapping('FromWork', 'Reader', 'Work'),
    ...queue('Taken', { QueueName: 'by-hand' }),
    ...queue('Hasty', { VisibilityTimeout: 1 }),
    FromHasty: { ...objectAt(mapping('FromHasty', 'Reader', 'Hasty'), 'FromHasty'), DependsOn: 'Taken' },
  });
  expect(await refusal(app, adopting)).toContain("with identifier 'by-hand' already exists");
  expect(app.engine.stacks[0]).toEqual(before);
  expect(await depth(app.calls, String(made.QueueUrl))).toBe(1);

  // What can be told from the templates is told before anything is touched.
  const unknown = writeAssembly({ ...queue('Work'), Cluster: { Type: 'AWS::ECS::Cluster', Properties: {} } });
  expect(await refusal(app, unknown)).toContain('the engine does not support AWS::ECS::Cluster');
  expect(app.engine.stacks[0]).toEqual(before);
});

test('a role that loses a permission loses it at once, and gets it back', async () => {
  const allowed = (Action: string) =>
    lambda(
      'Sender',
      'exports.handler = async () => (await aws("sqs", "AmazonSQS.SendMessage", { QueueUrl: process.env.QUEUE, MessageBody: "x" })).MessageId.length;',
      { Environment: { Variables: { QUEUE: { Ref: 'Work' } } } },
      [{ Effect: 'Allow', Action, Resource: '*' }],
    );
  const app = await start(writeAssembly({ ...queue('Work'), ...allowed('sqs:SendMessage') }));
  expect(await invoke(app, 'Sender')).toBe('36');
  const changes = await app.engine.deploy(writeAssembly({ ...queue('Work'), ...allowed('sqs:ReceiveMessage') }));
  expect(described(changes)).toEqual(['~ app/SenderRole (AWS::IAM::Role): Policies']);
  expect(textAt(JSON.parse(await invoke(app, 'Sender')), 'errorMessage')).toContain(
    'is not authorized to perform: sqs:SendMessage',
  );
  await app.engine.deploy(writeAssembly({ ...queue('Work'), ...allowed('sqs:SendMessage') }));
  expect(await invoke(app, 'Sender')).toBe('36');
});
