/**
 * The engine's services in a process of their own, so that their work does not count as the consumers'. Beside the services'
 * own address there is one that counts requests. Tells the parent both, and answers 'counts' with what came since the last time.
 */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startServices } from '../../lib/local/services.ts';

/** Requests by `service operation`. */
export type Counts = Readonly<Record<string, number>>;
export interface Addresses {
  readonly url: string;
  readonly countingUrl: string;
}

const SERVICES: Readonly<Record<string, string>> = { DynamoDB_20120810: 'dynamodb', AmazonSQS: 'sqs' };

const services = await startServices();
let counts: Record<string, number> = {};

const counter = createServer((incoming, outgoing) => {
  const [target = '', operation = 'unknown'] = String(incoming.headers['x-amz-target']).split('.');
  const name = `${SERVICES[target] ?? target} ${operation}`;
  counts[name] = (counts[name] ?? 0) + 1;
  const { method, url, headers } = incoming;
  const onward = request(new URL(url ?? '/', services.url), { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', (error) => outgoing.destroy(error));
  incoming.pipe(onward);
});
await new Promise<void>((resolve) => counter.listen(0, '127.0.0.1', resolve));

process.on('message', (message) => {
  if (message !== 'counts') return;
  process.send?.(counts);
  counts = {};
});
process.on('disconnect', async () => {
  counter.close();
  counter.closeAllConnections();
  await services.close();
});
const countingUrl = `http://127.0.0.1:${(counter.address() as AddressInfo).port}`;
process.send?.({ url: services.url, countingUrl } satisfies Addresses);
