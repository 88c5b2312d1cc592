import { expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/local/json.ts';
import { listAt, objectAt, textAt } from '../../../lib/local/json.ts';
import { depth, lambda, mapping, queue, send, start, takeMessages, until, writeAssembly } from './support.ts';

const SEE_BODIES = 'see(event.Records.map((record) => record.body));';

/** A queue with a dead-letter queue, feeding one function. */
function consumer(
  code: string,
  { mappingProperties = {}, queueProperties = {}, functionProperties = {} }: Record<string, JsonObject> = {},
): string {
  const fifo: JsonObject = queueProperties.FifoQueue === true ? { FifoQueue: true } : {};
  const RedrivePolicy = { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 2 };
  return writeAssembly({
    ...queue('Dead', fifo),
    ...queue('Work', { VisibilityTimeout: 1, RedrivePolicy, ...queueProperties }),
    ...lambda('Consumer', `exports.handler = async (event) => { ${code} };`, { Timeout: 1, ...functionProperties }),
    ...mapping('Feed', 'Consumer', 'Work', mappingProperties),
  });
}

test('a message reaches the function as AWS words it, and is deleted', async () => {
  const { calls, physical, seen } = await start(consumer('see(event);'));
  const attributes = { tenant: { DataType: 'String', StringValue: 'blue' } };
  const messageId = await send(calls, physical('Work'), 'hello', { MessageAttributes: attributes });
  const event = await until('the event', () => seen('Consumer')[0]);
  const [record] = listAt(event, 'Records');
  expect(record).toMatchObject({
    messageId,
    body: 'hello',
    md5OfBody: '5d41402abc4b2a76b9719d911017c592',
    eventSource: 'aws:sqs',
    awsRegion: 'us-east-1',
    eventSourceARN: expect.stringMatching(/^arn:aws:sqs:us-east-1:000000000000:app-Work-/),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: expect.stringMatching(/^\d+$/),
      SenderId: expect.any(String),
    },
    messageAttributes: {
      tenant: { stringValue: 'blue', stringListValues: [], binaryListValues: [], dataType: 'String' },
    },
  });
  await until('the queue to be empty', async () => (await depth(calls, physical('Work'))) === 0);
});

test('only reported failures come back, and end in the dead-letter queue', async () => {
  const code = `${SEE_BODIES} return { batchItemFailures: event.Records.filter((record) => record.body === 'bad').map((record) => ({ itemIdentifier: record.messageId })) };`;
  const { calls, physical, seen } = await start(
    consumer(code, { mappingProperties: { FunctionResponseTypes: ['ReportBatchItemFailures'] } }),
  );
  const Entries = ['good', 'bad', 'fine'].map((MessageBody, index) => ({ Id: String(index), MessageBody }));
  await calls.json('sqs', 'SendMessageBatch', { QueueUrl: physical('Work'), Entries });
  const [dead] = await takeMessages(calls, physical('Dead'), 1);
  expect(dead).toMatchObject({ Body: 'bad' });
  expect(seen('Consumer').flat().toSorted()).toEqual(['bad', 'bad', 'fine', 'good']);
  expect(await depth(calls, physical('Work'))).toBe(0);
});

test('answers that name no message of the batch fail all of it', async () => {
  const answers = {
    MissingKey: '{ batchItemFailures: [{}] }',
    Empty: "{ batchItemFailures: [{ itemIdentifier: '' }] }",
    Null: '{ batchItemFailures: [{ itemIdentifier: null }] }',
    Unknown: "{ batchItemFailures: [{ itemIdentifier: event.Records[0].messageId }, { itemIdentifier: 'nobody' }] }",
  };
  const RedrivePolicy = { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 1 };
  const consumers = Object.entries(answers).map(([id, answer]) => ({
    ...queue(`${id}Work`, { VisibilityTimeout: 1, RedrivePolicy }),
    ...lambda(id, `exports.handler = async (event) => (${answer});`, { Timeout: 1 }),
    ...mapping(`${id}Feed`, id, `${id}Work`, { FunctionResponseTypes: ['ReportBatchItemFailures'] }),
  }));
  const { calls, physical } = await start(writeAssembly(Object.assign({}, queue('Dead'), ...consumers)));
  for (const id of Object.keys(answers)) await send(calls, physical(`${id}Work`), id);
  const dead = await takeMessages(calls, physical('Dead'), 4);
  expect(dead.map((message) => textAt(message, 'Body')).toSorted()).toEqual(Object.keys(answers).toSorted());
});

test('a throw sends the batch back with the same id and a higher receive count, then to the dead-letter queue', async () => {
  const code =
    "see([event.Records[0].messageId, event.Records[0].attributes.ApproximateReceiveCount]); throw new Error('no');";
  const { calls, physical, seen } = await start(consumer(code));
  const messageId = await send(calls, physical('Work'), 'one');
  const [dead] = await takeMessages(calls, physical('Dead'), 1);
  expect(dead).toMatchObject({ MessageId: messageId, Body: 'one' });
  expect(seen('Consumer')).toEqual([
    [messageId, '1'],
    [messageId, '2'],
  ]);
});

