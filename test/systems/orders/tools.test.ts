import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import type { PutCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { OrderRequest } from '../../../lib/systems/orders/request.ts';
import { type Clients, openClients } from '../../../lib/systems/orders/tools/clients.ts';
import {
  openShop,
  type Placed,
  PlaceOrderFailed,
  patient,
  placeAll,
  type Reply,
  type Shop,
} from '../../../lib/systems/orders/tools/producer.ts';
import { fillShelf } from '../../../lib/systems/orders/tools/stock.ts';
import { cancellation, request } from './sample-requests.ts';

/** Waits are over at once. */
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }));

describe('a patient shop', () => {
  /** A shop that fails so many times. @returns what came of an order, and how many tries it had */
  async function placedAfter(failures: number): Promise<readonly [string, number]> {
    let tries = 0;
    const shop: Shop = {
      async place() {
        if (++tries <= failures) throw new Error('not there');
        return { status: 'accepted', orderId: '1', sequence: 1, duplicate: false };
      },
      close: () => undefined,
    };
    const outcome = await patient(shop)
      .place(request())
      .then(
        ({ status }) => status as string,
        (error: Error) => error.message,
      );
    return [outcome, tries];
  }

  it.each([
    [0, 'accepted', 1],
    [9, 'accepted', 10],
    [10, 'not there', 10],
  ])('after %i failures', async (failures, outcome, tries) => {
    expect(await placedAfter(failures)).toEqual([outcome, tries]);
  });
});

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

  it.each(['Unhandled', 'Handled'])('fails when the function did (%s), whatever that looks like', async (error) => {
    const looksGood = '{"status":"accepted","orderId":"A1","sequence":1,"duplicate":false}';
    for (const body of ['{"errorMessage":"Task timed out"}', looksGood]) {
      const { shop } = await shopThat(body, { 'x-amz-function-error': error });
      const failure = shop.place(order);
      await expect(failure).rejects.toThrow(PlaceOrderFailed);
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

describe('clients', () => {
  it.each([
    ['a local endpoint', 'http://localhost:4566', true],
    ['AWS', undefined, false],
  ])('at %s: names of buckets in the path, and HTTP/1.1 for streams, only where it must be', (_, url, isLocal) => {
    vi.stubEnv('AWS_ENDPOINT_URL', url);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    const clients = openClients();
    onTestFinished(() => clients.close());
    expect(clients.s3.config.forcePathStyle).toBe(isLocal);
    expect(clients.kinesis.config.requestHandler === clients.s3.config.requestHandler).toBe(isLocal);
  });
});

describe('placing all', () => {
  it('hands on each order with its own reply, a cancellation after its order', async () => {
    const began: string[] = [];
    const shop: Shop = {
      async place(given) {
        const { invoiceNo } = given as OrderRequest;
        began.push(invoiceNo);
        return { status: 'accepted', orderId: invoiceNo, sequence: began.length, duplicate: false };
      },
      close: () => undefined,
    };
    const orders = [
      request({ invoiceNo: 'A' }),
      request({ invoiceNo: 'B' }),
      cancellation({ invoiceNo: 'C', cancels: 'A' }),
    ];
    const placed: Placed[] = [];
    await placeAll(shop, orders, { parallel: 8 }, (one) => placed.push(one));
    expect(began).toEqual(['A', 'B', 'C']);
    expect(
      placed.map(({ request: { invoiceNo }, reply }) => [invoiceNo, 'orderId' in reply && reply.orderId]).sort(),
    ).toEqual([
      ['A', 'A'],
      ['B', 'B'],
      ['C', 'C'],
    ]);
  });
});

describe('placing all to a shop that answers when it likes', () => {
  const A = request({ invoiceNo: 'A' });
  const B = request({ invoiceNo: 'B' });
  const C = cancellation({ invoiceNo: 'C', cancels: 'A' });
  const D = cancellation({ invoiceNo: 'D', cancels: 'A' });

  /** @returns the orders that have been placed each time that everything stood still; it answers them one after another, from the last */
  async function rounds(orders: readonly OrderRequest[], parallel: number): Promise<string[]> {
    const waiting: { readonly invoiceNo: string; readonly answer: () => void }[] = [];
    const shop: Shop = {
      place: (given) =>
        new Promise((resolve) => {
          const { invoiceNo } = given as OrderRequest;
          const reply: Reply = { status: 'accepted', orderId: invoiceNo, sequence: 1, duplicate: false };
          waiting.push({ invoiceNo, answer: () => resolve(reply) });
        }),
      close: () => undefined,
    };
    const seen: string[] = [];
    let over = false;
    const all = placeAll(shop, orders, { parallel }, () => undefined).finally(() => {
      over = true;
    });
    while (!over) {
      await new Promise(setImmediate);
      if (waiting.length === 0) continue;
      seen.push(waiting.map(({ invoiceNo }) => invoiceNo).join(' '));
      waiting.pop()?.answer();
    }
    await all;
    return seen;
  }

  it.each<[string, readonly OrderRequest[], number, string[]]>([
    ['a cancellation waits for the answer to its order', [A, C], 8, ['A', 'C']],
    ['other orders do not wait', [A, B], 8, ['A B', 'A']],
    ['nor do they for a cancellation', [A, C, B], 8, ['A B', 'A', 'C']],
    ['cancellations of one order wait for one another', [A, C, D], 8, ['A', 'C', 'D']],
    ['the same order again waits for the first', [A, A, B], 8, ['A B', 'A', 'A']],
    ['no more are under way than are allowed', [A, B, C], 1, ['A', 'B', 'C']],
  ])('%s', async (_, orders, parallel, seen) => {
    expect(await rounds(orders, parallel)).toEqual(seen);
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
