import { GetEventSourceMappingCommand, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { conformanceApp, until, VISIBILITY_SECONDS } from './app.ts';
import { conforms } from './conforms.ts';
import { bodies, depth, send, sendFifo, take } from './sqs-client.ts';

const app = conformanceApp();
const sqs = () => app.clients.sqs;
const BODIES = 'const bodies = event.Records.map((record) => record.body);';
const PARTIAL = { FunctionResponseTypes: ['ReportBatchItemFailures'] };
const FIFO = { FifoQueue: true };

const drained = (url: string) => until(`${url} to be empty`, async () => (await depth(sqs(), url)) === 0);
const sendBatch = (QueueUrl: string, texts: readonly string[]) =>
  sqs().send(
    new SendMessageBatchCommand({
      QueueUrl,
      Entries: texts.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
    }),
  );

const plain = app.queueConsumer('see(event);', { queue: { VisibilityTimeout: 30 } });
conforms(
  'SQS → Lambda: a record has the documented members, every attribute as text',
  { source: 'recorded' },
  async () => {
    const MessageAttributes = { tenant: { DataType: 'String', StringValue: 'blue' } };
    const messageId = await send(sqs(), plain.queueUrl, 'hello', { MessageAttributes });
    const event = await until('the event', () => plain.seen()[0]);
    expect(event).toEqual({
      Records: [
        {
          messageId,
          receiptHandle: expect.any(String),
          body: 'hello',
          attributes: {
            ApproximateReceiveCount: '1',
            SentTimestamp: expect.stringMatching(/^\d{13}$/),
            SenderId: expect.any(String),
            ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
          },
          messageAttributes: {
            tenant: { stringValue: 'blue', stringListValues: [], binaryListValues: [], dataType: 'String' },
          },
          md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
          md5OfBody: '5d41402abc4b2a76b9719d911017c592',
          eventSource: 'aws:sqs',
          eventSourceARN: plain.queueArn,
          awsRegion: 'us-east-1',
        },
      ],
    });
    await drained(plain.queueUrl);
  },
);

const fifoRecord = app.queueConsumer('see(event.Records[0].attributes);', { queue: FIFO });
conforms(
  'SQS → Lambda: a FIFO record adds SequenceNumber, MessageGroupId and MessageDeduplicationId',
  { source: 'recorded' },
  async () => {
    await sendFifo(sqs(), fifoRecord.queueUrl, 'g1', 'x', 'id-1');
    const seen = await until('the event', () => fifoRecord.seen()[0]);
    expect(seen).toMatchObject({
      MessageGroupId: 'g1',
      MessageDeduplicationId: 'id-1',
      SequenceNumber: expect.stringMatching(/^\d{20}$/),
    });
  },
);

const NOTE = 'see([record.messageId, record.receiptHandle, record.attributes.ApproximateReceiveCount, Date.now()]);';
const throwing = app.queueConsumer(`const [record] = event.Records; ${NOTE} throw new Error('no');`);
conforms(
  'SQS → Lambda: a failed message comes back after its visibility timeout: same id, new receipt handle, count + 1',
  { source: 'lambda-sqs-errors' },
  async () => {
    const messageId = await send(sqs(), throwing.queueUrl, 'one');
    const seen = await until('two attempts', () => throwing.seen().length === 2 && throwing.seen());
    const [[id1, handle1, count1, at1], [id2, handle2, count2, at2]] = seen as [string, string, string, number][] as [
      [string, string, string, number],
      [string, string, string, number],
    ];
    expect([id1, id2]).toEqual([messageId, messageId]);
    expect([count1, count2]).toEqual(['1', '2']);
    expect(handle2).not.toBe(handle1);
    expect(at2 - at1).toBeGreaterThanOrEqual(VISIBILITY_SECONDS * 1000 - 100);
  },
);

const poisoned = app.queueConsumer("throw new Error('no');");
conforms(
  'SQS → Lambda: after maxReceiveCount receives a message is in the dead-letter queue, with the same message id',
  { source: 'recorded' },
  async () => {
    const messageId = await send(sqs(), poisoned.queueUrl, 'poison');
    const [dead] = await take(sqs(), poisoned.deadUrl, 1);
    expect(dead).toMatchObject({ MessageId: messageId, Body: 'poison' });
    expect(await depth(sqs(), poisoned.queueUrl)).toBe(0);
  },
);

const wholeBatch = app.queueConsumer(`${BODIES} see(bodies); if (bodies.includes('bad')) throw new Error('no');`, {
  maxReceiveCount: 1,
  mapping: { MaximumBatchingWindowInSeconds: 2, BatchSize: 3 },
});
conforms(
  'SQS → Lambda: an exception fails the whole batch, good messages included',
  { source: 'lambda-sqs-errors' },
  async () => {
    await sendBatch(wholeBatch.queueUrl, ['good', 'bad', 'fine']);
    const dead = await take(sqs(), wholeBatch.deadUrl, 3);
    expect(bodies(dead).toSorted()).toEqual(['bad', 'fine', 'good']);
    expect(wholeBatch.seen()).toHaveLength(1);
  },
);

const timingOut = app.queueConsumer('see(1); await sleep(60_000);', { maxReceiveCount: 1, function: { Timeout: 1 } });
conforms('SQS → Lambda: a timeout fails the batch', { source: 'lambda-sqs-errors' }, async () => {
  await send(sqs(), timingOut.queueUrl, 'slow');
  expect(bodies(await take(sqs(), timingOut.deadUrl, 1))).toEqual(['slow']);
  expect(timingOut.logs.join('\n')).toContain('Task timed out after 1.00 seconds');
});

const crashing = app.queueConsumer('process.exit(7);', { maxReceiveCount: 1 });
conforms('SQS → Lambda: a crash of the runtime fails the batch', { source: 'lambda-sqs-errors' }, async () => {
  await send(sqs(), crashing.queueUrl, 'crash');
  expect(bodies(await take(sqs(), crashing.deadUrl, 1))).toEqual(['crash']);
});

const partial = app.queueConsumer(
  `${BODIES} see(bodies); return { batchItemFailures: event.Records.filter(({ body }) => body === 'bad').map(({ messageId }) => ({ itemIdentifier: messageId })) };`,
  { mapping: { ...PARTIAL, MaximumBatchingWindowInSeconds: 1 } },
);
conforms('SQS → Lambda: a partial response deletes what it does not report', { source: 'recorded' }, async () => {
  await sendBatch(partial.queueUrl, ['good', 'bad', 'fine']);
  expect(bodies(await take(sqs(), partial.deadUrl, 1))).toEqual(['bad']);
  const seen = partial.seen().flat();
  expect(seen.filter((body) => body !== 'bad').toSorted()).toEqual(['fine', 'good']);
  expect(seen.filter((body) => body === 'bad')).toHaveLength(2);
  expect(await depth(sqs(), partial.queueUrl)).toBe(0);
});

/** A consumer whose queue gives up after one receive, so that a failure shows at once. */
const answering = (answer: string, mapping: JsonObject = PARTIAL) =>
  app.queueConsumer(`see(1); return ${answer};`, { maxReceiveCount: 1, mapping });
const failsAll = async ({ queueUrl, deadUrl }: { queueUrl: string; deadUrl: string }) => {
  await send(sqs(), queueUrl, 'x');
  expect(bodies(await take(sqs(), deadUrl, 1))).toEqual(['x']);
};
const succeeds = async (consumer: ReturnType<typeof answering>) => {
  await send(sqs(), consumer.queueUrl, 'x');
  await until('the invocation', () => consumer.seen().length === 1);
  await drained(consumer.queueUrl);
  expect(await depth(sqs(), consumer.deadUrl)).toBe(0);
};

const emptyObject = answering('{}');
conforms('SQS → Lambda: the answer {} is success', { source: 'lambda-sqs-errors' }, () => succeeds(emptyObject));
const nullAnswer = answering('null');
conforms('SQS → Lambda: the answer null is success', { source: 'lambda-sqs-errors' }, () => succeeds(nullAnswer));
const emptyList = answering('{ batchItemFailures: [] }');
conforms('SQS → Lambda: an empty batchItemFailures list is success', { source: 'lambda-sqs-errors' }, () =>
  succeeds(emptyList),
);
const nullList = answering('{ batchItemFailures: null }');
conforms('SQS → Lambda: a null batchItemFailures list is success', { source: 'lambda-sqs-errors' }, () =>
  succeeds(nullList),
);
const missingKey = answering('{ batchItemFailures: [{ item: event.Records[0].messageId }] }');
conforms('SQS → Lambda: an entry with a wrong key name fails the whole batch', { source: 'lambda-sqs-errors' }, () =>
  failsAll(missingKey),
);
const nullId = answering('{ batchItemFailures: [{ itemIdentifier: null }] }');
conforms('SQS → Lambda: a null itemIdentifier fails the whole batch', { source: 'lambda-sqs-errors' }, () =>
  failsAll(nullId),
);
const emptyId = answering("{ batchItemFailures: [{ itemIdentifier: '' }] }");
conforms('SQS → Lambda: an empty itemIdentifier fails the whole batch', { source: 'lambda-sqs-errors' }, () =>
  failsAll(emptyId),
);
const unknownId = answering("{ batchItemFailures: [{ itemIdentifier: 'nobody' }] }");
conforms('SQS → Lambda: an unknown itemIdentifier fails the whole batch', { source: 'lambda-sqs-errors' }, () =>
  failsAll(unknownId),
);
const unasked = answering('{ batchItemFailures: [{ itemIdentifier: event.Records[0].messageId }] }', {});
conforms(
  'SQS → Lambda: without ReportBatchItemFailures the answer does not count',
  { source: 'lambda-sqs-errors' },
  () => succeeds(unasked),
);
const throwsWithPartial = app.queueConsumer("throw new Error('no');", { maxReceiveCount: 1, mapping: PARTIAL });
conforms(
  'SQS → Lambda: an exception fails the whole batch with ReportBatchItemFailures too',
  { source: 'lambda-sqs-errors' },
  () => failsAll(throwsWithPartial),
);

const holding = app.queueConsumer(
  `${BODIES} see(bodies); if (event.Records.some(({ body, attributes }) => body === 'a1' && attributes.ApproximateReceiveCount === '1')) throw new Error('no');`,
  { queue: FIFO, mapping: { BatchSize: 1 } },
);
conforms(
  'SQS FIFO → Lambda: a failed message holds back the rest of its group, and only that',
  { source: 'sqs-fifo' },
  async () => {
    for (const body of ['a1', 'a2', 'b1', 'a3', 'b2']) await sendFifo(sqs(), holding.queueUrl, body.slice(0, 1), body);
    await until('all messages', () => holding.seen().length === 6);
    const order = holding.seen().flat().map(String);
    expect(order.filter((body) => body.startsWith('a'))).toEqual(['a1', 'a1', 'a2', 'a3']);
    expect(order.filter((body) => body.startsWith('b'))).toEqual(['b1', 'b2']);
    expect(order.indexOf('b2')).toBeLessThan(order.lastIndexOf('a1'));
  },
);

const mixing = app.queueConsumer('see(event.Records.map(({ attributes }) => attributes.MessageGroupId));', {
  queue: FIFO,
  mapping: { Enabled: false },
});
conforms('SQS FIFO → Lambda: a batch may mix message groups', { source: 'sqs-fifo' }, async () => {
  for (const group of ['a', 'b', 'c']) await sendFifo(sqs(), mixing.queueUrl, group, group);
  await app.clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID: mixing.mappingId, Enabled: true }));
  await until('all messages', () => mixing.seen().flat().length === 3);
  expect(mixing.seen()).toEqual([['a', 'b', 'c']]);
});

