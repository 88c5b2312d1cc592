import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { pointSdkAt } from '../../bin/apps/sdk-environment.ts';
import { placeSamples } from '../../bin/demo/sample-traffic.ts';
import type { Terminal } from '../../bin/terminal/terminal.ts';

test('the bar of a burst ends where it said it would, and says why that is more than the orders', async () => {
  const server = createServer((_request, response) => {
    response.end('{"status":"accepted","orderId":"x","sequence":1,"duplicate":false}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  pointSdkAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'us-east-1');
  const bar = { label: '', total: 0, steps: 0 };
  const terminal: Terminal = {
    ...{ json: false, rich: true, note: () => undefined, status: () => undefined },
    progress(label, total) {
      Object.assign(bar, { label, total });
      return { step: () => void bar.steps++, stop: () => undefined };
    },
  };
  const placed = await placeSamples('place-order', { rate: 1, signal: new AbortController().signal }, terminal);
  const orders = new Set(placed.map(({ request }) => request.invoiceNo)).size;
  expect(bar).toEqual({
    label: `Placing ${orders} orders, every tenth twice`,
    total: placed.length,
    steps: placed.length,
  });
});
