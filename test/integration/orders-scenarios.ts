import { randomBytes } from 'node:crypto';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from 'vitest';
import { lettersOf } from '../../lib/operations/systems/letters.ts';
import { sendMalformed } from '../../lib/operations/systems/malformed.ts';
import { readSamples } from '../../lib/operations/systems/samples.ts';
import { stillToDo } from '../../lib/operations/systems/settled.ts';
import { publishAgain, publishedEvents } from '../../lib/systems/orders/tools/mishaps.ts';
import { takeSnapshot } from '../../lib/systems/orders/tools/snapshot.ts';
import { orders } from '../../lib/systems/orders/tools/tools.ts';
import { linesWith } from './function-logs.ts';
import { mailsIn } from './mailbox.ts';
import { anOrder, eventually, type OrdersApp } from './orders-app.ts';

/** Tables are scanned in no order. */
const sorted = (items: readonly unknown[]) => items.map((item) => JSON.stringify(item)).toSorted();

/**
 * What the orders system has to do wherever it runs: on the engine (orders.test.ts) and at any endpoint that speaks AWS's APIs
 * (test/compatible). Orders and effects go through the SDK only.
 * @param running the app, asked for when a test runs
 */
export function describeOrders(running: () => OrdersApp): void {
  let app: OrdersApp;

  beforeAll(async () => {
    app = running();
    await app.clients.dynamodb.send(
      new PutCommand({ TableName: app.output('StockTable'), Item: { sku: 'SKU-1', quantity: 3 } }),
    );
  });

  const settled = () =>
    eventually('the system at rest', async () => (await stillToDo(app.contract, app.world)).length === 0);
  const snapshot = () => takeSnapshot(app.clients, app.outputs, undefined);

  describe('the endpoint, through stock SDK clients', () => {
    it('lists queues, scans tables and invokes functions', async () => {
      const { QueueUrls = [] } = await app.clients.sqs.send(new ListQueuesCommand({}));
      expect(QueueUrls).toContain(app.output('PaymentsQueue'));
      const { Items } = await app.clients.dynamodb.send(new ScanCommand({ TableName: app.output('StockTable') }));
      expect(Items).toEqual([{ sku: 'SKU-1', quantity: 3 }]);
      const lambda = new LambdaClient({});
      const { StatusCode, Payload } = await lambda.send(
        new InvokeCommand({
          FunctionName: app.output('PlaceOrderFunction'),
          Payload: JSON.stringify({ nonsense: true }),
        }),
      );
      lambda.destroy();
      expect(StatusCode).toBe(200);
      expect(JSON.parse(Buffer.from(Payload ?? []).toString())).toMatchObject({
        status: 'refused',
        reason: 'malformed',
      });
    });
  });

  describe('place-order', () => {
    it('answers the same document as before and commits nothing new', async () => {
      const order = anOrder();
      expect(await app.shop.place(order)).toMatchObject({ status: 'accepted', sequence: 1, duplicate: false });
      expect(await app.shop.place(order)).toMatchObject({ status: 'accepted', sequence: 1, duplicate: true });
    });

    it.each([
      ['another order under a used number', 'conflicting-order', { country: 'France' }],
      [
        'a quantity that is not positive',
        'quantity-not-positive',
        { lines: [{ sku: 'SKU-1', quantity: -1, unitPrice: 1 }] },
      ],
      [
        'a cancellation of an order that is not there',
        'unknown-order',
        { cancellation: true, cancels: 'nobody', lines: [{ sku: 'SKU-1', quantity: -1, unitPrice: 1 }] },
      ],
      ['a negative price', 'malformed', { lines: [{ sku: 'SKU-1', quantity: 1, unitPrice: -1 }] }],
      ['no lines', 'malformed', { lines: [] }],
    ])('refuses %s', async (_name, reason, change) => {
      const order = anOrder();
      if (reason === 'conflicting-order') await app.shop.place(order);
      const { invoiceNo } = order;
      expect(
        await app.shop.place({ ...order, ...change, ...(reason === 'conflicting-order' ? { invoiceNo } : {}) }),
      ).toMatchObject({ status: 'refused', reason });
    });
  });

  describe('large orders', () => {
    const ids = async (orderId: string) => {
      const after = await snapshot();
      const of = <T extends { orderId: string }>(list: readonly T[]) => list.filter((item) => item.orderId === orderId);
      return {
        charged: of(after.payments).map(({ pence }) => pence),
        reserved: of(after.reservations).flatMap(({ lines }) => lines).length,
        invoices: after.invoices.filter((key) => key.includes(`/${orderId}/`)).length,
        deadLetters: Object.values((await lettersOf(app.world)).seen).flat().length,
        body: after.log.find(({ body }) => body.includes(`order-outbox/${orderId}/1`))?.body ?? '',
      };
    };

    it('of 54 KB travel compressed', async () => {
      const largest = readSamples(orders).toSorted((a, b) => b.lines.length - a.lines.length)[0];
      if (largest === undefined) throw new Error('there are no samples');
      expect(largest.lines).toHaveLength(593);
      expect(await app.shop.place(largest)).toMatchObject({ status: 'accepted' });
      await settled();
      const { body, charged, reserved, ...rest } = await ids(largest.invoiceNo);
      const pence = largest.lines.reduce((sum, line) => sum + line.quantity * Math.round(line.unitPrice * 100), 0);
      expect(charged).toEqual([pence]);
      expect(reserved).toBe(new Set(largest.lines.map(({ sku }) => sku)).size);
      expect(rest).toEqual({ invoices: 1, deadLetters: 0 });
      expect(body).toMatch(/^\{"packed":/);
    });

    it('beyond what the topic takes go by way of the bucket, to the same handlers', async () => {
      const description = () => randomBytes(150).toString('base64url').slice(0, 200);
      const lines = Array.from({ length: 1_000 }, (_, i) => ({
        sku: `LARGE-ORDER-${i}`,
        description: description(),
        quantity: 1,
        unitPrice: 1,
      }));
      const order = anOrder({ lines });
      expect(JSON.stringify(order).length).toBeGreaterThan(262_144);
      expect(await app.shop.place(order)).toMatchObject({ status: 'accepted' });
      await settled();
      const { body, ...rest } = await ids(order.invoiceNo);
      expect(rest).toEqual({ charged: [100_000], reserved: 1_000, invoices: 1, deadLetters: 0 });
      expect(body).not.toMatch(/claimCheck/); // The log takes 10 MiB: only the topic's message is a reference.
      const { Contents = [] } = await app.clients.s3.send(
        new ListObjectsV2Command({ Bucket: app.output('ClaimsBucket'), Prefix: 'claims/' }),
      );
      expect(Contents.map(({ Size = 0 }) => Size > 262_144)).toEqual([true]);
    });
  });

  describe('the decisions about untidy orders', () => {
    it('takes a guest: charged on its own', async () => {
      const order = anOrder({ customerId: null });
      await app.shop.place(order);
      await settled();
      const after = await snapshot();
      expect(after.payments.find(({ orderId }) => orderId === order.invoiceNo)).toMatchObject({ pence: 678 });
    });

    it('takes an order without a price: nothing to pay, and the provider is not asked', async () => {
      const order = anOrder({ lines: [{ sku: 'SKU-1', quantity: 1, unitPrice: 0 }] });
      await app.shop.place(order);
      await settled();
      const after = await snapshot();
      expect(after.payments.find(({ orderId }) => orderId === order.invoiceNo)).toMatchObject({
        status: 'nothing-to-pay',
        pence: 0,
      });
      expect(after.provider.some(({ orderId }) => orderId === order.invoiceNo)).toBe(false);
    });

    it('reserves what is there and back-orders the rest: stock is never negative', async () => {
      await Promise.all([anOrder(), anOrder(), anOrder(), anOrder()].map((order) => app.shop.place(order)));
      await settled();
      const { stock, reservations } = await snapshot();
      expect(stock.every(({ quantity }) => quantity >= 0)).toBe(true);
      expect(reservations.flatMap(({ lines }) => lines).some(({ status }) => status === 'back-ordered')).toBe(true);
    });

    it('cancels an order in sequence: refund after charge, goods back on the shelf', async () => {
      const TableName = app.output('StockTable');
      await app.clients.dynamodb.send(new PutCommand({ TableName, Item: { sku: 'SKU-2', quantity: 10 } }));
      const order = anOrder({ customerId: null, lines: [{ sku: 'SKU-2', quantity: 4, unitPrice: 0.5 }] });
      const cancellation = {
        ...order,
        invoiceNo: `C${order.invoiceNo}`,
        cancellation: true,
        cancels: order.invoiceNo,
        lines: [{ sku: 'SKU-2', quantity: -4, unitPrice: 0.5 }],
      };
      await app.shop.place(order);
      expect(await app.shop.place(cancellation)).toMatchObject({
        status: 'accepted',
        orderId: order.invoiceNo,
        sequence: 2,
      });
      await settled();
      const { stock, payments } = await snapshot();
      expect(stock.find(({ sku }) => sku === 'SKU-2')?.quantity).toBe(10);
      const kinds = payments
        .filter(({ orderId }) => orderId === order.invoiceNo)
        .toSorted((a, b) => a.sequence - b.sequence);
      expect(kinds.map(({ kind }) => kind)).toEqual(['charge', 'refund']);
    });
  });

  describe('orders in other currencies', () => {
    it.each([
      ['EUR', 2.5, 1_000, '€10.00'],
      ['JPY', 500, 2_000, 'JP¥2,000'],
    ])('%s: charged, refunded, invoiced, mailed and summed in it', async (currency, unitPrice, total, inWords) => {
      const lines = [{ sku: 'SKU-2', quantity: 4, unitPrice }];
      const country = `Land of ${currency}`;
      const order = anOrder({ currency, country, lines });
      const cancels = {
        ...{ ...order, invoiceNo: `C${order.invoiceNo}`, cancellation: true, cancels: order.invoiceNo },
        lines: [{ sku: 'SKU-2', quantity: -4, unitPrice }],
      };
      await app.shop.place(order);
      expect(await app.shop.place({ ...cancels, currency: 'USD' })).toMatchObject({
        status: 'refused',
        reason: 'conflicting-order',
      });
      expect(await app.shop.place(cancels)).toMatchObject({ status: 'accepted', sequence: 2 });
      await settled();
      const { dynamodb } = app.clients;
      const rowsOf = async (table: string) =>
        (await dynamodb.send(new ScanCommand({ TableName: app.output(table) }))).Items ?? [];
      const ofOrder = (await rowsOf('PaymentsTable')).filter(({ orderId }) => orderId === order.invoiceNo);
      expect(ofOrder).toHaveLength(2);
      for (const payment of ofOrder) expect(payment).toMatchObject({ currency, pence: total });
      const moved = (await rowsOf('ProviderTable')).filter(({ orderId }) => orderId === order.invoiceNo);
      for (const { movedPence, currency: booked } of moved)
        if (movedPence !== undefined) expect([movedPence, booked]).toEqual([total, currency]);
      const totals = (await rowsOf('TotalsTable')).filter(({ country: place }) => String(place).startsWith(country));
      expect(totals).toEqual([
        expect.objectContaining({ country: `${country} ${currency}`, salesPence: total, refundsPence: total }),
      ]);
      if (app.mailbox === undefined) return;
      const mails = (await mailsIn(app.mailbox)).filter((mail) => mail.includes(order.invoiceNo));
      expect(mails.some((mail) => mail.includes(`Thank you for your order of ${inWords}.`))).toBe(true);
    });
  });

  describe('a cancelled order', () => {
    it('gives back what it held, not what was back-ordered', async () => {
      const TableName = app.output('StockTable');
      await app.clients.dynamodb.send(new PutCommand({ TableName, Item: { sku: 'SKU-3', quantity: 5 } }));
      const lines = [{ sku: 'SKU-3', quantity: 9, unitPrice: 1 }];
      const order = anOrder({ customerId: null, lines });
      await app.shop.place(order);
      await app.shop.place({
        ...order,
        invoiceNo: `C${order.invoiceNo}`,
        cancellation: true,
        cancels: order.invoiceNo,
        lines: [{ sku: 'SKU-3', quantity: -9, unitPrice: 1 }],
      });
      await settled();
      const { stock, reservations } = await snapshot();
      expect(stock.find(({ sku }) => sku === 'SKU-3')?.quantity).toBe(5);
      const statuses = reservations
        .filter(({ orderId }) => orderId === order.invoiceNo)
        .flatMap(({ lines: decided }) => decided.map(({ status }) => status));
      expect(statuses.toSorted()).toEqual(['back-ordered', 'not-held']);
    });
  });

  describe('what goes wrong in real life', () => {
    it('an event that is published again changes nothing', async () => {
      const order = anOrder({ country: 'Iceland', placedAt: '2011-01-01T00:00:00Z' });
      await app.shop.place(order);
      const events = await publishedEvents(app.clients, app.output('OutboxTable'), [
        { orderId: order.invoiceNo, sequence: 1 },
      ]);
      await settled();
      const before = await snapshot();
      await publishAgain(app.outputs, events);
      await settled();
      const after = await snapshot();
      expect(after.log).toHaveLength(before.log.length + 1);
      for (const effect of ['payments', 'provider', 'reservations', 'stock', 'totals', 'invoices'] as const) {
        expect(sorted(after[effect])).toEqual(sorted(before[effect]));
      }
      expect(after.totals.filter(({ country }) => country === 'Iceland GBP')).toEqual([
        expect.objectContaining({ orders: 1, salesPence: 678, cancellations: 0, refundsPence: 0 }),
      ]);
    });

    it('messages that nobody can read go to the dead letters of their consumer at first sight, with the reason', async () => {
      const { consumers, reasons } = await sendMalformed(app.contract, app.world);
      expect(consumers.toSorted()).toEqual(app.world.deployed.consumers);
      await settled();
      const { seen: deadLetters } = await lettersOf(app.world);
      const seen = Object.entries(deadLetters).map(([consumer, letters]) => [
        consumer,
        letters.map(({ letter }) => `${letter?.reason} at attempt ${letter?.attempts}`).toSorted(),
      ]);
      const expected = reasons.map((reason) => `${reason} at attempt 1`).toSorted();
      expect(Object.fromEntries(seen)).toEqual({
        'charge-card': expected,
        'reserve-stock': expected,
        'make-invoice': expected,
        'send-email': expected,
        'sales-totals': expected,
        'order-outbox': [],
        // What the topic could not deliver.
        'payments-subscription': [],
        'stock-subscription': [],
        'invoices-subscription': [],
        'emails-subscription': [],
      });
    });
  });

  describe('e-mails', () => {
    it('one for an order, none to a guest', async ({ skip }) => {
      if (app.mailbox === undefined) return skip('the endpoint shows no mailbox');
      const [order, guest] = [anOrder(), anOrder({ customerId: null })];
      await Promise.all([app.shop.place(order), app.shop.place(guest)]);
      await settled();
      const mails = await mailsIn(app.mailbox);
      const about = ({ invoiceNo }: { readonly invoiceNo: string }) =>
        mails.filter((mail) => mail.includes(`Your order ${invoiceNo}"`)).length;
      expect([about(order), about(guest)]).toEqual([1, 0]);
    });
  });

  describe('one trace through every hop', () => {
    it('has the trace id of the request in the logs of every consumer', async () => {
      const traceId = 'abcdef0123456789abcdef0123456789';
      await app.shop.place({ ...anOrder(), traceparent: `00-${traceId}-0123456789abcdef-01` });
      await settled();
      const subscriptions = await eventually("the queues' consumers in the logs", async () => {
        const lines = await linesWith(traceId, app.stackName);
        const found = new Set(lines.flatMap((line) => JSON.parse(line).subscription ?? []));
        return found.size >= 4 && found;
      });
      expect([...subscriptions].toSorted()).toEqual(['charge-card', 'make-invoice', 'reserve-stock', 'send-email']);
    });
  });
}
