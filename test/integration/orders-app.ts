import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pointSdkAt } from '../../bin/sdk-environment.ts';
import { synthesise } from '../../bin/synth.ts';
import { behaviourOf } from '../../lambdas/orders/payment/provider.ts';
import { type Engine, type EngineOptions, startEngine } from '../../lib/local/engine.ts';
import { type Outputs, output, outputsOf } from '../../lib/operations/deployment.ts';
import { openClients } from '../../lib/systems/orders/tools/clients.ts';
import { openShop, type Shop } from '../../lib/systems/orders/tools/producer.ts';

/** The orders system, running on an engine of its own. */
export interface OrdersApp {
  /** Folder of the cloud assembly. */
  readonly assembly: string;
  readonly engine: Engine;
  readonly outputs: Outputs;
  readonly clients: ReturnType<typeof openClients>;
  readonly shop: Shop;
  readonly logs: readonly string[];
  output(name: string): string;
  close(): Promise<void>;
}

export async function startOrders(options: Partial<EngineOptions> = {}): Promise<OrdersApp> {
  const assembly = mkdtempSync(join(tmpdir(), 'sluice-orders-'));
  const logs: string[] = [];
  await synthesise(assembly, 'test');
  const engine = await startEngine({ assembly, port: 0, onLog: ({ line }) => logs.push(line), ...options });
  pointSdkAt(engine.url, engine.services.region);
  const outputs = await outputsOf('sluice-test-orders');
  const clients = openClients();
  const shop = openShop(output(outputs, 'PlaceOrderFunction'));
  return {
    assembly,
    engine,
    outputs,
    clients,
    shop,
    logs,
    output: (name) => output(outputs, name),
    async close() {
      shop.close();
      clients.close();
      await engine.close();
      rmSync(assembly, { recursive: true, force: true });
    },
  };
}

const POLL_MS = 50;
const TIMEOUT_MS = 30_000;

/** Waits until `look` gives a value that is neither undefined nor false. @throws Error naming what was waited for when the time is up */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found as T;
    if (performance.now() > deadline) throw new Error(`waited ${TIMEOUT_MS / 1_000} s in vain: ${what}`);
    await sleep(POLL_MS);
  }
}

let count = 0;

/** A number of its own for every order, for which the simulated provider approves charge and refund at once: it misbehaves by id. */
function nextInvoice(): string {
  for (;;) {
    count += 1;
    const invoiceNo = `T${process.pid}-${count}`;
    const approved = (sequence: number) => behaviourOf('sluice', `order-outbox/${invoiceNo}/${sequence}`) === 'approve';
    if (approved(1) && approved(2)) return invoiceNo;
  }
}

/** A small order; numbers are unique per call. */
export function anOrder(change: Record<string, unknown> = {}) {
  const invoiceNo = nextInvoice();
  return {
    invoiceNo,
    placedAt: '2010-12-01T08:26:00Z',
    customerId: `c${count}`,
    country: 'United Kingdom',
    cancellation: false,
    lines: [{ sku: 'SKU-1', description: 'A LANTERN', quantity: 2, unitPrice: 3.39 }],
    ...change,
  };
}
