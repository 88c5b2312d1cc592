import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { seconds } from '../../lib/contracts/declaring/duration.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { type AwsCall, AwsError, type CallTime, OutOfTime } from '../../lib/runtime/aws/calls/call.ts';
import { httpCall } from '../../lib/runtime/aws/http.ts';
import { consume } from '../../lib/runtime/consuming/consume.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { opened, workQueue } from '../contracts/sample-declarations.ts';
import { lambdaContext, sqsEvent } from './lambda-events.ts';

/** A server that answers as it is told; at first never. */
let server: Server;
let answer: (response: ServerResponse, request: number) => void;
let requests: number;
let waits: number[];

beforeEach(async () => {
  [requests, waits, answer] = [0, [], () => undefined];
  server = createServer((request, response) => {
    request.resume();
    request.on('end', () => answer(response, requests++));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  vi.useRealTimers();
  server.closeAllConnections();
  server.close();
});

const timeOf = (millis: number): CallTime => {
  const end = Date.now() + millis;
  return { millisLeft: () => end - Date.now() };
};

function client(random = 0.5): AwsCall {
  const variables: Record<string, string> = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's' },
  };
  return httpCall({
    env: (name) => variables[name],
    random: () => random,
    sleep: async (millis) => void waits.push(millis),
  });
}
const call = (time: CallTime | undefined, random?: number): Promise<unknown> =>
  client(random)('dynamodb', 'GetItem', { TableName: 't' }, time);
const failure = (time: CallTime | undefined, random?: number): Promise<Error> =>
  call(time, random).then(
    () => expect.fail('answered'),
    (error: Error) => error,
  );
const respond = (status: number, body: string) => (response: ServerResponse) =>
  void response.writeHead(status).end(body);

describe('a service that never answers', () => {
  it('is waited for no longer than there is time', async () => {
    const began = Date.now();
    const error = await failure(timeOf(150));
    expect(error).toBeInstanceOf(OutOfTime);
    expect(error.message).toBe('dynamodb did not answer within the time that its invocation had left for it');
    expect(Date.now() - began).toBeLessThan(1_500);
    expect([requests, waits]).toEqual([1, []]);
  });

  it('is tried again as usual while there is time, and each try has the usual eight seconds at most', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    answer = () => void vi.advanceTimersByTimeAsync(8_000);
    const error = await failure(timeOf(20_000));
    expect(error).toBeInstanceOf(OutOfTime);
    // Two tries of eight seconds, and one of what is left.
    expect(requests).toBe(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not tried again with no time for a try: the error says so, and why the last one failed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    answer = () => void vi.advanceTimersByTimeAsync(8_000);
    const error = await failure(timeOf(8_020));
    expect(error).toBeInstanceOf(OutOfTime);
    expect(error.message).toMatch(
      /^no try of GetItem of dynamodb begins with \d+ ms left .*; the last try: dynamodb did not answer within 8000 ms$/,
    );
    expect(requests).toBe(1);
  });

  it('has as many tries as ever where nobody says how much time there is', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    answer = () => void vi.advanceTimersByTimeAsync(8_000);
    const error = await failure(undefined);
    expect(error).not.toBeInstanceOf(OutOfTime);
    expect([requests, error.message]).toEqual([4, 'dynamodb did not answer within 8000 ms']);
  });
});

it('an answer that begins and does not end is waited for no longer than there is time', async () => {
  answer = (response) => void response.writeHead(200).write('{');
  const error = await failure(timeOf(150));
  expect(error).toBeInstanceOf(OutOfTime);
  expect(error.message).toBe('dynamodb did not finish its answer within the time that its invocation had left for it');
});

it('without time no try begins at all', async () => {
  const error = await failure({ millisLeft: () => 24 });
  expect(error).toBeInstanceOf(OutOfTime);
  expect(error.message).toBe("no try of GetItem of dynamodb begins with 24 ms left of its invocation's time");
  expect(requests).toBe(0);
});

