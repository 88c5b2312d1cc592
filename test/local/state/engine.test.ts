import { expect, test } from 'vitest';
import { startEngine } from '../../../lib/local/engine.ts';
import { listAt, objectAt, textAt } from '../../../lib/local/json.ts';
import { lambda, mapping, queue, send, start, takeMessages, until, writeAssembly } from '../engine/support.ts';
import { leftBehind, temporaryDirectory } from './support.ts';

const NOTE =
  'exports.handler = async ({ Records }) => { for (const record of Records) see(record.body ?? record.dynamodb?.Keys.pk.S ?? Buffer.from(record.kinesis.data, "base64").toString()); };';
const STREAMS = {
  Log: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } },
  Orders: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      StreamSpecification: { StreamViewType: 'KEYS_ONLY' },
    },
  },
};

test('an engine that was killed goes on where it was: stacks, mappings, positions, messages', async () => {
  const data = temporaryDirectory();
  const assembly = writeAssembly(
    {
      ...STREAMS,
      ...queue('Work'),
      ...lambda('Reader', NOTE, { Environment: { Variables: { WORK: { Ref: 'Work' } } } }),
      ...mapping('FromWork', 'Reader', 'Work', { Enabled: false }),
      ...mapping('FromLog', 'Reader', 'Log', { StartingPosition: 'LATEST' }),
      ...mapping('FromOrders', 'Reader', 'Orders', { StartingPosition: 'LATEST' }, 'StreamArn'),
    },
    { Outputs: { Work: { Value: { Ref: 'Work' } } } },
  );
  const first = await start(assembly, { data });
  const put = ({ calls, physical }: typeof first, text: string) =>
    Promise.all([
      calls.json('kinesis', 'PutRecord', {
        StreamName: physical('Log'),
        PartitionKey: text,
        Data: Buffer.from(text).toString('base64'),
      }),
      calls.json('dynamodb', 'PutItem', { TableName: physical('Orders'), Item: { pk: { S: text } } }),
    ]);
  await put(first, 'one');
  await until('both records', () => first.seen('Reader').length === 2);
  await until('both positions', () =>
    first.engine.services.state?.store('mapping-checkpoints') === undefined
      ? false
      : [...first.engine.services.state.store('mapping-checkpoints').entries()].filter(([, text]) =>
          String(text).includes('"done"'),
        ).length === 2,
  );
  await send(first.calls, first.physical('Work'), 'waiting');
  // From here on nobody reads the streams: the engine is "killed" while these are unread.
  for (const id of ['FromLog', 'FromOrders'])
    await first.calls.rest(
      'lambda',
      'PUT',
      `/2015-03-31/event-source-mappings/${first.physical(id)}`,
      '{"Enabled":false}',
    );
  await until('the mappings to be disabled', async () => {
    const answer = JSON.parse(await first.calls.rest('lambda', 'GET', '/2015-03-31/event-source-mappings'));
    return listAt(answer, 'EventSourceMappings').every((entry) => textAt(entry, 'State') === 'Disabled');
  });
  await put(first, 'two');

  const second = await start(assembly, { data: leftBehind(data) });
  expect(second.engine.url).not.toBe(first.engine.url);
  const [before, after] = [first.engine.stacks[0], second.engine.stacks[0]];
  expect(after?.id).toBe(before?.id);
  expect(after?.createdAt).toEqual(before?.createdAt);
  for (const id of ['Log', 'Orders', 'FromWork', 'FromLog', 'FromOrders', 'Reader'])
    expect(second.physical(id)).toBe(first.physical(id));
  // The endpoint has moved, and with it all that names it.
  expect(second.physical('Work')).toBe(first.physical('Work').replace(first.engine.url, second.engine.url));
  expect(after?.outputs.Work?.value).toBe(second.physical('Work'));
  expect(second.engine.functions[0]?.environment.WORK).toBe(second.physical('Work'));
  const queues = await second.calls.json('sqs', 'ListQueues', {});
  expect(listAt(queues, 'QueueUrls')).toEqual([second.physical('Work')]);

  // The mappings are as the API left them; enabled, they read what was unread, and only that.
  for (const id of ['FromWork', 'FromLog', 'FromOrders'])
    await second.calls.rest(
      'lambda',
      'PUT',
      `/2015-03-31/event-source-mappings/${second.physical(id)}`,
      '{"Enabled":true}',
    );
  await until('what was unread', () => second.seen('Reader').length === 3);
  expect(second.seen('Reader').toSorted()).toEqual(['two', 'two', 'waiting']);
});

test('a position that was never used is kept too: LATEST is when the mapping was made', async () => {
  const data = temporaryDirectory();
  const resources = {
    ...STREAMS,
    ...lambda('Reader', NOTE),
    ...mapping('FromLog', 'Reader', 'Log', { StartingPosition: 'LATEST', MaximumBatchingWindowInSeconds: 60 }),
    ...mapping(
      'FromOrders',
      'Reader',
      'Orders',
      { StartingPosition: 'LATEST', MaximumBatchingWindowInSeconds: 60 },
      'StreamArn',
    ),
  };
  const assembly = writeAssembly(resources);
  const first = await start(assembly, { data });
  await first.calls.json('kinesis', 'PutRecord', {
    StreamName: first.physical('Log'),
    PartitionKey: 'k',
    Data: Buffer.from('in the log').toString('base64'),
  });
  await first.calls.json('dynamodb', 'PutItem', {
    TableName: first.physical('Orders'),
    Item: { pk: { S: 'in the table' } },
  });

  const copy = leftBehind(data);
  const eager = structuredClone(resources);
  for (const id of ['FromLog', 'FromOrders'] as const)
    delete objectAt(objectAt(eager, id), 'Properties').MaximumBatchingWindowInSeconds;
  const second = await start(writeAssembly(eager), { data: copy });
  await until('both records', () => second.seen('Reader').length === 2);
  expect(second.seen('Reader').toSorted()).toEqual(['in the log', 'in the table']);
});

