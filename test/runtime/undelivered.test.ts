import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { immediate } from '../../lib/contracts/declaring/retry.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { AwsError, OutOfTime } from '../../lib/runtime/aws/calls/call.ts';
import { consume } from '../../lib/runtime/consuming/consume.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { opened, ticketLog, workQueue } from '../contracts/sample-declarations.ts';
import { kinesisEvent, lambdaContext, sqsEvent } from './lambda-events.ts';
import { createInboxTable, useLocalServices } from './local-services.ts';

useLocalServices();

const TABLE = 'undelivered';
let count = 0;
let name: string;
let letters: string[];
let messages: string[];
/** Dead letters that are refused before one is taken. */
let refused: number;
let failing: boolean;
/** Tries of the handler. */
let tries: number;
/** Whether the time is up when the inbox is asked what was done. */
let isLate: boolean;

beforeAll(() => createInboxTable(TABLE));
beforeEach(() => {
  count += 1;
  name = `worker-${count}`;
  letters = [];
  messages = [];
  refused = 0;
  failing = false;
  tries = 0;
  isLate = false;
});

function workerOf(inbox: 'effect' | 'lease', to: typeof workQueue | typeof ticketLog = workQueue) {
  const runtime: Runtime = {
    ...lambda,
    env: (variable) => ({ [ENV.inboxTable]: TABLE, [ENV.deadLetterQueue]: 'dead', [ENV.queue]: 'work' })[variable],
    write: () => undefined,
    async aws(service, operation, input) {
      if (operation === 'GetItem' && isLate) throw new OutOfTime('no answer in the time of the invocation');
      if (service === 'dynamodb') return lambda.aws(service, operation, input);
      const { MessageAttributes, Entries } = input as {
        MessageAttributes?: Record<string, { StringValue: string }>;
        Entries?: readonly object[];
      };
      if (operation !== 'SendMessage') return { Successful: Entries, Failed: [] };
      if (refused-- > 0) throw new AwsError('AccessDenied', 'not today', 403);
      const { reason, message } = JSON.parse(MessageAttributes?.deadLetter?.StringValue ?? '{}');
      letters.push(reason);
      messages.push(message);
      return {};
    },
  };
  const worker = subscription(name, {
    to,
    retry: immediate({ attempts: 1 }),
    checkFirst: false,
    guarantee: 'effectively-once',
    inbox,
  });
  const handle = async () => {
    tries += 1;
    if (failing) throw new Error('failed as planned');
  };
  const run = consume(worker, { 'tickets.ticket-opened': handle, 'tickets.ticket-closed': handle }, { runtime });
  return async (id: string, body: object, receives = 1): Promise<number> => {
    const text = JSON.stringify(body);
    const batch =
      to === workQueue
        ? sqsEvent([{ id, body: text, receives }])
        : kinesisEvent([{ sequenceNumber: id, body: text, partitionKey: 'k' }]);
    const answer = await run(batch, lambdaContext());
    return (answer as { batchItemFailures: object[] }).batchItemFailures.length;
  };
}

describe.each(['effect', 'lease'] as const)('what was given up while the dead letters were refused (%s)', (inbox) => {
  const event = (text: string) => opened('T-1', `${name}/e-1`, text);
  it.each([
    ['another event under an id that was done', 'payload-mismatch', () => event('another')],
    ['one of a type nobody knows', 'unknown-type', () => ({ ...event('done'), type: 'tickets.unknown' })],
    ['one with other data that is wrong', 'invalid-data', () => ({ ...event('done'), data: { ticket: 7 } })],
    ['one that is no event', 'not-an-event', () => ({ ...event('done'), specversion: '9' })],
  ])('is sent when it comes again: %s', async (_, reason, body) => {
    const deliver = workerOf(inbox);
    expect(await deliver('m-1', event('done'))).toBe(0);
    refused = 1;
    expect(await deliver('m-2', body())).toBe(1);
    expect(letters).toEqual([]);
    expect(await deliver('m-2', body(), 2)).toBe(0);
    expect(letters).toEqual([reason]);
  });

  it('is sent when nobody has done the event meanwhile, and a duplicate when a copy was done', async () => {
    const deliver = workerOf(inbox);
    refused = 2;
    failing = true;
    expect(await deliver('m-1', event('text'))).toBe(1);
    expect(await deliver('m-1', event('text'), 2)).toBe(1);
    failing = false;
    expect(await deliver('m-2', event('text'))).toBe(0);
    expect(await deliver('m-1', event('text'), 3)).toBe(0);
    expect(letters).toEqual([]);
    failing = true;
    refused = 1;
    expect(await deliver('m-3', { ...event('text'), id: `${name}/e-2` })).toBe(1);
    expect(await deliver('m-3', { ...event('text'), id: `${name}/e-2` }, 2)).toBe(0);
    expect(letters).toEqual(['attempts-exhausted']);
  });

  it.each([
    ['queue', workQueue],
    ['log', ticketLog],
  ])('has no try more when the time was up right after its last one, of a %s', async (_, to) => {
    const deliver = workerOf(inbox, to);
    [failing, isLate] = [true, true];
    expect(await deliver('7', event('text'))).toBe(1);
    isLate = false;
    expect(await deliver('7', event('text'), 2)).toBe(0);
    expect([tries, letters, messages]).toEqual([1, ['attempts-exhausted'], ['failed as planned']]);
  });
});
