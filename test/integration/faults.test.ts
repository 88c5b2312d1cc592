import { setTimeout as sleep } from 'node:timers/promises';
import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { atRisk } from '../../bin/demo/reconciled-run.ts';
import { FAULT_KIND_NAMES } from '../../lib/local/faults.ts';
import { deadEventIds, lettersOf, wrongLetters } from '../../lib/operations/systems/letters.ts';
import { sendMalformed } from '../../lib/operations/systems/malformed.ts';
import { readSamples } from '../../lib/operations/systems/samples.ts';
import { patient, sendAll } from '../../lib/operations/systems/sending.ts';
import { stillToDo } from '../../lib/operations/systems/settled.ts';
import type { Placed } from '../../lib/systems/orders/tools/producer.ts';
import { reconcile } from '../../lib/systems/orders/tools/reconcile.ts';
import { shelfFor } from '../../lib/systems/orders/tools/samples.ts';
import { takeSnapshot } from '../../lib/systems/orders/tools/snapshot.ts';
import { fillShelf } from '../../lib/systems/orders/tools/stock.ts';
import { disturbanceBy, ordersTools, orders as samples } from '../../lib/systems/orders/tools/tools.ts';
import { type OrdersOnEngine, startOrders } from './orders-app.ts';

/**
 * The orders system with every kind of fault on, more often than anybody would bear, reconciles. The long version, five minutes of steady
 * traffic: `npm start -- --once --minutes 5 --faults 0.01`.
 */

const SEED = 7;
const RATES = {
  throttle: 0.04,
  latency: 0.03,
  'lose-response': 0.03,
  duplicate: 0.05,
  reorder: 0.1,
  kill: 0.004,
  'stop-stream': 0.02,
  'skew-clock': 0.5,
};
const ORDERS = 40;
/** The queues' own visibility timeouts are minutes: too long to wait for what a killed function held. */
const VISIBILITY_SECONDS = '10';
const SETTLE_TIMEOUT_MS = 150_000;
const SETTLE_POLL_MS = 250;

let app: OrdersOnEngine;
beforeAll(async () => {
  app = await startOrders();
  expect(app.world.deployed.queues).toHaveLength(4);
  for (const { url: QueueUrl } of app.world.deployed.queues) {
    const Attributes = { VisibilityTimeout: VISIBILITY_SECONDS };
    await app.clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
  }
}, 90_000);
afterAll(() => app?.close());

async function settle(): Promise<readonly string[]> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const left = await stillToDo(app.contract, app.world);
    if ((left.length === 0 && app.engine.busy === 0) || performance.now() > deadline) return left;
    await sleep(SETTLE_POLL_MS);
  }
}

it('with every kind of fault on, all orders are accounted for, once and in order', async () => {
  const orders = readSamples(samples).slice(0, ORDERS);
  const shelf = shelfFor(orders);
  await fillShelf(app.clients, app.output('StockTable'), shelf);
  const { faults } = app.engine.services;
  const random = faults.randomly({ seed: SEED, rates: RATES });

  const placed: Placed[] = [];
  const sender = patient(samples.open(app.world));
  onTestFinished(() => sender.close());
  const twice = orders.flatMap((order, i) => (i % 5 === 0 ? [order, order] : [order]));
  await sendAll(samples, sender, twice, { parallel: 4 }, (one) => placed.push(one));
  const malformed = await sendMalformed(app.contract, app.world);

  expect(await settle()).toEqual([]);
  faults.clear();
  const snapshot = await takeSnapshot(app.clients, app.outputs, `${app.engine.url}/_aws/ses`);
  const letters = await lettersOf(app.world);
  const dead = deadEventIds(letters);
  const isDead = (consumer: string, id: string) => dead.get(consumer)?.has(id) ?? false;
  const given = { isDead, unseen: letters.unseen, disturbance: disturbanceBy(random.made) };
  const findings = reconcile({ placed, shelf, ...given }, snapshot);
  const { deliberate = {} } = ordersTools;
  const wrong = wrongLetters(letters, { malformed, deliberate, atRisk: atRisk(app.world, random.made) });
  expect([...findings.problems, ...wrong]).toEqual([]);
  expect(findings).toMatchObject({ figures: { orders: ORDERS }, lost: 0, duplicatedEffects: 0, outOfOrder: 0 });
  const often = FAULT_KIND_NAMES.filter((kind) => kind !== 'kill' && kind !== 'stop-stream');
  for (const kind of often) expect(random.counts[kind], kind).toBeGreaterThan(0);
}, 300_000);
