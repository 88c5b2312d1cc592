import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { DUPLICATE_EVERY, keepSending, sendSamples, type Traffic } from '../../../bin/demo/sample-traffic.ts';
import type { Terminal } from '../../../bin/terminal/terminal.ts';
import { readSamples } from '../../../lib/operations/systems/samples.ts';
import type { OrderRequest } from '../../../lib/systems/orders/request.ts';
import { orders as samplesOfOrders } from '../../../lib/systems/orders/tools/tools.ts';

const accepted = (order: OrderRequest) => ({
  status: 'accepted',
  orderId: order.invoiceNo,
  sequence: 1,
  duplicate: false,
});

const ACCESS = { stackName: 'shop', outputs: { PlaceOrderFunction: 'place-order' }, clients: undefined as never };
const send = (traffic: Traffic, terminal: Terminal) => sendSamples(samplesOfOrders, ACCESS, traffic, terminal);
const keep = (traffic: Traffic) => keepSending(samplesOfOrders, ACCESS, traffic);

/** Lambda with a shop in it that takes every order, or does as it is told. */
async function shop(answer?: (order: OrderRequest, response: ServerResponse) => unknown) {
  const orders: OrderRequest[] = [];
  const paths = new Set<string>();
  const server = createServer(async (request, response) => {
    paths.add(request.url ?? '');
    let body = '';
    for await (const chunk of request) body += chunk;
    const order = JSON.parse(body) as OrderRequest;
    orders.push(order);
    const told = answer === undefined ? accepted(order) : answer(order, response);
    response.end(JSON.stringify(told));
  }).listen(0, '127.0.0.1');
  // Only the client ends a connection.
  server.keepAliveTimeout = 0;
  onTestFinished(() => void server.close().closeAllConnections());
  await new Promise((resolve) => server.once('listening', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const open = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
  return { orders, paths, allClosed: () => vi.waitFor(async () => expect(await open()).toBe(0)) };
}

/** An answer that a client does not try again; a patient shop does. */
const missing = (_: OrderRequest, response: ServerResponse) => {
  response.statusCode = 404;
  response.setHeader('x-amzn-errortype', 'ResourceNotFoundException');
  return { Message: 'no such function' };
};

function terminal() {
  const told = {
    notes: [] as string[],
    bars: [] as { label: string; total: number; steps: number; stopped: boolean }[],
  };
  const progress = (label: string, total: number) => {
    const bar = { label, total, steps: 0, stopped: false };
    told.bars.push(bar);
    return {
      step() {
        bar.steps += 1;
      },
      stop() {
        bar.stopped = true;
      },
    };
  };
  const one: Terminal = { json: false, rich: false, note: (text) => void told.notes.push(text), status() {}, progress };
  return { told, one };
}

beforeEach(() => {
  for (const [name, value] of Object.entries({
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  }))
    vi.stubEnv(name, value);
});

const never = new AbortController().signal;
const withoutTrace = ({ traceparent: _, ...order }: OrderRequest): string => JSON.stringify(order);

describe('sendSamples', () => {
  it('places all samples once and every tenth twice, as many as the bar says, and hangs up', async () => {
    const { orders, paths, allClosed } = await shop();
    const { told, one } = terminal();
    const samples = readSamples(samplesOfOrders);
    const placed = await send({ rate: 2, signal: never }, one);
    const wanted = samples.flatMap((order, i) => (i % DUPLICATE_EVERY === 0 ? [order, order] : [order]));
    expect(orders.map(withoutTrace).sort()).toEqual(wanted.map(withoutTrace).sort());
    expect([...paths]).toEqual(['/2015-03-31/functions/place-order/invocations']);
    expect(placed).toHaveLength(wanted.length);
    const label = `Sending ${samples.length} orders, every tenth twice`;
    expect(told).toEqual({ notes: [], bars: [{ label, total: wanted.length, steps: wanted.length, stopped: true }] });
    await allClosed();
  });

  it.each([
    [1, 2, 120],
    [0.5, 3, 90],
    [0.01, 7, 5],
    [90, 0.1, 540],
  ])('announces what %d minutes at %d a second come to: %i', async (minutes, rate, total) => {
    const { orders, allClosed } = await shop();
    const { told, one } = terminal();
    const controller = new AbortController();
    const work = send({ minutes, rate, signal: controller.signal }, one);
    await vi.waitFor(() => expect(orders.length).toBeGreaterThan(0));
    controller.abort();
    const placed = await work;
    // At one in ten seconds there was no second.
    if (rate === 0.1) expect(placed).toHaveLength(1);
    expect(orders[0]?.invoiceNo).toBe(`${readSamples(samplesOfOrders)[0]?.invoiceNo}-1`);
    expect(told.notes).toEqual([`Sending ${rate} orders a second for ${minutes} minutes ...`]);
    expect(told.bars).toEqual([
      { label: 'Sending orders, every tenth twice', total, steps: placed.length, stopped: true },
    ]);
    await allClosed();
  });
});

describe('the time and the pace', () => {
  it('steady traffic ends when its time is over, without a signal', async () => {
    const { orders, allClosed } = await shop();
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.any([over.signal]));
    const over = new AbortController();
    const work = send({ minutes: 1.5, rate: 0.01, signal: never }, terminal().one);
    await vi.waitFor(() => expect(orders).toHaveLength(1));
    over.abort();
    expect(await work).toHaveLength(1);
    expect(timeout.mock.calls).toContainEqual([90_000]);
    await allClosed();
  });

  it.each<[string, number, (signal: AbortSignal) => Promise<unknown>]>([
    // The first is sent twice, the second time after the first.
    ['the samples', 7, (signal) => send({ rate: 1, signal }, terminal().one)],
    ['steady traffic', 8, (signal) => keep({ rate: 100_000, signal })],
  ])('%s: as many orders are under way at once as may be: %i', async (_, atOnce, place) => {
    const controller = new AbortController();
    const waiting: (() => void)[] = [];
    let most = 0;
    const { allClosed } = await shop((order, response) => {
      const end = response.end.bind(response);
      response.end = () => {
        waiting.push(() => end(JSON.stringify(accepted(order))));
        most = Math.max(most, waiting.length);
        if (waiting.length === atOnce || controller.signal.aborted) {
          controller.abort();
          for (const answer of waiting.splice(0)) answer();
        }
        return response;
      };
    });
    await place(controller.signal);
    expect(most).toBe(atOnce);
    await allClosed();
  });
});

describe('keepSending', () => {
  it('goes on over the end of the samples under new numbers until the signal, and hangs up', async () => {
    const controller = new AbortController();
    const count = readSamples(samplesOfOrders).length;
    const { orders, allClosed } = await shop((order) => {
      if (orders.length > count + 10) controller.abort();
      return accepted(order);
    });
    await keep({ rate: 100_000, signal: controller.signal });
    const numbers = orders.map(({ invoiceNo }) => invoiceNo);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.filter((number) => /-2$/.test(number)).length).toBeGreaterThan(0);
    await allClosed();
  });

  it('hangs up when the function is not there', async () => {
    const { allClosed } = await shop(missing);
    await expect(keep({ rate: 1, signal: never })).rejects.toThrow('no such function');
    await allClosed();
  });
});