const groupwise = app.queueConsumer(
  'const [{ attributes, body }] = event.Records; see([attributes.MessageGroupId, body, "begin"]); await sleep(150); see([attributes.MessageGroupId, body, "end"]);',
  { queue: { ...FIFO, VisibilityTimeout: 30 }, mapping: { BatchSize: 1 }, function: { Timeout: 5 } },
);
conforms(
  'SQS FIFO → Lambda: groups run side by side, the messages of one group never',
  { source: 'lambda-sqs-scaling' },
  async () => {
    const texts = [1, 2, 3, 4].map(String);
    for (const text of texts)
      for (const group of ['a', 'b']) await sendFifo(sqs(), groupwise.queueUrl, group, `${group}${text}`);
    await until('all to end', () => groupwise.seen().length === 16);
    for (const group of ['a', 'b']) {
      const own = groupwise.seen().filter((entry) => Array.isArray(entry) && entry[0] === group);
      expect(own).toEqual(texts.flatMap((text) => ['begin', 'end'].map((what) => [group, `${group}${text}`, what])));
    }
  },
);

const bySize = app.queueConsumer(`${BODIES} see(bodies.length);`, {
  queue: { VisibilityTimeout: 60 },
  mapping: { BatchSize: 25, MaximumBatchingWindowInSeconds: 3 },
});
conforms(
  'SQS → Lambda: a batching window gathers more than one receive brings; a full batch does not wait for it',
  { source: 'lambda-sqs-config' },
  async () => {
    for (let batch = 0; batch < 3; batch++)
      await sendBatch(
        bySize.queueUrl,
        Array.from({ length: 10 }, (_, index) => `${batch}-${index}`),
      );
    await until('all messages', () => bySize.seen().length === 2);
    expect(bySize.seen()).toEqual([25, 5]);
  },
);

