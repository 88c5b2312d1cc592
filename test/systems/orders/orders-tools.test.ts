import { describe, expect, it, vi } from 'vitest';
import type { SystemInput, World } from '../../../lib/operations/systems/system.ts';
import { orders, ordersTools } from '../../../lib/systems/orders/tools/tools.ts';
import { deployedLike } from '../../operations/systems/deployed-like.ts';
import { request } from './sample-requests.ts';
import { input, settled } from './settled-world.ts';

/** What the orders say of themselves to the tools of any system; what they ask of the services is in `tools-calls.test.ts`. */
const world = vi.hoisted(() => ({ calls: [] as unknown[][], snapshot: {} as object }));
const noted = vi.hoisted(() => (name: string, answer: () => unknown) => async (...args: unknown[]) => {
  world.calls.push([name, ...args.slice(1)]);
  return answer();
});
vi.mock('../../../lib/systems/orders/tools/mishaps.ts', () => ({
  publishedEvents: noted('publishedEvents', () => 'the events'),
  publishAgain: noted('publishAgain', () => undefined),
}));
vi.mock('../../../lib/systems/orders/tools/stock.ts', () => ({ fillShelf: noted('fillShelf', () => 3) }));
vi.mock('../../../lib/systems/orders/tools/snapshot.ts', () => ({
  takeSnapshot: noted('takeSnapshot', () => world.snapshot),
}));

const outputs = { StockTable: 'the shelves', OutboxTable: 'the outbox' };
const WORLD: World = {
  ...{ stackName: 'sluice-dev-orders', outputs, clients: undefined as never, mailbox: 'the mailbox' },
  deployed: deployedLike({}),
};
const called = () => world.calls.splice(0);
const placed = (orderId: string, sequence: number, more: object = {}) => ({
  request: { invoiceNo: orderId },
  reply: { status: 'accepted', orderId, sequence, duplicate: false, ...more },
});

describe('the tools of the orders', () => {
  it('prepare the shelf for the orders that come', async () => {
    expect(await ordersTools.prepare?.(WORLD, [request()])).toBe(3);
    expect(called()).toEqual([['fillShelf', 'the shelves', new Map([['LAMP', 1]])]]);
  });

  it('publish the events of every tenth accepted order again, in the order of their numbers, whichever was the fastest', async () => {
    const accepted = Array.from({ length: 21 }, (_, n) => placed(String(100 + n), 1));
    const refused = { request: {}, reply: { status: 'refused', reason: 'malformed', message: '' } };
    const sent = [
      placed('099', 2),
      ...accepted.reverse(),
      placed('099', 1),
      placed('098', 1, { duplicate: true }),
      refused,
    ];
    expect(await ordersTools.trouble?.(WORLD, sent)).toEqual({ eventsPublishedTwice: 3 });
    const again = [
      { orderId: '099', sequence: 1 },
      { orderId: '108', sequence: 1 },
      { orderId: '118', sequence: 1 },
    ];
    expect(called()).toEqual([
      ['publishedEvents', 'the outbox', again],
      ['publishAgain', 'the events'],
    ]);
  });

  /** The shelf of the settled world is not made from its orders. */
  const shelves = input.placed.map(({ request: { lines } }) => lines);
  const given: SystemInput = {
    sent: input.placed,
    prepared: [request({ lines: [...(shelves[0] ?? [])] })],
    ...{ faults: [], isDead: () => false, unseen: {} },
  };
  const problemsOf = async (change: object, more: Partial<SystemInput> = {}) => {
    world.snapshot = { ...settled, ...change };
    const { problems } = await ordersTools.reconcile({ ...given, ...more }, WORLD);
    world.calls.length = 0;
    return problems.filter((text) => !text.startsWith('stock of '));
  };

  it('reconcile what lies there with what was sent, and say when the first charge was', async () => {
    world.snapshot = settled;
    const found = await ordersTools.reconcile(given, WORLD);
    expect(called()).toEqual([['takeSnapshot', outputs, 'the mailbox']]);
    expect(found).toMatchObject({ lost: 0, duplicatedEffects: 0, outOfOrder: 0, figures: { orders: 4, charged: {} } });
    expect(found.firstEffect).toBe(Date.parse('2026-11-20T08:01:00Z'));
    expect(found.rows.map(([name]) => name)).toEqual([
      ...['orders in', 'events', 'charged', 'reserved', 'invoiced', 'e-mailed', 'counted'],
    ]);
    world.snapshot = { ...settled, payments: [] };
    expect((await ordersTools.reconcile(given, WORLD)).firstEffect).toBeUndefined();
  });

  it('say when figures do not add up, but not after faults: an event may have been given up after its effect', async () => {
    expect(await problemsOf({})).toEqual([]);
    const invoices = { isDead: (consumer: string, id: string) => consumer === 'make-invoice' && id.endsWith('G1/1') };
    expect(await problemsOf({}, invoices)).toEqual([
      'the figures do not add up: invoiced: 3 invoiced + 1 given up = 3',
    ]);
    const faults = [{ kind: 'latency' }];
    expect(await problemsOf({}, { ...invoices, faults })).toEqual([]);
  });

  it('excuse what faults may cause, and ask nothing of what is dead or may be', async () => {
    const twice = { mails: [...settled.mails, settled.mails[0]] };
    expect(await problemsOf(twice)).toContain('twice: e-mails sent twice');
    expect(
      await problemsOf(twice, { faults: [{ kind: 'kill', functionName: 'sluice-dev-orders-send-email' }] }),
    ).toEqual([]);
    const fewer = { payments: settled.payments.slice(0, 2) };
    expect(await problemsOf(fewer)).toContain('lost: payments of order-outbox/G1/1');
    expect(await problemsOf(fewer, { isDead: (consumer) => consumer === 'charge-card' })).not.toContainEqual(
      expect.stringContaining('lost'),
    );
    expect(await problemsOf(fewer, { unseen: { 'charge-card': 1 } })).toContainEqual(
      expect.stringContaining('lost or given up: 1 of 1 payments'),
    );
  });

  it('check every consumer of the contract', async () => {
    const { orders: system } = await import('../../../lib/systems/orders/system.ts');
    expect(ordersTools.reconciled.toSorted()).toEqual(system.contract.subscriptions.map(({ name }) => name).sort());
    expect(Object.values(ordersTools.producers)).toEqual([orders]);
    for (const name of Object.keys(ordersTools.deliberate ?? {})) expect(ordersTools.reconciled).toContain(name);
    expect((await system.tools?.()) === ordersTools).toBe(true);
    expect((await system.stack()).name).toBe('OrdersStack');
  });
});
