import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { pointSdkAt } from '../../bin/apps/sdk-environment.ts';
import { sendSamples } from '../../bin/demo/sample-traffic.ts';
import type { Terminal } from '../../bin/terminal/terminal.ts';
import { orders } from '../../lib/systems/orders/tools/tools.ts';

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
  const access = { stackName: 'shop', outputs: { PlaceOrderFunction: 'place-order' }, clients: undefined as never };
  const sent = await sendSamples(orders, access, { rate: 1, signal: new AbortController().signal }, terminal);
  const count = new Set(sent.map(({ request }) => (request as { readonly invoiceNo: string }).invoiceNo)).size;
  expect(bar).toEqual({
    label: `Sending ${count} orders, every tenth twice`,
    total: sent.length,
    steps: sent.length,
  });
});
