import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pointSdkAt } from '../../bin/apps/sdk-environment.ts';
import { synthesise } from '../../bin/apps/synth.ts';
import { behaviourOf } from '../../lambdas/orders/payment/provider.ts';
import type { SystemContract } from '../../lib/contracts/system.ts';
import { type Engine, type EngineOptions, startEngine } from '../../lib/local/engine.ts';
import type { Clients } from '../../lib/operations/deployed/clients.ts';
import { type Outputs, output } from '../../lib/operations/deployed/deployment.ts';
import { stackNameOf, type World } from '../../lib/operations/systems/system.ts';
import { openWorld } from '../../lib/operations/systems/world.ts';
import { orders } from '../../lib/systems/orders/system.ts';
import { openShop, type Shop } from '../../lib/systems/orders/tools/producer.ts';
import { mailboxAt } from './mailbox.ts';

/** The orders system, running somewhere. */
export interface OrdersApp {
  readonly stackName: string;
  readonly contract: SystemContract;
  readonly outputs: Outputs;
  readonly clients: Clients;
  /** What the tools of any system work on. */
  readonly world: World;
  readonly shop: Shop;
  /** URL of the endpoint's mailbox; undefined: it shows none. */
  readonly mailbox: string | undefined;
  output(name: string): string;
  close(): Promise<void>;
}

/** The same on an engine of its own. */
export interface OrdersOnEngine extends OrdersApp {
  /** Folder of the cloud assembly. */
  readonly assembly: string;
  readonly engine: Engine;
  readonly logs: readonly string[];
}

/** Opens the app that is deployed where the SDK's environment points. */
export async function openOrders(stackName: string, endpoint: string): Promise<OrdersApp> {
  const mailbox = await mailboxAt(endpoint);
  const world = await openWorld(stackName, mailbox);
  const { outputs, clients } = world;
  const shop = openShop(output(outputs, 'PlaceOrderFunction'));
  return {
    stackName,
    contract: orders.contract,
    outputs,
    clients,
    world,
    shop,
    mailbox,
    output: (name) => output(outputs, name),
    async close() {
      shop.close();
      clients.close();
    },
  };
}

export const STAGE = 'test';
export const STACK = stackNameOf(orders, STAGE);

export async function startOrders(options: Partial<EngineOptions> = {}): Promise<OrdersOnEngine> {
  const assembly = mkdtempSync(join(tmpdir(), 'sluice-orders-'));
  const logs: string[] = [];
  await synthesise(assembly, STAGE, ['orders']);
  const engine = await startEngine({ assembly, port: 0, onLog: ({ line }) => logs.push(line), ...options });
  pointSdkAt(engine.url, engine.services.region);
  const app = await openOrders(STACK, engine.url);
  return {
    ...app,
    assembly,
    engine,
    logs,
    async close() {
      await app.close();
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
