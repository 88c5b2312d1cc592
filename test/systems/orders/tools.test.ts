import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import type { PutCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Clients } from '../../../lib/operations/deployed/clients.ts';
import { CallFailed } from '../../../lib/operations/systems/calling.ts';
import { Throttled } from '../../../lib/operations/systems/sending.ts';
import { openShop, type Reply } from '../../../lib/systems/orders/tools/producer.ts';
import { fillShelf } from '../../../lib/systems/orders/tools/stock.ts';
import { orders } from '../../../lib/systems/orders/tools/tools.ts';
import { cancellation, request } from './sample-requests.ts';

describe('a shop', () => {
  /** A function that answers as it is told; what it was sent. */
  async function shopThat(body: string, headers: Record<string, string> = {}, status = 200) {
    const sent: unknown[] = [];
    const server = createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      sent.push([request.url, JSON.parse(text)]);
      response.writeHead(status, headers).end(body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const settings = {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
    };
    for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
    const shop = openShop('place-order');
    onTestFinished(() => {
      shop.close();
      server.close().closeAllConnections();
    });
    return { shop, sent };
  }
  const order = request();

  it.each([
    { status: 'accepted', orderId: 'A1', sequence: 1, duplicate: false },
    { status: 'refused', reason: 'malformed', message: 'no' },
  ])('gives the reply: $status', async (reply) => {
    const { shop, sent } = await shopThat(JSON.stringify(reply));
    expect(await shop.place(order)).toEqual(reply);
    const traced = { ...order, traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/) };
    expect(sent).toEqual([['/2015-03-31/functions/place-order/invocations', traced]]);
  });

  it.each(['no order', null, 7])('sends what is no order as it is: %j', async (given) => {
    const { shop, sent } = await shopThat('{"status":"refused"}');
    await shop.place(given);
    expect(sent).toEqual([[expect.anything(), given]]);
  });

  it('keeps the trace of a caller who has one', async () => {
    const { shop, sent } = await shopThat('{"status":"refused"}');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await shop.place({ ...order, traceparent });
    expect(sent).toEqual([[expect.anything(), { ...order, traceparent }]]);
  });

  it('is told when there was no room, and for how long: that is no order', async () => {
    const { shop } = await shopThat('{"status":"throttled","retryAfterSeconds":3}');
    const failure = await shop.place(order).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Throttled);
    expect(failure).toMatchObject({ retryAfterSeconds: 3 });
  });

  it.each(['Unhandled', 'Handled'])('fails when the function did (%s), whatever that looks like', async (error) => {
    const looksGood = '{"status":"accepted","orderId":"A1","sequence":1,"duplicate":false}';
    for (const body of ['{"errorMessage":"Task timed out"}', looksGood]) {
      const { shop } = await shopThat(body, { 'x-amz-function-error': error });
      const failure = shop.place(order);
      await expect(failure).rejects.toThrow(CallFailed);
      await expect(failure).rejects.toThrow(`place-order failed: ${body}`);
    }
  });

  it.each([
    ['no JSON', 'oops', 200],
    ['nothing', '', 200],
    ['an error of the service', '{"Message":"no such function"}', 404],
  ])('fails on %s', async (_, body, status) => {
    const { shop } = await shopThat(body, { 'x-amzn-errortype': 'ResourceNotFoundException' }, status);
    await expect(shop.place(order)).rejects.toThrow();
  });
});

describe('orders as samples', () => {
  const { keyOf, renewed, answerOf, joined } = orders;

  it('a cancellation has the key of its order, and waits for it', () => {
    expect(keyOf(request({ invoiceNo: 'A' }))).toBe('A');
    expect(keyOf(cancellation({ invoiceNo: 'C', cancels: 'A' }))).toBe('A');
    // As a file may have it.
    expect(keyOf({ ...request(), invoiceNo: 7 as never })).toBe('7');
  });

  it('are joined with what they cancel, and other orders under other numbers', () => {
    expect(joined?.([request(), cancellation()])[1]).toMatchObject({ cancels: 'A1' });
    expect(renewed(request({ invoiceNo: 'A' }), '7')).toMatchObject({ invoiceNo: 'A-7' });
  });

  it.each<[Reply, object]>([
    [{ status: 'accepted', orderId: 'A', sequence: 1, duplicate: false }, { outcome: 'accepted' }],
    [{ status: 'accepted', orderId: 'A', sequence: 1, duplicate: true }, { outcome: 'duplicate' }],
    [
      { status: 'refused', reason: 'malformed', message: 'no' },
      { outcome: 'refused', reason: 'malformed' },
    ],
  ])('%j is an answer: %j', (reply, answer) => {
    expect(answerOf(reply)).toEqual(answer);
  });
});

describe('filling the shelf', () => {
  it('counts what is new, and leaves what is there', async () => {
    const there = new Map([['cup', 3]]);
    const send = async ({ input: { Item: { sku, quantity } = {}, ConditionExpression } }: PutCommand) => {
      expect(ConditionExpression).toBe('attribute_not_exists(sku)');
      if (there.has(sku)) throw new ConditionalCheckFailedException({ message: 'it is there', $metadata: {} });
      there.set(sku, quantity);
    };
    const clients = { dynamodb: { send } } as unknown as Clients;
    const shelf = [
      ['cup', 9],
      ['pot', 5],
      ['lid', 1],
    ] as const;
    expect(await fillShelf(clients, 'shelf', new Map(shelf))).toBe(2);
    expect(Object.fromEntries(there)).toEqual({ cup: 3, pot: 5, lid: 1 });
  });
});
