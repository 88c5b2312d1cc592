import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { type ResumeClients, resumeParked } from '../../../lib/operations/parked/resume-parked.ts';

const CONSUMER = { functionName: 'stack-worker', place: { subscription: 'worker', table: 'inbox' } };

type Answer = { readonly FunctionError?: string; readonly payload: object };

const ITEMS = [
  { pk: 'parked!worker!lot!K', last: 1, resumed: 0 },
  { pk: 'parked!worker!1!K', number: 1 },
];
const itemsOf = ({ input }: BatchGetCommand) =>
  ITEMS.filter(({ pk }) => input.RequestItems?.inbox?.Keys?.some((key) => key.pk === pk));

/** A function that answers as it is told, and a table in which the key is parked or not. */
function world(answers: readonly Answer[], { parked = true, after }: { parked?: boolean; after?: () => void } = {}) {
  const asked: unknown[] = [];
  const lambda = {
    send(command: unknown) {
      if (!(command instanceof InvokeCommand)) throw new Error('only invocations are expected');
      asked.push({ name: command.input.FunctionName, event: JSON.parse(String(command.input.Payload)) });
      const { FunctionError, payload } = answers[asked.length - 1] ?? { payload: { resumed: 0, released: true } };
      after?.();
      return Promise.resolve({ FunctionError, Payload: Buffer.from(JSON.stringify(payload)) });
    },
  } as unknown as LambdaClient;
  const dynamodb = {
    send: (command: unknown) =>
      Promise.resolve(
        command instanceof BatchGetCommand && parked
          ? { UnprocessedKeys: {}, Responses: { inbox: itemsOf(command) } }
          : { UnprocessedKeys: {}, Responses: { inbox: [] } },
      ),
  } as unknown as ResumeClients['dynamodb'];
  return { asked, clients: { lambda, dynamodb } };
}

const part = (resumed: number, more: object = {}): Answer => ({ payload: { resumed, released: false, ...more } });

describe('resumeParked', () => {
  it('asks again until the key is released, and adds up', async () => {
    const w = world([part(40), part(0), part(2), part(3, { released: true })]);
    expect(await resumeParked(w.clients, CONSUMER, 'K')).toEqual({ key: 'K', resumed: 45, released: true });
    expect(w.asked).toEqual(Array(4).fill({ name: 'stack-worker', event: { resume: { key: 'K' } } }));
  });

  it('stops at the message that still fails', async () => {
    const failed = { number: 3, reason: 'broken', message: 'still' };
    const w = world([part(1), part(1, { failed })]);
    expect(await resumeParked(w.clients, CONSUMER, 'K')).toEqual({ key: 'K', resumed: 2, released: false, failed });
    expect(w.asked).toHaveLength(2);
  });

  it('takes a key for released that somebody else has released meanwhile', async () => {
    const w = world([{ FunctionError: 'Unhandled', payload: { errorMessage: 'nothing is parked' } }], {
      parked: false,
    });
    expect(await resumeParked(w.clients, CONSUMER, 'K')).toEqual({ key: 'K', resumed: 0, released: true });
  });

  it('gives up a function that never gets to its first message', async () => {
    const w = world([part(5), ...Array(9).fill(part(0))]);
    expect(await resumeParked(w.clients, CONSUMER, 'K')).toMatchObject({
      ...{ resumed: 5, released: false },
      failed: {
        reason: 'function-failed',
        message: "3 invocations of stack-worker ended before their first message; raise the subscription's timeout",
      },
    });
    expect(w.asked).toHaveLength(4);
  });

  describe('beside a table that is busy', () => {
    const waits: number[] = [];
    const clock = { now: () => 0, random: () => 1, sleep: async (wait: number) => void waits.push(wait) };
    const busy = part(0, { busy: 'slow down' });

    it('waits and asks again: nothing has failed', async () => {
      waits.length = 0;
      const w = world([
        busy,
        busy,
        part(2, { busy: 'slow down' }),
        busy,
        busy,
        busy,
        busy,
        part(1, { released: true }),
      ]);
      expect(await resumeParked(w.clients, CONSUMER, 'K', undefined, clock)).toEqual({
        ...{ key: 'K', resumed: 3, released: true },
      });
      expect(waits).toEqual([100, 200, 50, 100, 200, 400, 800]);
    });

    it('says so in the end', async () => {
      const w = world(Array(9).fill(busy));
      expect(await resumeParked(w.clients, CONSUMER, 'K', undefined, clock)).toMatchObject({
        released: false,
        failed: {
          reason: 'store-busy',
          message: 'the inbox table was busy in 5 invocations in a row, the last time: slow down',
        },
      });
      expect(w.asked).toHaveLength(5);
    });

    it('bears that no execution is left for the function', async () => {
      waits.length = 0;
      const w = world([part(1, { released: true })]);
      const { send } = w.clients.lambda as unknown as { send: (command: unknown) => Promise<unknown> };
      let throttles = 2;
      const error = Object.assign(new Error('Rate Exceeded'), { $metadata: { httpStatusCode: 429 } });
      const lambda = { send: (command: unknown) => (throttles-- > 0 ? Promise.reject(error) : send(command)) };
      const clients = { ...w.clients, lambda: lambda as unknown as LambdaClient };
      expect(await resumeParked(clients, CONSUMER, 'K', undefined, clock)).toMatchObject({ released: true });
      expect(waits).toEqual([50, 100]);
    });
  });

  it('goes on with a function that handles nothing now and then', async () => {
    const w = world([
      part(0),
      part(0),
      part(1),
      part(0),
      part(0),
      part(1),
      part(0),
      part(0),
      part(1, { released: true }),
    ]);
    expect(await resumeParked(w.clients, CONSUMER, 'K')).toEqual({ key: 'K', resumed: 3, released: true });
  });

  it.each([
    ['by its message', { errorMessage: 'Task timed out', errorType: 'Sandbox.Timedout' }, 'Task timed out'],
    ['by what Lambda calls it, when it has none', { errorType: 'Runtime.ExitError' }, 'Unhandled'],
    ['as it stands, when that is empty', { errorMessage: '' }, ''],
  ])('says what the function died of %s', async (_, payload, message) => {
    const w = world([{ FunctionError: 'Unhandled', payload }]);
    const { failed } = await resumeParked(w.clients, CONSUMER, 'K');
    expect(failed).toEqual({ reason: 'function-failed', message });
  });

  it('ends between two invocations when it is interrupted', async () => {
    const controller = new AbortController();
    const w = world([part(1), part(1)], { after: () => controller.abort() });
    const result = await resumeParked(w.clients, CONSUMER, 'K', controller.signal);
    expect(result).toEqual({ key: 'K', resumed: 1, released: false });
    expect(w.asked).toHaveLength(1);
  });
});