test('a FIFO group with a failing message waits, other groups go on, each in order', async () => {
  const code = `${SEE_BODIES} if (event.Records.some((record) => record.body === 'a1' && record.attributes.ApproximateReceiveCount === '1')) throw new Error('no');`;
  const { calls, physical, seen } = await start(
    consumer(code, { queueProperties: { FifoQueue: true }, mappingProperties: { BatchSize: 1 } }),
  );
  for (const body of ['a1', 'a2', 'b1', 'a3', 'b2']) {
    await send(calls, physical('Work'), body, { MessageGroupId: body.slice(0, 1), MessageDeduplicationId: body });
  }
  await until('all messages', () => seen('Consumer').length === 6);
  const order = seen('Consumer').flat();
  expect(order.filter((body) => String(body).startsWith('a'))).toEqual(['a1', 'a1', 'a2', 'a3']);
  expect(order.filter((body) => String(body).startsWith('b'))).toEqual(['b1', 'b2']);
  expect(order.indexOf('b2')).toBeLessThan(order.lastIndexOf('a1'));
});

test('messages that no filter matches are deleted without the function seeing them', async () => {
  const FilterCriteria = { Filters: [{ Pattern: JSON.stringify({ body: { kind: ['wanted'] } }) }] };
  const { calls, physical, seen } = await start(
    consumer(SEE_BODIES, { mappingProperties: { FilterCriteria }, queueProperties: { VisibilityTimeout: 30 } }),
  );
  await send(calls, physical('Work'), 'plain text');
  await send(calls, physical('Work'), { kind: 'other' });
  await send(calls, physical('Work'), { kind: 'wanted' });
  await until('the wanted message', () => seen('Consumer').length === 1);
  await until('the queue to be empty', async () => (await depth(calls, physical('Work'))) === 0);
  expect(seen('Consumer')).toEqual([['{"kind":"wanted"}']]);
});

test('a batching window gathers more than one receive can bring', async () => {
  const { calls, physical, seen } = await start(
    consumer(SEE_BODIES, {
      mappingProperties: { BatchSize: 25, MaximumBatchingWindowInSeconds: 1 },
      queueProperties: { VisibilityTimeout: 10 },
    }),
  );
  for (let batch = 0; batch < 3; batch++) {
    const Entries = Array.from({ length: 10 }, (_, index) => ({
      Id: String(index),
      MessageBody: `${batch * 10 + index}`,
    }));
    await calls.json('sqs', 'SendMessageBatch', { QueueUrl: physical('Work'), Entries });
  }
  await until('all messages', () => seen('Consumer').flat().length === 30);
  expect(seen('Consumer').map((bodies) => (Array.isArray(bodies) ? bodies.length : 0))).toEqual([25, 5]);
});

test('a throttled function gets its message later, on the same receive', async () => {
  const code = 'see(event.Records[0].attributes.ApproximateReceiveCount); await sleep(300);';
  const { calls, physical, seen } = await start(
    consumer(code, {
      functionProperties: { ReservedConcurrentExecutions: 1 },
      mappingProperties: { BatchSize: 1 },
      queueProperties: { VisibilityTimeout: 30 },
    }),
  );
  for (const body of ['1', '2', '3']) await send(calls, physical('Work'), body);
  await until('all messages', () => seen('Consumer').length === 3);
  expect(seen('Consumer')).toEqual(['1', '1', '1']);
});

test('a mapping can be disabled and enabled through the Lambda API', async () => {
  const { calls, physical, seen } = await start(consumer(SEE_BODIES));
  const path = `/2015-03-31/event-source-mappings/${physical('Feed')}`;
  const state = async (): Promise<unknown> => (JSON.parse(await calls.rest('lambda', 'GET', path)) as JsonObject).State;
  expect(await state()).toBe('Enabled');
  await calls.rest('lambda', 'PUT', path, JSON.stringify({ Enabled: false }));
  await until('the mapping to be disabled', async () => (await state()) === 'Disabled');
  await send(calls, physical('Work'), 'later');
  expect(
    objectAt(
      await calls.json('sqs', 'GetQueueAttributes', { QueueUrl: physical('Work'), AttributeNames: ['All'] }),
      'Attributes',
    ).ApproximateNumberOfMessages,
  ).toBe('1');
  await calls.rest('lambda', 'PUT', path, JSON.stringify({ Enabled: true, BatchSize: 3 }));
  await until('the message', () => seen('Consumer').length === 1);
  expect(JSON.parse(await calls.rest('lambda', 'GET', path))).toMatchObject({ State: 'Enabled', BatchSize: 3 });
});
