import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { httpCall } from '../../lib/runtime/aws/http.ts';

/** More than a call has tries. */
const IDLE = 6;

let server: Server;
let sockets: Set<Socket>;
let connections = 0;
/** What the server does with a request. */
let answer: (response: ServerResponse) => void;
let requests = 0;
let waits: number[] = [];

const respond = (response: ServerResponse): void => void response.end('{"Item":{"pk":{"S":"a"}}}');
const ITEM = { Item: { pk: { S: 'a' } } };

beforeEach(async () => {
  [sockets, connections, requests, waits, answer] = [new Set(), 0, 0, [], respond];
  server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    request.resume();
    request.on('end', () => {
      requests++;
      answer(response);
    });
  });
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  vi.useRealTimers();
  server.closeAllConnections();
  server.close();
});

function newCall() {
  const variables: Record<string, string> = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's' },
  };
  const aws = httpCall({
    env: (name) => variables[name],
    random: () => 0.5,
    sleep: async (millis) => void waits.push(millis),
  });
  return () => aws('dynamodb', 'GetItem', { TableName: 't' });
}

/** A client that has idle connections, all of them alive. */
async function idleConnections() {
  const get = newCall();
  const held: ServerResponse[] = [];
  answer = (response) => {
    held.push(response);
    if (held.length === IDLE) for (const each of held) respond(each);
  };
  await Promise.all(Array.from({ length: IDLE }, get));
  // A connection is idle a turn after its answer was read.
  await turn();
  expect(connections).toBe(IDLE);
  [requests, connections, answer] = [0, 0, respond];
  return get;
}

/** Before the client can hear of it, as in a freeze. */
function endAll(how: (socket: Socket) => void): void {
  for (const socket of sockets) how(socket);
}

describe('idle connections that are dead cost no try and no wait', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['reset', (socket) => socket.resetAndDestroy()],
    ['closed', (socket) => socket.destroy()],
  ])('when they were %s', async (_, end) => {
    const get = await idleConnections();
    endAll(end);
    expect(await get()).toEqual(ITEM);
    expect({ connections, requests, waits }).toEqual({ connections: 1, requests: 1, waits: [] });
  });

  it('when many calls are made at once', async () => {
    const get = await idleConnections();
    endAll((socket) => socket.resetAndDestroy());
    const calls = Array.from({ length: 2 * IDLE }, get);
    expect(await Promise.all(calls)).toEqual(calls.map(() => ITEM));
    expect({ requests, waits }).toEqual({ requests: 2 * IDLE, waits: [] });
  });
});

it('a new connection that ends without an answer is a try', async () => {
  const get = newCall();
  answer = (response) => response.destroy();
  await expect(get()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(requests).toBe(4);
  expect(waits).toHaveLength(3);
});

it('and so is one after a kept connection that was dead: there is one more request and no more', async () => {
  const get = await idleConnections();
  answer = (response) => response.destroy();
  await expect(get()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(requests).toBe(5);
  expect(waits).toHaveLength(3);
});

it.each<[string, (response: ServerResponse) => void]>([
  ['reset', (response) => (response.socket as Socket).resetAndDestroy()],
  ['closed', (response) => response.destroy()],
])('a kept connection that is %s within its answer is a try', async (_, cut) => {
  const get = await idleConnections();
  answer = (response) => {
    answer = respond;
    response.writeHead(200, { 'content-length': '25' });
    response.write('{"Item":', () => cut(response));
  };
  expect(await get()).toEqual(ITEM);
  expect(requests).toBe(2);
  expect(waits).toHaveLength(1);
});

it('a call that is given up on a kept connection is not sent again behind its back', async () => {
  const get = await idleConnections();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  answer = () => void vi.advanceTimersByTimeAsync(8_000);
  await expect(get()).rejects.toThrow('dynamodb did not answer within 8000 ms');
  expect({ requests, connections }).toEqual({ requests: 4, connections: 0 });
  expect(vi.getTimerCount()).toBe(0);
});