const bytewise = app.queueConsumer('see([event.Records.length, Buffer.byteLength(JSON.stringify(event))]);', {
  queue: { VisibilityTimeout: 60 },
  mapping: { BatchSize: 20, MaximumBatchingWindowInSeconds: 4 },
  function: { Timeout: 20, MemorySize: 512 },
});
conforms('SQS → Lambda: a batch closes before its event grows past 6 MB', { source: 'lambda-sqs-config' }, async () => {
  const body = 'x'.repeat(900_000);
  for (let count = 0; count < 9; count++) await send(sqs(), bytewise.queueUrl, body);
  const sizes = await until('all messages', () => {
    const seen = bytewise.seen() as [number, number][];
    return seen.reduce((sum, [count]) => sum + count, 0) === 9 && seen;
  });
  expect(sizes.map(([count]) => count)).toEqual([6, 3]);
  for (const [, bytes] of sizes) expect(bytes).toBeLessThanOrEqual(6 * 1024 * 1024);
});

const ten = app.queueConsumer(`${BODIES} see(bodies.length);`, { mapping: { Enabled: false } });
conforms(
  'SQS → Lambda: a batch has at most 10 messages unless the mapping says otherwise',
  { source: 'lambda-sqs-config' },
  async () => {
    for (let batch = 0; batch < 2; batch++)
      await sendBatch(
        ten.queueUrl,
        Array.from({ length: 10 }, (_, index) => `${batch}-${index}`),
      );
    await app.clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID: ten.mappingId, Enabled: true }));
    await until('all messages', () => (ten.seen() as number[]).reduce((sum, count) => sum + count, 0) === 20);
    expect(Math.max(...(ten.seen() as number[]))).toBe(10);
  },
);

