import { consume } from '../../../lib/runtime/consuming/consume.ts';
import { requiredEnv } from '../../../lib/runtime/invocation/environment.ts';
import { rowOf } from './parts/business.ts';
import { OrderPlaced, recordOrder } from './parts/contract.ts';

const table = requiredEnv('ORDERS_TABLE', 'which table keeps the orders');

/** Sluice: the row and the inbox record commit together. */
export const handler = consume(recordOrder, {
  [OrderPlaced.type]: async (order, { event }) => [{ Put: { TableName: table, Item: { ...rowOf(order, event.id) } } }],
});
