import * as v from 'valibot';
import { log } from '../../contracts/channels/log.ts';
import { outbox } from '../../contracts/channels/outbox.ts';
import { fifoQueue, queue } from '../../contracts/channels/queue.ts';
import { fifoTopic } from '../../contracts/channels/topic.ts';
import { days, minutes, seconds } from '../../contracts/declaring/duration.ts';
import { exponential } from '../../contracts/declaring/retry.ts';
import { type DataOf, event } from '../../contracts/events/event.ts';
import { previousVersion } from '../../contracts/events/upcast.ts';
import { subscription } from '../../contracts/subscriptions/subscription.ts';

/**
 * The orders system as it is declared: what is said, where it travels, who listens and with which promise.
 * The stack deploys this file, the functions run it.
 */

/** Money is counted in whole pence: sums of floating-point prices would not reconcile. */
const Pence = v.pipe(v.number(), v.safeInteger());

const OrderLine = v.object({
  sku: v.pipe(v.string(), v.minLength(1), v.maxLength(20)),
  description: v.pipe(v.string(), v.maxLength(200)),
  quantity: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  unitPence: v.pipe(Pence, v.minValue(0)),
});

const MAX_LINES = 1_000;

const orderV1 = {
  orderId: v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,40}$/, 'must be 1 to 40 letters, digits or hyphens')),
  /** Number of the document behind the event: the invoice, or the credit note of a cancellation. */
  documentId: v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,40}$/, 'must be 1 to 40 letters, digits or hyphens')),
  /** ISO 8601, UTC: when the customer placed or cancelled. */
  placedAt: v.pipe(v.string(), v.isoTimestamp()),
  /** null: a guest. */
  customerId: v.nullable(
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,40}$/, 'must be 1 to 40 letters, digits or hyphens')),
  ),
  country: v.pipe(v.string(), v.minLength(1), v.maxLength(60)),
  lines: v.pipe(v.array(OrderLine), v.minLength(1), v.maxLength(MAX_LINES)),
  totalPence: v.pipe(Pence, v.minValue(0)),
};

const order = {
  ...orderV1,
  /** ISO 4217. Three letters rather than a list: a new currency is no new version. Amounts count its minor unit. */
  currency: v.pipe(v.string(), v.regex(/^[A-Z]{3}$/, 'must be a currency code of three capital letters')),
};

/** Version 1 said no currency: the shop took pounds only. */
const inPounds = previousVersion(1, v.object(orderV1), (data) => ({ ...data, currency: 'GBP' }));

export const OrderPlaced = event('orders.order-placed', {
  version: 2,
  data: v.object(order),
  previous: [inPounds],
  key: ({ orderId }) => orderId,
});

/** Lines and total are what is taken back; quantities are positive. */
export const OrderCancelled = event('orders.order-cancelled', {
  version: 2,
  data: v.object(order),
  previous: [inPounds],
  key: ({ orderId }) => orderId,
});

export type OrderData = DataOf<typeof OrderPlaced>;

const events = [OrderPlaced, OrderCancelled] as const;
const traffic = { peakPerSecond: 200, usualPerSecond: 20, averageBytes: 3_000 };
/** A thousand lines are more than a topic takes: then the order's data travels by way of a bucket. */
const large = { oversized: 'claim-check', compress: 'when-it-pays' } as const;

/** What happened, for everybody who counts, archives or replays. */
export const orderLog = log('order-log', { events, retention: days(7), traffic, ...large });

/**
 * Fan-out to the work queues, in order per customer: a FIFO topic, because only such a topic feeds the FIFO queue of the payments.
 * All events of an order have one customer, so order per order follows. A guest's order is a group of its own.
 */
export const orderTopic = fifoTopic('order-topic', {
  events,
  traffic,
  ...large,
  groupBy: ({ data }) => (data.customerId === null ? `guest-${data.orderId}` : `customer-${data.customerId}`),
});

export const ordersOutbox = outbox('order-outbox', { publishes: [orderLog, orderTopic] });

const retry = exponential({ attempts: 3, base: seconds(1), cap: minutes(1) });

export const payments = fifoQueue('payments', { events, from: orderTopic, traffic });

/** Money: in order per customer. The handler asks a provider, so that duplicates are spared the call. */
export const chargeCard = subscription('charge-card', {
  to: payments,
  guarantee: 'effectively-once',
  inbox: 'effect',
  checkFirst: true,
  retry,
  timeout: seconds(30),
  concurrency: 20,
});

export const stock = queue('stock', { events, from: orderTopic, traffic });

/** Stock: any order of orders will do, but a cancellation waits for the order it cancels, so it has more tries. */
export const reserveStock = subscription('reserve-stock', {
  to: stock,
  guarantee: 'effectively-once',
  inbox: 'effect',
  retry: exponential({ attempts: 6, base: seconds(1), cap: minutes(1) }),
  timeout: seconds(30),
  concurrency: 20,
});

export const invoices = queue('invoices', { events, from: orderTopic, traffic });

/** Documents: the object's key is made from the event, so that writing it is idempotent by itself. */
export const makeInvoice = subscription('make-invoice', {
  to: invoices,
  guarantee: 'effectively-once',
  inbox: 'natural',
  retry,
  timeout: seconds(30),
  concurrency: 10,
});

export const emails = queue('emails', { events, from: orderTopic, traffic });

/** E-mail: an outside effect that nobody can roll back, behind a lease. What SES takes no more of for the moment, or for the day, waits. */
export const sendEmail = subscription('send-email', {
  to: emails,
  deferrals: 100,
  guarantee: 'effectively-once',
  inbox: 'lease',
  retry: exponential({ attempts: 5, base: seconds(2), cap: minutes(2) }),
  timeout: seconds(30),
  concurrency: 10,
});

/**
 * What an order asks of the stock: 20 articles on average (of the sample orders), each read, and taken or given back in a transaction, which costs double.
 */
export const STOCK_UNITS = { write: 2 * 20, read: 20 } as const;

/** Sales per minute and country, from the log. */
export const salesTotals = subscription('sales-totals', {
  to: orderLog,
  guarantee: 'exactly-once-aggregation',
  retry: exponential({ attempts: 10, base: seconds(1), cap: minutes(1) }),
  timeout: seconds(30),
  batchSize: 200,
});

/** Names of the environment variables of this system's functions, beside those of the runtime. */
export const ORDERS_ENV = {
  ordersTable: 'ORDERS_TABLE',
  paymentsTable: 'PAYMENTS_TABLE',
  providerTable: 'PROVIDER_TABLE',
  providerSeed: 'PROVIDER_SEED',
  stockTable: 'STOCK_TABLE',
  reservationsTable: 'RESERVATIONS_TABLE',
  invoicesBucket: 'INVOICES_BUCKET',
  mail: 'MAIL',
  totalsTable: 'TOTALS_TABLE',
} as const;