test('a window that was open is ended with all that was gathered before the kill', async () => {
  const data = temporaryDirectory();
  const summing =
    'exports.handler = async ({ Records, state, isFinalInvokeForWindow }) => { const sum = (state.sum ?? 0) + Records.length; see({ sum, final: isFinalInvokeForWindow }); return { state: { sum } }; };';
  const assembly = writeAssembly({
    ...STREAMS,
    ...lambda('Reader', summing),
    ...mapping('FromLog', 'Reader', 'Log', { StartingPosition: 'TRIM_HORIZON', TumblingWindowInSeconds: 5 }),
  });
  const first = await start(assembly, { data });
  // Early in a window, so that it is still open when the engine is killed.
  await new Promise((resolve) => setTimeout(resolve, 5_000 - (Date.now() % 5_000)));
  const record = { Data: Buffer.from('x').toString('base64'), PartitionKey: 'key' };
  const Records = [record, record, record];
  await first.calls.json('kinesis', 'PutRecords', { StreamName: first.physical('Log'), Records });
  const isDone = () =>
    [...(first.engine.services.state?.store('mapping-checkpoints').entries() ?? [])].some(([, text]) =>
      String(text).includes('"sum":3'),
    );
  await until('the records to be done', isDone);
  const second = await start(assembly, { data: leftBehind(data) });
  await until('the end of the window', () => second.seen('Reader').length > 0);
  expect(second.seen('Reader')).toEqual([{ sum: 3, final: true }]);
});

test('an accepted event and a schedule that is due while the engine is down are made up for', async () => {
  const data = temporaryDirectory();
  const app = (work: string) =>
    writeAssembly({
      ...queue('Bell'),
      ...lambda('Worker', `exports.handler = async (event) => { ${work} };`, { Timeout: 60 }),
      Scheduler: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: {
            Statement: [
              { Effect: 'Allow', Principal: { Service: 'scheduler.amazonaws.com' }, Action: 'sts:AssumeRole' },
            ],
          },
          Policies: [
            { PolicyName: 'all', PolicyDocument: { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } },
          ],
        },
      },
    });
  const first = await start(app('await sleep(50_000);'), { data });
  const path = `/2015-03-31/functions/${first.physical('Worker')}/invocations`;
  await first.calls.rest('lambda', 'POST', path, '{"text":"accepted"}', { 'x-amz-invocation-type': 'Event' });
  const due = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000).toISOString().slice(0, 19);
  await first.calls.rest(
    'scheduler',
    'POST',
    '/schedules/once',
    JSON.stringify({
      ScheduleExpression: `at(${due})`,
      FlexibleTimeWindow: { Mode: 'OFF' },
      ActionAfterCompletion: 'DELETE',
      Target: {
        Arn: objectAt(first.engine.stacks[0]?.resources.Bell, 'attributes').Arn ?? '',
        RoleArn: objectAt(first.engine.stacks[0]?.resources.Scheduler, 'attributes').Arn ?? '',
        Input: 'ding',
      },
    }),
  );
  const copy = leftBehind(data);
  await until('the time to be over', () => Date.now() > Date.parse(`${due}Z`));

  const second = await start(app('see(event.text);'), { data: copy });
  await until('the event', () => second.seen('Worker').length === 1);
  expect(second.seen('Worker')).toEqual(['accepted']);
  const [message] = await takeMessages(second.calls, second.physical('Bell'), 1);
  expect(message).toMatchObject({ Body: 'ding' });
  await until(
    'the schedule to be gone',
    async () => [...(second.engine.services.state?.store('schedules').entries() ?? [])].length === 0,
  );

  await until('the engine to be at rest', () => second.engine.busy === 0);
  await second.engine.services.state?.settled();

  // Nothing of it happens a third time.
  const third = await start(app('see(event.text);'), { data: leftBehind(copy) });
  expect(third.engine.busy).toBe(0);
  expect([...(third.engine.services.state?.store('lambda-events').entries() ?? [])]).toEqual([]);
});

test('what cannot be started on a data directory is refused by name, and lets go of it', async () => {
  const data = temporaryDirectory();
  const assembly = writeAssembly(queue('Work'));
  const first = await start(assembly, { data });
  const refusal = (options: object) =>
    startEngine({ assembly, port: 0, data, ...options }).then(
      async (engine) => {
        await engine.close();
        return 'it started';
      },
      (error: unknown) => String(error),
    );
  expect(await refusal({})).toContain(`The data directory ${data} is in use by another engine.`);
  await first.engine.close();
  expect(await refusal({ region: 'eu-west-1' })).toContain(
    `is of region us-east-1; the engine was asked for eu-west-1`,
  );
  const other = writeAssembly(queue('Other'), {}, 'other');
  expect(await refusal({ assembly: other })).toContain(
    'The data directory holds another app: its stacks are app; the assembly has other.',
  );
  expect(await refusal({})).toBe('it started');
});
