import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a lane's consumer did to the provider. */
export interface Calls {
  /** When it refused a call because it was down, epoch milliseconds. */
  readonly refusedAt: number[];
  /** Answered calls by idempotency key. */
  readonly answered: Map<string, number>;
}

/** A provider that can be down. */
export interface Provider {
  readonly url: string;
  down: boolean;
  callsOf(lane: string): Calls;
  close(): Promise<void>;
}

/** Starts a provider: `POST /LANE/KEY` is answered 200, and 503 while it is down. */
export async function startProvider(): Promise<Provider> {
  const calls = new Map<string, Calls>();
  const callsOf = (lane: string): Calls => {
    const found = calls.get(lane) ?? { refusedAt: [], answered: new Map() };
    calls.set(lane, found);
    return found;
  };
  const server = createServer((request, response) => {
    const [lane = '', ...key] = (request.url ?? '').slice(1).split('/');
    const { answered } = callsOf(lane);
    if (provider.down) callsOf(lane).refusedAt.push(Date.now());
    else answered.set(key.join('/'), (answered.get(key.join('/')) ?? 0) + 1);
    response.writeHead(provider.down ? 503 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const provider: Provider = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    down: false,
    callsOf,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return provider;
}