const filtered = app.queueConsumer(`${BODIES} see(bodies);`, {
  queue: { VisibilityTimeout: 30 },
  mapping: { FilterCriteria: { Filters: [{ Pattern: JSON.stringify({ body: { kind: ['wanted'] } }) }] } },
});
conforms(
  'SQS → Lambda: messages that no filter matches are deleted, unseen, plain text under a JSON pattern among them',
  { source: 'lambda-filtering' },
  async () => {
    for (const body of ['plain text', { kind: 'other' }, { kind: 'wanted' }])
      await send(sqs(), filtered.queueUrl, body);
    await until('the wanted message', () => filtered.seen().length === 1);
    await drained(filtered.queueUrl);
    expect(filtered.seen()).toEqual([['{"kind":"wanted"}']]);
    expect(await depth(sqs(), filtered.deadUrl)).toBe(0);
  },
);

const limited = app.queueConsumer('see(1); await sleep(250); see(-1);', {
  queue: { VisibilityTimeout: 30 },
  mapping: { BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 } },
  function: { Timeout: 10 },
});
conforms(
  'SQS → Lambda: MaximumConcurrency limits the batches in flight',
  { source: 'lambda-sqs-scaling' },
  async () => {
    await sendBatch(
      limited.queueUrl,
      Array.from({ length: 8 }, (_, index) => String(index)),
    );
    await until('all to end', () => limited.seen().length === 16);
    let running = 0;
    const levels = (limited.seen() as number[]).map((step) => (running += step));
    expect(Math.max(...levels)).toBe(2);
  },
);

