import type { Order } from './contract.ts';

/** Orders of this customer make the handler throw. */
export const DECLINED_CUSTOMER = 'customer-declined';

export interface OrderRow {
  readonly orderId: string;
  readonly eventId: string;
  readonly customerId: string;
  readonly lines: number;
  readonly total: string;
}

/** The work, the same in every consumer: the one row an order becomes. @throws Error for the declined customer */
export function rowOf(order: Order, eventId: string): OrderRow {
  if (order.customerId === DECLINED_CUSTOMER) throw new Error(`the card of '${order.customerId}' was declined`);
  return {
    orderId: order.orderId,
    eventId,
    customerId: order.customerId,
    lines: order.lines.length,
    total: `${order.totalPence} ${order.currency}`,
  };
}
