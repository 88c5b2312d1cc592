import { describe, expect, it } from 'vitest';
import { behaviourOf } from '../../../lambdas/orders/payment/provider.ts';
import {
  chargeCard,
  ORDERS_ENV,
  OrderCancelled,
  type OrderData,
  OrderPlaced,
  orderLog,
  ordersOutbox,
  orderTopic,
  reserveStock,
  salesTotals,
} from '../../../lib/systems/orders/contract.ts';
import { testAggregation, testConsumer, testProducer } from '../../../lib/testing/index.ts';

/** The functions of the orders, as their files are deployed. */
const order = (orderId: string, more: Partial<OrderData> = {}): OrderData => ({
  orderId,
  documentId: orderId,
  placedAt: '2026-11-20T08:00:00Z',
  customerId: '17850',
  country: 'United Kingdom',
  lines: [{ sku: '85123A', description: 'White hanging heart', quantity: 6, unitPence: 255 }],
  totalPence: 1_530,
  currency: 'GBP',
  ...more,
});

describe('charge-card', () => {
  const SEED = 'orders';
  const testCharges = () =>
    testConsumer(
      chargeCard,
      { load: () => import('../../../lambdas/orders/charge-card.ts') },
      {
        tables: {
          payments: { partitionKey: 'orderId', sortKey: 'sequence' },
          provider: { partitionKey: 'idempotencyKey' },
        },
        env: {
          [ORDERS_ENV.paymentsTable]: 'payments',
          [ORDERS_ENV.providerTable]: 'provider',
          [ORDERS_ENV.providerSeed]: SEED,
        },
      },
    );
  /** The first id that the simulated provider treats so. */
  function idThatWill(behaviour: string): string {
    for (let n = 1; n < 10_000; n++) if (behaviourOf(SEED, `order-${n}`) === behaviour) return `order-${n}`;
    throw new Error(`no id will ${behaviour}`);
  }

  it('moves the money once, however often the order comes and whatever ends in between', async () => {
    for (const fault of ['kill-before', 'kill-after', 'lost-answer', 'throttle'] as const) {
      const t = testCharges();
      const id = idThatWill('approve');
      t.disturbCall(fault, { table: 'payments', operation: 'TransactWriteItems' });
      await t.given(t.twice(t.event(OrderPlaced, order('536365'), { id, sequence: 1 })));
      await t.settle();
      expect(t.items('payments'), fault).toMatchObject([
        { orderId: '536365', kind: 'charge', status: 'approved', pence: 1_530 },
      ]);
      expect(t.items('provider'), fault).toMatchObject([{ movedPence: 1_530 }]);
    }
  });

  it('asks again with the same key when the provider took the money without an answer', async () => {
    const t = testCharges();
    const id = idThatWill('time-out-after');
    await t.given(t.event(OrderPlaced, order('536365'), { id, sequence: 1 }));
    expect(t.outcomes()).toEqual(['retried']);
    await t.settle();
    expect(t.outcomes()).toEqual(['done']);
    expect(t.items('provider')).toMatchObject([{ calls: 2, movedPence: 1_530 }]);
  });

  it('leaves it to a person when the provider answers what nobody knows', async () => {
    const t = testCharges();
    await t.given(t.event(OrderPlaced, order('536365'), { id: idThatWill('unexpected'), sequence: 1 }));
    await t.settle();
    expect(t.outcomes()).toEqual(['dead-lettered: attempts-exhausted']);
    expect(t.deadLetters()).toMatchObject([
      { message: "the provider answered with unexpected status 'pending_review_2b'", attempts: 3 },
    ]);
    expect(t.items('payments')).toEqual([]);
  });

  it('refunds a cancellation after its charge, in order', async () => {
    const t = testCharges();
    const approved = idThatWill('approve');
    await t.given(
      t.event(OrderPlaced, order('536365'), { id: approved, sequence: 1 }),
      t.event(OrderCancelled, order('536365', { documentId: 'C536365' }), {
        id: `${approved}`.replace('order-', 'order-0'),
        sequence: 2,
      }),
    );
    await t.settle();
    expect(t.items('payments').map(({ kind }) => kind)).toEqual(['charge', 'refund']);
  });
});

