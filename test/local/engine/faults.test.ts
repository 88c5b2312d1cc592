import { expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/local/json.ts';
import { depth, lambda, mapping, queue, send, start, takeMessages, until, writeAssembly } from './support.ts';

const BODIES = 'see(event.Records.map((record) => record.body ?? record.kinesis.sequenceNumber).join());';
const consumer = (queueProperties: JsonObject = {}) =>
  writeAssembly({
    ...queue('Work', queueProperties),
    ...lambda('Consumer', `exports.handler = async (event) => { ${BODIES} };`),
    ...mapping('Feed', 'Consumer', 'Work'),
  });

test.each([
  ['a queue', {}],
  ['a FIFO queue', { FifoQueue: true, ContentBasedDeduplication: true }],
])('a batch of %s is delivered twice, and is done', async (_kind, properties) => {
  const { calls, physical, seen, engine } = await start(consumer(properties));
  engine.services.faults.add({
    service: 'lambda',
    operation: 'Deliver',
    functionName: physical('Consumer'),
    when: 'after',
    action: 'duplicate',
  });
  await send(calls, physical('Work'), 'x', 'FifoQueue' in properties ? { MessageGroupId: 'g' } : {});
  await until('two deliveries', () => seen('Consumer').length === 2);
  await until('the queue to be empty', async () => (await depth(calls, physical('Work'))) === 0);
  expect(seen('Consumer')).toEqual(['x', 'x']);
});

test('an event is delivered twice, and its destination hears once', async () => {
  const { calls, physical, seen, engine } = await start(
    writeAssembly({
      ...queue('Done'),
      ...lambda('F', 'exports.handler = async (event) => see(event);'),
      Config: {
        Type: 'AWS::Lambda::EventInvokeConfig',
        Properties: {
          FunctionName: { Ref: 'F' },
          Qualifier: '$LATEST',
          DestinationConfig: { OnSuccess: { Destination: { 'Fn::GetAtt': ['Done', 'Arn'] } } },
        },
      },
    }),
  );
  engine.services.faults.add({ service: 'lambda', operation: 'Deliver', when: 'after', action: 'duplicate' });
  const path = `/2015-03-31/functions/${physical('F')}/invocations`;
  await calls.rest('lambda', 'POST', path, '"hello"', { 'x-amz-invocation-type': 'Event' });
  await takeMessages(calls, physical('Done'), 1);
  expect(seen('F')).toEqual(['hello', 'hello']);
  expect(await depth(calls, physical('Done'))).toBe(0);
});

test('a stream stops for a while, and then goes on where it was', async () => {
  const { calls, physical, seen, engine } = await start(
    writeAssembly({
      Log: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } },
      ...lambda('Consumer', `exports.handler = async (event) => { ${BODIES} };`),
      ...mapping('Feed', 'Consumer', 'Log', { StartingPosition: 'TRIM_HORIZON' }),
    }),
  );
  const { faults } = engine.services;
  faults.add({
    service: 'kinesis',
    operation: 'GetRecords',
    functionName: physical('Consumer'),
    when: 'before',
    action: 'stop-stream',
    ms: 600_000,
  });
  await until('the stream to stop', () => faults.list().some(({ fired }) => fired === 1));
  const Records = [{ PartitionKey: 'x', Data: 'eA==' }];
  await calls.json('kinesis', 'PutRecords', { StreamName: physical('Log'), Records });
  expect(seen('Consumer')).toEqual([]);
  faults.clear();
  await until('the record', () => seen('Consumer').length === 1);
});

test('the clock of a worker is off, and its remaining time is not', async () => {
  const code = `exports.handler = async (event, context) => ({
    off: Date.now() - event, made: new Date().getTime() - event, said: Date.parse(Date()) - event, given: new Date(5).getTime(),
    isDate: new Date() instanceof Date, left: context.getRemainingTimeInMillis() });`;
  const { calls, physical, engine } = await start(writeAssembly(lambda('F', code)));
  engine.services.faults.add({
    service: 'lambda',
    operation: 'Start',
    when: 'before',
    action: 'skew-clock',
    ms: 3_600_000,
  });
  const path = `/2015-03-31/functions/${physical('F')}/invocations`;
  const answer = JSON.parse(await calls.rest('lambda', 'POST', path, String(Date.now())));
  for (const off of [answer.off, answer.made, answer.said]) expect(Math.round(off / 60_000)).toBe(60);
  expect(answer).toMatchObject({ given: 5, isDate: true });
  expect(answer.left).toBeGreaterThan(0);
  expect(answer.left).toBeLessThanOrEqual(10_000);
});

test.each([
  ['sqs', 'GetQueueAttributes', { ...queue('Source') }, {}],
  [
    'kinesis',
    'GetShardIterator',
    { Source: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } } },
    { StartingPosition: 'TRIM_HORIZON' },
  ],
])('a mapping of %s outlives a lost answer while it starts', async (service, operation, source, properties) => {
  const { calls, engine, physical } = await start(
    writeAssembly({
      ...source,
      ...lambda('Consumer', 'exports.handler = async () => 1;'),
      ...mapping('Feed', 'Consumer', 'Source', { Enabled: false, ...properties }),
    }),
  );
  const functionName = physical('Consumer');
  const { faults } = engine.services;
  faults.add({ service, operation, functionName, when: 'after', action: 'lose-response', times: 2 });
  const path = '/2015-03-31/event-source-mappings';
  const { EventSourceMappings } = JSON.parse(await calls.rest('lambda', 'GET', path));
  const own = `${path}/${EventSourceMappings[0].UUID}`;
  await calls.rest('lambda', 'PUT', own, '{"Enabled":true}');
  await until('the mapping to be enabled', async () => {
    return JSON.parse(await calls.rest('lambda', 'GET', own)).State === 'Enabled';
  });
  expect(faults.list()).toMatchObject([{ fired: 2 }]);
});

test('a delivery is throttled, and the message waits for the next try', async () => {
  const { calls, physical, seen, engine } = await start(consumer());
  engine.services.faults.add({ service: 'lambda', operation: 'Deliver', when: 'before', action: 'throttle', times: 3 });
  await send(calls, physical('Work'), 'x');
  await until('the message', () => seen('Consumer').length === 1);
  expect(engine.services.faults.list()).toMatchObject([{ fired: 3 }]);
});

test('the same seed gives a function the same faults on every engine, and another seed others', async () => {
  const code = `exports.handler = async () => {
    const outcomes = [];
    for (let i = 0; i < 60; i++) {
      outcomes.push(await aws('sqs', 'AmazonSQS.ListQueues', {}).then(() => 'ok', (error) => error.name));
    }
    return outcomes.join();
  };`;
  const run = async (seed: number): Promise<string> => {
    const rates = { throttle: 0.2, 'lose-response': 0.2 };
    const { calls, physical } = await start(writeAssembly(lambda('F', code)), { faults: { seed, rates } });
    return calls.rest('lambda', 'POST', `/2015-03-31/functions/${physical('F')}/invocations`, '{}');
  };
  const [once, again, other] = [await run(7), await run(7), await run(8)];
  expect(once).toMatch(/ok/);
  expect(once).toMatch(/RequestThrottled/);
  expect(again).toBe(once);
  expect(other).not.toBe(once);
});