it('a wait that would take the rest of the time is not begun: what AWS has answered is told', async () => {
  answer = respond(400, '{"__type":"ThrottlingException"}');
  // The wait would be half a second.
  const error = await failure(timeOf(400));
  expect(error).toBeInstanceOf(AwsError);
  expect(error.name).toBe('ThrottlingException');
  expect([requests, waits]).toEqual([1, []]);
});

it('an answer in time is an answer', async () => {
  answer = (response, request) =>
    request === 0 ? respond(500, '{}')(response) : respond(200, '{"Item":{"pk":{"S":"a"}}}')(response);
  expect(await call(timeOf(5_000))).toEqual({ Item: { pk: { S: 'a' } } });
  expect(requests).toBe(2);
});

it('each try asks anew how much time there is', async () => {
  answer = respond(500, '{}');
  const left = [5_000, 5_000, 5_000, 10];
  const error = await failure({ millisLeft: () => left.shift() ?? 10 });
  expect([error.name, requests]).toEqual(['UnknownError', 1]);
});

const VARIABLES: Readonly<Record<string, string>> = {
  ...{ [ENV.inboxTable]: 'inbox', [ENV.deadLetterQueue]: 'dead', [ENV.queue]: 'work' },
};

describe('a function whose inbox table never answers', () => {
  it.each(['effect', 'lease'] as const)('answers in its time, and has spent no try of mode %s', async (inbox) => {
    const lines: string[] = [];
    const waited: unknown[] = [];
    const http = client();
    const runtime: Runtime = {
      ...lambda,
      env: (name) => VARIABLES[name],
      write: (line) => void lines.push(line),
      aws: async (service, operation, input, time) => {
        if (service === 'dynamodb') return http(service, operation, input, time);
        waited.push(operation);
        return {};
      },
    };
    const worker = subscription('worker', { to: workQueue, timeout: seconds(3), guarantee: 'effectively-once', inbox });
    const handle = async () => undefined;
    const consumer = consume(worker, { 'tickets.ticket-opened': handle, 'tickets.ticket-closed': handle }, { runtime });
    const end = Date.now() + 900;
    const event = sqsEvent([{ id: 'm', body: JSON.stringify(opened('A', 'e-1')) }]);
    const answered = await consumer(
      event,
      lambdaContext(() => end - Date.now()),
    );
    expect(end - Date.now()).toBeGreaterThan(0);
    expect(answered).toEqual({ batchItemFailures: [{ itemIdentifier: 'm' }] });
    // Its wait is set, and nothing was counted.
    expect(waited).toEqual(['ChangeMessageVisibility']);
    expect(requests).toBe(1);
    expect(lines.join('\n')).toMatch(/a store was busy: comes again.*OutOfTime/);
  });
});

it('a function whose queue never answers while it settles answers in its time: what failed comes again, and nothing else', async () => {
  const lines: string[] = [];
  const http = client();
  const runtime: Runtime = {
    ...lambda,
    env: (name) => VARIABLES[name],
    write: (line) => void lines.push(line),
    aws: async (service, operation, input, time) =>
      service === 'sqs' ? http(service, operation, input, time) : { Attributes: {}, Responses: {} },
  };
  const worker = subscription('worker', { to: workQueue, timeout: seconds(3) });
  const handle = async ({ ticket }: { ticket: string }) => {
    if (ticket !== 'fine') throw new Error('failed');
  };
  const consumer = consume(worker, { 'tickets.ticket-opened': handle, 'tickets.ticket-closed': handle }, { runtime });
  const end = Date.now() + 900;
  const event = sqsEvent(['a', 'fine', 'b'].map((id) => ({ id, body: JSON.stringify(opened(id, `e-${id}`)) })));
  const answered = await consumer(
    event,
    lambdaContext(() => end - Date.now()),
  );
  expect(end - Date.now()).toBeGreaterThan(0);
  expect(answered).toEqual({ batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'b' }] });
  // The wait of the first had all the time there was.
  expect(requests).toBe(1);
  expect(lines.join('\n')).toMatch(/the wait could not be set.*OutOfTime/);
});