const throttled = app.queueConsumer('see(1);', { maxReceiveCount: 1, function: { ReservedConcurrentExecutions: 0 } });
conforms(
  'SQS → Lambda: throttles burn receives: messages of a throttled function reach the dead-letter queue unprocessed, without a log line',
  { source: 'lambda-sqs-scaling' },
  async () => {
    await send(sqs(), throttled.queueUrl, 'unlucky');
    expect(bodies(await take(sqs(), throttled.deadUrl, 1))).toEqual(['unlucky']);
    expect(throttled.logs).toEqual([]);
  },
);

const waiting = app.queueConsumer('see(event.Records[0].attributes.ApproximateReceiveCount); await sleep(200);', {
  queue: { VisibilityTimeout: 30 },
  mapping: { BatchSize: 1 },
  function: { ReservedConcurrentExecutions: 1, Timeout: 10 },
});
conforms(
  'SQS → Lambda: a throttled batch is tried again within its visibility timeout, on the same receive',
  { source: 'lambda-sqs-scaling' },
  async () => {
    await sendBatch(waiting.queueUrl, ['1', '2', '3']);
    await until('all messages', () => waiting.seen().length === 3);
    expect(waiting.seen()).toEqual(['1', '1', '1']);
  },
);

const ownDead = app.id('OwnDead');
app.add({ [ownDead]: { Type: 'AWS::SQS::Queue', Properties: {} } });
const withOwnDead = app.queueConsumer("throw new Error('no');", {
  maxReceiveCount: 1,
  function: { DeadLetterConfig: { TargetArn: { 'Fn::GetAtt': [ownDead, 'Arn'] } } },
});
conforms(
  "SQS → Lambda: failures go to the queue's redrive target, never to the function's own dead-letter queue",
  { source: 'lambda-sqs-errors' },
  async () => {
    await failsAll(withOwnDead);
    expect(await depth(sqs(), app.physical(ownDead))).toBe(0);
  },
);

const switched = app.queueConsumer(`${BODIES} see(bodies);`, { mapping: { Enabled: false } });
conforms(
  'SQS → Lambda: a disabled mapping leaves messages in the queue until it is enabled',
  { source: 'lambda-mapping-api' },
  async () => {
    const state = async () =>
      (await app.clients.lambda.send(new GetEventSourceMappingCommand({ UUID: switched.mappingId }))).State;
    expect(await state()).toBe('Disabled');
    await send(sqs(), switched.queueUrl, 'later');
    expect(await depth(sqs(), switched.queueUrl)).toBe(1);
    const { State } = await app.clients.lambda.send(
      new UpdateEventSourceMappingCommand({ UUID: switched.mappingId, Enabled: true }),
    );
    expect(State).toBe('Enabling');
    await until('the message', () => switched.seen().length === 1);
    expect(await state()).toBe('Enabled');
  },
);

