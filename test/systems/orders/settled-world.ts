import { type Envelope, envelope } from '../../../lib/contracts/events/envelope.ts';
import type { LogRecord } from '../../../lib/operations/traffic/read-log.ts';
import { OrderCancelled, type OrderData, OrderPlaced } from '../../../lib/systems/orders/contract.ts';
import { decide, type OrderRequest } from '../../../lib/systems/orders/request.ts';
import type { Disturbance } from '../../../lib/systems/orders/tools/ledger.ts';
import { reconcile } from '../../../lib/systems/orders/tools/reconcile.ts';
import type { Snapshot } from '../../../lib/systems/orders/tools/snapshot.ts';
import { cancellation, line, request } from './sample-requests.ts';

type Input = Parameters<typeof reconcile>[0];

/** A1 is placed and cancelled by C1; a guest places G1; nobody can place R1. */
const bag = line({ sku: 'BAG', quantity: 1, unitPrice: 10 });
const order = request({ lines: [line(), bag] });
const cancels = cancellation({ cancels: 'A1', placedAt: '2010-12-01T09:00:00Z', lines: [line({ quantity: -2 })] });
const guest = request({ invoiceNo: 'G1', customerId: null, country: 'Spain', lines: [line({ quantity: 50 })] });
const refused = request({ invoiceNo: 'R1', lines: [line({ quantity: 0 })] });

const accepted = (given: OrderRequest, orderId: string, sequence: number, duplicate = false) => ({
  request: given,
  reply: { status: 'accepted' as const, orderId, sequence, duplicate },
});

export const input: Input = {
  placed: [
    accepted(order, 'A1', 1),
    accepted(order, 'A1', 1, true),
    accepted(cancels, 'A1', 2),
    accepted(guest, 'G1', 1),
    { request: refused, reply: { status: 'refused', reason: 'quantity-not-positive', message: 'no' } },
    // Asked for twice, it is one order still.
    { request: refused, reply: { status: 'refused', reason: 'quantity-not-positive', message: 'no' } },
  ],
  shelf: new Map([
    ['LAMP', 10],
    ['BAG', 5],
  ]),
};

export function logged(orderId: string, sequence: number): LogRecord {
  const data: OrderData = decide(orderId === 'G1' ? guest : sequence === 1 ? order : cancels).data;
  const event: Envelope = envelope<OrderData, string>(sequence === 1 ? OrderPlaced : OrderCancelled, data, {
    id: `order-outbox/${orderId}/${sequence}`,
    source: '/sluice/order-outbox',
    time: new Date(0),
    sequence,
  });
  return { shard: 'shard', sequenceNumber: '1', body: JSON.stringify(event) };
}

const payment = (orderId: string, sequence: number, kind: string, pence: number, minute: number) => ({
  orderId,
  sequence,
  kind,
  status: 'approved',
  pence,
  idempotencyKey: `order-outbox/${orderId}/${sequence}`,
  settledAt: `2026-11-20T08:0${minute}:00Z`,
});

const movement = (orderId: string, sequence: number, kind: string, movedPence: number) => ({
  idempotencyKey: `order-outbox/${orderId}/${sequence}`,
  orderId,
  kind,
  movedPence,
  calls: 1,
});

/** What the system leaves behind when everything went right. */
export const settled: Snapshot = {
  orders: [
    { orderId: 'A1', documents: { A1: { sequence: 1 }, C1: { sequence: 2 } } },
    { orderId: 'G1', documents: { G1: { sequence: 1 } } },
  ],
  unpublished: 0,
  log: [
    logged('A1', 1),
    { shard: 'shard', sequenceNumber: '2', body: '{' },
    logged('G1', 1),
    logged('A1', 2),
    logged('A1', 1),
  ],
  payments: [
    payment('A1', 1, 'charge', 1_510, 1),
    payment('A1', 2, 'refund', 510, 2),
    { ...payment('G1', 1, 'charge', 12_750, 3), status: 'declined' },
  ],
  provider: [
    movement('A1', 1, 'charge', 1_510),
    movement('A1', 2, 'refund', 510),
    { idempotencyKey: 'order-outbox/G1/1', orderId: 'G1', kind: 'charge', calls: 1 },
  ],
  reservations: [
    {
      orderId: 'A1',
      part: '0000000001#0',
      kind: 'reservation',
      lines: [
        { sku: 'LAMP', quantity: 2, status: 'reserved' },
        { sku: 'BAG', quantity: 1, status: 'reserved' },
      ],
    },
    { orderId: 'A1', part: '0000000002#0', kind: 'return', lines: [{ sku: 'LAMP', quantity: 2, status: 'returned' }] },
    {
      orderId: 'G1',
      part: '0000000001#0',
      kind: 'reservation',
      lines: [{ sku: 'LAMP', quantity: 50, status: 'back-ordered' }],
    },
  ],
  stock: [
    { sku: 'LAMP', quantity: 10 },
    { sku: 'BAG', quantity: 4 },
  ],
  invoices: ['invoices/A1/0000000001-A1.pdf', 'invoices/A1/0000000002-C1.pdf', 'invoices/G1/0000000001-G1.pdf'],
  mails: ['order-outbox_A1_1', 'order-outbox_A1_2'],
  totals: [
    {
      minute: '2010-12-01T08:26',
      country: 'France GBP',
      orders: 1,
      salesPence: 1_510,
      cancellations: 0,
      refundsPence: 0,
    },
    {
      minute: '2010-12-01T09:00',
      country: 'France GBP',
      orders: 0,
      salesPence: 0,
      cancellations: 1,
      refundsPence: 510,
    },
    {
      minute: '2010-12-01T08:26',
      country: 'Spain GBP',
      orders: 1,
      salesPence: 12_750,
      cancellations: 0,
      refundsPence: 0,
    },
  ],
};

export type Change = (snapshot: Snapshot) => Partial<Snapshot>;

/** What lies in the dead letters, and what was done on purpose. */
export interface Given {
  /** Events that were given up, by consumer. */
  readonly dead?: Readonly<Record<string, readonly string[]>>;
  readonly unseen?: Readonly<Record<string, number>>;
  readonly disturbance?: Disturbance;
}

export const reconciled = (change: Change, { dead = {}, ...given }: Given = {}) =>
  reconcile(
    { ...input, isDead: (consumer, id) => dead[consumer]?.includes(id) ?? false, ...given },
    { ...settled, ...change(settled) },
  );

/** The list with the item at `at` changed. */
export const change = <T>(list: readonly T[], at: number, more: Partial<T>): T[] =>
  list.map((item, i) => (i === at ? { ...item, ...more } : item));

export const without = <T>(list: readonly T[], at: number): T[] => list.filter((_, i) => i !== at);
