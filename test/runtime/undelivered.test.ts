import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { immediate } from '../../lib/contracts/declaring/retry.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { AwsError } from '../../lib/runtime/aws/call.ts';
import { consume } from '../../lib/runtime/consume.ts';
import { lambda, type Runtime } from '../../lib/runtime/runtime.ts';
import { opened, workQueue } from '../contracts/sample-declarations.ts';
import { lambdaContext, sqsEvent } from './lambda-events.ts';
import { createInboxTable, useLocalServices } from './local-services.ts';

useLocalServices();

const TABLE = 'undelivered';
let count = 0;
let name: string;
let letters: string[];
/** Dead letters that are refused before one is taken. */
let refused: number;
let failing: boolean;

beforeAll(() => createInboxTable(TABLE));
beforeEach(() => {
  count += 1;
  name = `worker-${count}`;
  letters = [];
  refused = 0;
  failing = false;
});

function workerOf(inbox: 'effect' | 'lease') {
  const runtime: Runtime = {
    ...lambda,
    env: (variable) => ({ [ENV.inboxTable]: TABLE, [ENV.deadLetterQueue]: 'dead', [ENV.queue]: 'work' })[variable],
    write: () => undefined,
    async aws(service, operation, input) {
      if (service === 'dynamodb') return lambda.aws(service, operation, input);
      const { MessageAttributes, Entries } = input as {
        MessageAttributes?: Record<string, { StringValue: string }>;
        Entries?: readonly object[];
      };
      if (operation !== 'SendMessage') return { Successful: Entries, Failed: [] };
      if (refused-- > 0) throw new AwsError('AccessDenied', 'not today', 403);
      letters.push(JSON.parse(MessageAttributes?.deadLetter?.StringValue ?? '{}').reason);
      return {};
    },
  };
  const worker = subscription(name, {
    to: workQueue,
    retry: immediate({ attempts: 1 }),
    guarantee: 'effectively-once',
    inbox,
  });
  const handle = async () => {
    if (failing) throw new Error('failed as planned');
  };
  const run = consume(worker, { 'tickets.ticket-opened': handle, 'tickets.ticket-closed': handle }, { runtime });
  return async (id: string, body: object, receives = 1): Promise<number> => {
    const answer = await run(sqsEvent([{ id, body: JSON.stringify(body), receives }]), lambdaContext());
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
});