/** What passes and what does not, by operator: the condition, then a value of each kind. `null` and absence are values too. */
const ABSENT = Symbol('absent');
const operators: Readonly<Record<string, readonly [condition: Json, passes: unknown, fails: unknown]>> = {
  equals: ['blue', 'blue', 'Blue'],
  empty: ['', '', ' '],
  null: [null, null, ABSENT],
  number: [5, 5, '5'],
  'anything-but': [{ 'anything-but': ['a', 'b'] }, 'c', 'a'],
  prefix: [{ prefix: 'or' }, 'order', 'border'],
  suffix: [{ suffix: 'er' }, 'order', 'ordered'],
  'ignore-case': [{ 'equals-ignore-case': 'Blue' }, 'bLUE', 'blues'],
  numeric: [{ numeric: ['>', 1, '<=', 5] }, 5, 1],
  exists: [{ exists: true }, false, ABSENT],
};
const patterns = Object.entries(operators).map(([operator, [condition]]) => ({
  Pattern: JSON.stringify({ body: { operator: [operator], value: [condition] } }),
}));
const language = app.queueConsumer(`${BODIES} see(bodies.map((body) => JSON.parse(body).operator));`, {
  queue: { VisibilityTimeout: 30 },
  mapping: { FilterCriteria: { Filters: patterns } },
});
conforms(
  'SQS → Lambda: filters know equality, empty text, null, anything-but, prefix, suffix, case, numbers and exists; any of them may match',
  { source: 'lambda-filtering' },
  async () => {
    const body = (operator: string, value: unknown) => (value === ABSENT ? { operator } : { operator, value });
    for (const [operator, [, passes, fails]] of Object.entries(operators)) {
      await send(sqs(), language.queueUrl, body(operator, fails));
      await send(sqs(), language.queueUrl, body(operator, passes));
    }
    await drained(language.queueUrl);
    expect(language.seen().flat().toSorted()).toEqual(Object.keys(operators).toSorted());
  },
);
const either = app.queueConsumer(`${BODIES} see(bodies.map((body) => JSON.parse(body).id));`, {
  queue: { VisibilityTimeout: 30 },
  mapping: {
    FilterCriteria: {
      Filters: [
        {
          Pattern: JSON.stringify({
            body: { $or: [{ city: ['Rome'] }, { order: { total: [{ numeric: ['>', 100] }] } }], tags: ['new'] },
          }),
        },
      ],
    },
  },
});
conforms('SQS → Lambda: filters know $or, nested members and lists', { source: 'lambda-filtering' }, async () => {
  const messages = [
    { id: 'by city', city: 'Rome', tags: ['old', 'new'] },
    { id: 'by total', order: { total: 101 }, tags: ['new'] },
    { id: 'neither', city: 'Paris', order: { total: 100 }, tags: ['new'] },
    { id: 'not tagged', city: 'Rome', tags: ['old'] },
  ];
  for (const message of messages) await send(sqs(), either.queueUrl, message);
  await drained(either.queueUrl);
  expect(either.seen().flat().toSorted()).toEqual(['by city', 'by total']);
});

const scaling = app.queueConsumer('see(1); await sleep(300); see(-1);', {
  queue: { VisibilityTimeout: 60 },
  mapping: { BatchSize: 1 },
  function: { Timeout: 30 },
});
conforms(
  'SQS → Lambda: a backlog is worked on by 5 batches at a time at first, by 300 more each minute, by 1,000 at most',
  {
    source: 'lambda-sqs-scaling',
    faithful: 'no',
    remark: 'One machine: 2 at a time at first, 10 at most unless MaximumConcurrency says more, and 32 workers in all.',
  },
  async () => {
    for (let batch = 0; batch < 4; batch++)
      await sendBatch(
        scaling.queueUrl,
        Array.from({ length: 10 }, (_, index) => `${batch}-${index}`),
      );
    await until('all to end', () => scaling.seen().length === 80);
    let running = 0;
    const levels = (scaling.seen() as number[]).map((step) => (running += step));
    expect(Math.max(...levels)).toBeGreaterThan(1);
    expect(Math.max(...levels)).toBeLessThanOrEqual(10);
  },
);
