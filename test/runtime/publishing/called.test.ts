import { expect, it } from 'vitest';
import { AwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { lambda } from '../../../lib/runtime/invocation/runtime.ts';
import { SequenceConflict } from '../../../lib/runtime/outbox/outbox.ts';
import { isThrottledCall, orThrottled, throttledResponse } from '../../../lib/runtime/publishing/called.ts';
import { PublishFailed, publisher } from '../../../lib/runtime/publishing/publish.ts';
import { opened, workQueue } from '../../contracts/sample-declarations.ts';

const cancelled = (...codes: string[]) =>
  new AwsError('TransactionCanceledException', 'cancelled', 400, {
    CancellationReasons: codes.map((Code) => ({ Code })),
  });

function world(random = 0) {
  const lines: string[] = [];
  const runtime = {
    ...{ random: () => random, now: () => 0, write: (line: string) => void lines.push(line) },
    env: (name: string) => (name === 'SLUICE_STACK' ? 'shop' : undefined),
  };
  const answer = (error: unknown) => orThrottled('sell', () => Promise.reject(error), runtime);
  return { answer, runtime, told: () => lines.map((line) => JSON.parse(line)) };
}

it('hands on what the work gives', async () => {
  const { runtime, told } = world();
  expect(await orThrottled('sell', () => Promise.resolve({ status: 'sold' }), runtime)).toEqual({ status: 'sold' });
  expect(told()).toEqual([]);
});

it.each<[string, unknown]>([
  ['a table that takes no more', cancelled('None', 'ThrottlingError')],
  ['transactions that always met', cancelled('TransactionConflict')],
  ['a single write', new AwsError('ThrottlingException', 'slow down', 400)],
  ['an answer 429', new AwsError('Whatever', '', 429)],
  [
    'a sequence that nobody could tell',
    new SequenceConflict('a', 1, undefined, { cause: cancelled('TransactionConflict') }),
  ],
  ['a channel that is full', new PublishFailed(workQueue, new Map([['1', 'slow down']]), true)],
])('%s: the caller comes again', async (_, error) => {
  const { answer, told } = world();
  expect(await answer(error)).toEqual({ status: 'throttled', retryAfterSeconds: 1 });
  const [line, metric] = told();
  expect(line).toMatchObject({ level: 'warn', message: 'throttled', function: 'sell', retryAfterSeconds: 1 });
  expect(metric).toMatchObject({ stack: 'shop', function: 'sell', ThrottledCalls: [1] });
});

it.each<[string, unknown]>([
  ['a table that is broken', new AwsError('InternalServerError', '', 500)],
  ['a condition that does not hold', cancelled('ConditionalCheckFailed', 'ThrottlingError')],
  ['somebody was first', new SequenceConflict('a', 1, 2, { cause: cancelled('ConditionalCheckFailed') })],
  ['a channel that refuses', new PublishFailed(workQueue, new Map([['1', 'access denied']]))],
  ['a mistake', new TypeError('x is undefined')],
  ['no error at all', 'late'],
])('%s stays a failure', async (_, error) => {
  const { answer, told } = world();
  await expect(answer(error)).rejects.toBe(error);
  expect(told()).toEqual([]);
});

it('those who came together do not come again together', async () => {
  const after = async (random: number) => {
    const result = await world(random).answer(cancelled('ThrottlingError'));
    return result.retryAfterSeconds;
  };
  expect([await after(0), await after(0.5), await after(0.999_999)]).toEqual([1, 3, 5]);
});

it('says it in HTTP', () => {
  const call = { status: 'throttled', retryAfterSeconds: 4 } as const;
  expect(isThrottledCall(call)).toBe(true);
  expect([isThrottledCall({ status: 'sold' }), isThrottledCall(null), isThrottledCall('throttled')]).toEqual([
    ...[false, false, false],
  ]);
  expect(throttledResponse(call)).toEqual({
    statusCode: 429,
    headers: { 'content-type': 'application/json', 'retry-after': '4' },
    body: '{"status":"throttled","retryAfterSeconds":4}',
  });
});

it.each([
  ['for want of capacity alone', ['ThrottlingException', 'ThrottlingException'], true],
  ['for want of capacity and for another reason', ['ThrottlingException', 'AccessDenied'], false],
])('a publisher that was refused %s says so', async (_, codes, throttled) => {
  const runtime = {
    ...lambda,
    env: () => 'https://sqs/work',
    random: () => 0,
    sleep: () => Promise.resolve(),
    write: () => undefined,
    aws: () =>
      Promise.resolve({
        Failed: codes.map((Code, i) => ({ Id: String(i), Code, Message: Code, SenderFault: false })),
        Successful: [],
      }),
  };
  const send = publisher(workQueue, {}, runtime);
  const two = codes.map((_code, i) => opened(`T${i}`, `event-${i}`));
  await expect(send(two)).rejects.toMatchObject({ name: 'PublishFailed', throttled });
});