describe('reserve-stock', () => {
  const testStock = (quantity: number) =>
    testConsumer(
      reserveStock,
      { load: () => import('../../../lambdas/orders/reserve-stock.ts') },
      {
        tables: {
          stock: { partitionKey: 'sku', items: [{ sku: '85123A', quantity }] },
          reservations: { partitionKey: 'orderId', sortKey: 'part' },
        },
        env: { [ORDERS_ENV.stockTable]: 'stock', [ORDERS_ENV.reservationsTable]: 'reservations' },
      },
    );

  it('never sells more than there is, whatever comes twice', async () => {
    const t = testStock(10);
    await t.given(
      t.twice(t.event(OrderPlaced, order('1'), { sequence: 1 })),
      t.twice(t.event(OrderPlaced, order('2'), { sequence: 1 })),
    );
    await t.settle();
    expect(t.item('stock', { sku: '85123A' })).toMatchObject({ quantity: 4 });
    const statuses = t
      .items('reservations')
      .flatMap(({ lines }) => (lines as { status: string }[]).map(({ status }) => status));
    expect(statuses.sort()).toEqual(['back-ordered', 'reserved']);
  });

  it('lets a cancellation wait for the order that comes after it', async () => {
    const t = testStock(10);
    const cancelled = t.event(OrderCancelled, order('1', { documentId: 'C1' }), { sequence: 2 });
    await t.given(cancelled);
    expect(t.outcomes()).toEqual(['retried']);
    await t.given(t.event(OrderPlaced, order('1'), { sequence: 1 }));
    expect(t.item('stock', { sku: '85123A' })).toMatchObject({ quantity: 4 });
    await t.settle();
    expect(t.outcomes()).toEqual(['done', 'done']);
    expect(t.item('stock', { sku: '85123A' })).toMatchObject({ quantity: 10 });
  });
});

it('sales-totals counts each order once, per minute and country', async () => {
  const t = testAggregation(
    salesTotals,
    { load: () => import('../../../lambdas/orders/sales-totals.ts') },
    { tables: { totals: { partitionKey: 'minute', sortKey: 'country' } }, env: { [ORDERS_ENV.totalsTable]: 'totals' } },
  );
  await t.given(t.twice(t.event(OrderPlaced, order('1'))), t.event(OrderPlaced, order('2')));
  t.reshard('split');
  await t.given(t.event(OrderCancelled, order('1', { documentId: 'C1' })));
  await t.settle();
  expect(t.items('totals')).toEqual([
    {
      ...{ minute: '2026-11-20T08:00', country: 'United Kingdom GBP' },
      ...{ orders: 2, salesPence: 3_060, cancellations: 1, refundsPence: 1_530 },
    },
  ]);
});

it('place-order commits the order and its event together, once', async () => {
  const t = testProducer(
    async (_, request: object) => (await import('../../../lambdas/orders/place-order.ts')).handler(request),
    {
      outbox: ordersOutbox,
      tables: { orders: { partitionKey: 'orderId' } },
      env: { [ORDERS_ENV.ordersTable]: 'orders' },
    },
  );
  const request = {
    ...{ invoiceNo: '536365', placedAt: '2026-11-20T08:00:00Z', customerId: '17850', country: 'United Kingdom' },
    cancellation: false,
    lines: [{ sku: '85123A', description: 'White hanging heart', quantity: 6, unitPrice: 2.55 }],
  };
  const answer = await t.call(request);
  expect(answer).toMatchObject({ status: 'accepted', orderId: '536365', duplicate: false });
  expect(await t.call(request)).toMatchObject({ status: 'accepted', duplicate: true });
  await t.settle();
  for (const channel of [orderLog, orderTopic])
    expect(t.published(channel)).toMatchObject([
      { type: OrderPlaced.type, data: { orderId: '536365', totalPence: 1_530 } },
    ]);
});
