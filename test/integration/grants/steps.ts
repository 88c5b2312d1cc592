import { randomBytes } from 'node:crypto';
import type { FaultSpec } from '../../../lib/local/faults.ts';
import { OrderCancelled, OrderPlaced } from '../../../lib/systems/orders/contract.ts';
import { anOrder } from '../orders-app.ts';
import type { Answer, Desk } from './desk.ts';

/** One run of a function that needs some of its permissions; all steps together need all of them. */
export interface Step {
  readonly run: (desk: Desk) => Promise<Answer>;
  /** Call of the function that fails meanwhile, so that it has to deal with a failure. */
  readonly failing?: Pick<FaultSpec, 'service' | 'operation'>;
}

/** 200 random characters of three bytes each: what nothing compresses. */
const noise = (): string =>
  String.fromCharCode(...Array.from(new Uint16Array(randomBytes(400).buffer), (n) => 0x4e00 + (n % 0x5000)));
const UNREADABLE = '{"specversion":"1.0"';
/** Text that nothing compresses, so long that it does not fit into a message together with a reason. */
const large = (): string => randomBytes(786_429).toString('base64');
const LONG_AGO_MS = 10 * 60 * 1_000;

const consumer = (name: string, queue: string, failing: Step['failing']): Readonly<Record<string, Step>> => ({
  'an order': { run: (desk) => desk.consume(name, queue, JSON.stringify(desk.event(OrderPlaced))) },
  'an order that failed before': {
    run: (desk) =>
      desk.consume(name, queue, JSON.stringify(desk.event(OrderPlaced)), { attempts: new Set(['before']) }),
  },
  'an order under which the function ended as often as it may': {
    run: (desk) =>
      desk.consume(name, queue, JSON.stringify(desk.event(OrderPlaced)), {
        attempts: new Set(['1', '2', '3', '4', '5', '6']),
        startedUntil: 1,
        alone: true,
      }),
  },
  'an unreadable message': { run: (desk) => desk.consume(name, queue, UNREADABLE) },
  'a failure': {
    run: (desk) => desk.consume(name, queue, JSON.stringify(desk.event(OrderPlaced))),
    ...(failing === undefined ? {} : { failing }),
  },
  'a claim': { run: async (desk) => desk.consume(name, queue, await desk.claimed()) },
  'what no dead letter holds': { run: (desk) => desk.consume(name, queue, large()) },
  'a dead letter sent back': { run: async (desk) => desk.consume(name, queue, await desk.sentBack(name)) },
  'a claim that is gone': { run: async (desk) => desk.consume(name, queue, await desk.claimed({ isGone: true })) },
  'a dead letter sent back that is gone': {
    run: async (desk) => desk.consume(name, queue, await desk.sentBack(name, { isGone: true })),
  },
});

/** By function. */
export const STEPS: Readonly<Record<string, Readonly<Record<string, Step>>>> = {
  'place-order': {
    'an order': { run: (desk) => desk.invoke('place-order', anOrder()) },
    'a cancellation of an order from before its outbox had heads': {
      run: async (desk) => {
        const order = anOrder();
        await desk.invoke('place-order', order);
        await desk.forgetHead(order.invoiceNo);
        const lines = order.lines.map((line) => ({ ...line, quantity: -line.quantity }));
        const cancellation = { cancellation: true, cancels: order.invoiceNo, invoiceNo: `C${order.invoiceNo}` };
        return desk.invoke('place-order', { ...order, ...cancellation, lines });
      },
    },
    'something that is no order': { run: (desk) => desk.invoke('place-order', { nonsense: true }) },
    'an order that no row holds': {
      run: (desk) => {
        const line = (i: number) => ({ sku: `SKU-${i}`, description: noise(), quantity: 1, unitPrice: 1 });
        return desk.invoke('place-order', anOrder({ lines: Array.from({ length: 1_000 }, (_, i) => line(i)) }));
      },
    },
  },
  'order-outbox-relay': {
    'a new row': {
      run: async (desk) => desk.invoke('order-outbox-relay', { Records: [await desk.commit(desk.event(OrderPlaced))] }),
    },
    'a row after a gap': {
      run: async (desk) =>
        desk.invoke('order-outbox-relay', { Records: [await desk.commit(desk.event(OrderCancelled))] }),
    },
    'an event that the topic does not take': {
      run: async (desk) =>
        desk.invoke('order-outbox-relay', { Records: [await desk.commit(desk.event(OrderPlaced, 450, noise))] }),
    },
  },
  'order-outbox-sweeper': {
    'a row that was left': {
      run: async (desk) => {
        await desk.commit(desk.event(OrderPlaced), new Date(Date.now() - LONG_AGO_MS));
        return desk.invoke('order-outbox-sweeper', {});
      },
    },
    'an event that the topic does not take': {
      run: async (desk) => {
        await desk.commit(desk.event(OrderPlaced, 450, noise), new Date(Date.now() - LONG_AGO_MS));
        return desk.invoke('order-outbox-sweeper', {});
      },
    },
  },
  'charge-card': {
    ...consumer('charge-card', 'Payments', { service: 'dynamodb', operation: 'UpdateItem' }),
    'a cancellation': {
      run: (desk) => desk.consume('charge-card', 'Payments', JSON.stringify(desk.event(OrderCancelled))),
    },
  },
  'reserve-stock': {
    ...consumer('reserve-stock', 'Stock', { service: 'dynamodb', operation: 'BatchGetItem' }),
    'a cancellation': {
      run: (desk) => desk.consume('reserve-stock', 'Stock', JSON.stringify(desk.event(OrderCancelled))),
    },
    'more articles than a transaction holds': {
      run: (desk) => desk.consume('reserve-stock', 'Stock', JSON.stringify(desk.event(OrderPlaced, 99))),
    },
  },
  'make-invoice': consumer('make-invoice', 'Invoices', { service: 's3', operation: 'PutObject' }),
  'send-email': consumer('send-email', 'Emails', { service: 'ses', operation: 'SendEmail' }),
  'sales-totals': {
    'an order': { run: (desk) => desk.read('sales-totals', JSON.stringify(desk.event(OrderPlaced))) },
    'an unreadable record': { run: (desk) => desk.read('sales-totals', UNREADABLE) },
    'a claim': { run: async (desk) => desk.read('sales-totals', await desk.claimed()) },
    'what no dead letter holds': { run: (desk) => desk.read('sales-totals', large()) },
    'a dead letter sent back': { run: async (desk) => desk.read('sales-totals', await desk.sentBack('sales-totals')) },
    'a claim that is gone': { run: async (desk) => desk.read('sales-totals', await desk.claimed({ isGone: true })) },
    'a dead letter sent back that is gone': {
      run: async (desk) => desk.read('sales-totals', await desk.sentBack('sales-totals', { isGone: true })),
    },
  },
};
