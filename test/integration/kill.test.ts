import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readEnvelope } from '../../lib/contracts/events/envelope.ts';
import { lettersOf } from '../../lib/operations/systems/letters.ts';
import { stillToDo } from '../../lib/operations/systems/settled.ts';
import { readLog } from '../../lib/operations/traffic/read-log.ts';
import { orderLog } from '../../lib/systems/orders/contract.ts';
import { takeSnapshot } from '../../lib/systems/orders/tools/snapshot.ts';
import { anOrder, eventually, type OrdersOnEngine, startOrders } from './orders-app.ts';

/** Functions are killed by the engine between two of their steps, without their help; afterwards every effect is there once. */
let app: OrdersOnEngine;

/** The queues' own visibility timeouts are minutes: too long to wait for a message of a killed function. */
const VISIBILITY_SECONDS = '2';

beforeAll(async () => {
  app = await startOrders();
  for (const queue of ['Payments', 'Stock', 'Emails', 'Invoices']) {
    const QueueUrl = app.output(`${queue}Queue`);
    await app.clients.sqs.send(
      new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: VISIBILITY_SECONDS } }),
    );
  }
  await app.clients.dynamodb.send(
    new PutCommand({ TableName: app.output('StockTable'), Item: { sku: 'SKU-1', quantity: 1_000 } }),
  );
}, 60_000);

afterAll(() => app?.close());
afterEach(() => app.engine.services.faults.clear());

const functionNamed = (name: string): string => `sluice-test-orders-${name}`;
const hits = () => app.engine.services.faults.list().reduce((sum, fault) => sum + fault.hits, 0);
const settled = () =>
  eventually('the system at rest', async () => (await stillToDo(app.contract, app.world)).length === 0);
const snapshot = () => takeSnapshot(app.clients, app.outputs, `${app.engine.url}/_aws/ses`);

describe('a worker killed after its effect and before its acknowledgement', () => {
  it.each([
    { consumer: 'charge-card', service: 'dynamodb', operation: 'TransactWriteItems' },
    { consumer: 'charge-card', service: 'dynamodb', operation: 'UpdateItem' },
    { consumer: 'reserve-stock', service: 'dynamodb', operation: 'TransactWriteItems' },
    { consumer: 'make-invoice', service: 's3', operation: 'PutObject' },
    { consumer: 'sales-totals', service: 'dynamodb', operation: 'TransactWriteItems' },
  ])('$consumer after $operation', async ({ consumer, service, operation }) => {
    const order = anOrder();
    app.engine.services.faults.add({
      service,
      operation,
      functionName: functionNamed(consumer),
      when: 'after',
      action: 'kill',
    });
    const before = await snapshot();
    await app.shop.place(order);
    await eventually(`${consumer} killed`, () => hits() === 1);
    await settled();

    const after = await snapshot();
    const id = `order-outbox/${order.invoiceNo}/1`;
    expect(after.payments.filter(({ orderId }) => orderId === order.invoiceNo)).toMatchObject([
      { status: 'approved', pence: 678 },
    ]);
    expect(after.provider.filter(({ orderId }) => orderId === order.invoiceNo)).toMatchObject([
      { idempotencyKey: id, movedPence: 678 },
    ]);
    expect(after.reservations.filter(({ orderId }) => orderId === order.invoiceNo)).toHaveLength(1);
    expect(stockOf(before) - stockOf(after)).toBe(2);
    expect(after.invoices.filter((key) => key.includes(`/${order.invoiceNo}/`))).toHaveLength(1);
    expect(after.mails.filter((tag) => tag === id.replaceAll('/', '_'))).toHaveLength(1);
    expect(salesOf(after) - salesOf(before)).toBe(678);
    expect(Object.values((await lettersOf(app.world)).seen).flat()).toEqual([]);
  });
});

describe('the relay killed between its publish and its cursor', () => {
  it.each([
    { service: 'kinesis', operation: 'PutRecords' },
    { service: 'sns', operation: 'PublishBatch' },
  ])('after $operation: published twice, every effect once, in order', async ({ service, operation }) => {
    const order = anOrder();
    const before = await snapshot();
    const relay = functionNamed('order-outbox-relay');
    app.engine.services.faults.add({ service, operation, functionName: relay, when: 'after', action: 'kill' });
    await app.shop.place(order);
    await eventually('the relay killed', () => hits() === 1);
    await settled();

    const copies = (await readLog(app.clients.kinesis, app.output('OrderLog'))).filter(
      ({ body }) => readEnvelope(body, orderLog.events).subject === order.invoiceNo,
    );
    expect(copies).toHaveLength(2);
    const after = await snapshot();
    expect(after.payments.filter(({ orderId }) => orderId === order.invoiceNo)).toHaveLength(1);
    expect(after.mails.filter((tag) => tag === `order-outbox_${order.invoiceNo}_1`)).toHaveLength(1);
    expect(stockOf(before) - stockOf(after)).toBe(2);
    expect(salesOf(after) - salesOf(before)).toBe(678);
    expect(await cursorOf(order.invoiceNo)).toBe(1);
  });
});

const stockOf = ({ stock }: Awaited<ReturnType<typeof snapshot>>): number =>
  stock.find(({ sku }) => sku === 'SKU-1')?.quantity ?? Number.NaN;
const salesOf = ({ totals }: Awaited<ReturnType<typeof snapshot>>): number =>
  totals.reduce((sum, { salesPence }) => sum + salesPence, 0);

async function cursorOf(aggregateId: string): Promise<number | undefined> {
  const { Item } = await app.clients.dynamodb.send(
    new GetCommand({ TableName: app.output('OutboxTable'), Key: { aggregateId, sequence: -1 } }),
  );
  return Item?.published;
}
