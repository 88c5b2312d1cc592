import { parseSequence } from '../../lib/contracts/events/envelope.ts';
import { consume, type HandlerContext } from '../../lib/runtime/consuming/consume.ts';
import type { Write } from '../../lib/runtime/inbox/inbox.ts';
import { requiredEnv } from '../../lib/runtime/invocation/environment.ts';
import { Retry } from '../../lib/runtime/invocation/outcomes.ts';
import { dynamodb } from '../../lib/runtime/invocation/runtime.ts';
import {
  chargeCard,
  ORDERS_ENV,
  OrderCancelled,
  type OrderData,
  OrderPlaced,
} from '../../lib/systems/orders/contract.ts';
import { simulatedProvider } from './payment/provider.ts';

const table = requiredEnv(ORDERS_ENV.paymentsTable, 'which table keeps the payments');
const provider = simulatedProvider(
  requiredEnv(ORDERS_ENV.providerTable, "which table is the simulated provider's"),
  requiredEnv(ORDERS_ENV.providerSeed, 'how the simulated provider behaves'),
);

/** The payment and the inbox record commit together; the provider's own idempotency key covers the call between. */
export const handler = consume(chargeCard, {
  [OrderPlaced.type]: async (order, context) => {
    if (order.totalPence === 0) return [payment(order, context, 'charge', 'nothing-to-pay')];
    return [payment(order, context, 'charge', await move(order, context, 'charge'))];
  },
  [OrderCancelled.type]: async (order, context) => {
    if (order.totalPence === 0) return [payment(order, context, 'refund', 'nothing-to-refund')];
    const cancelsHere = parseSequence(context.event.sequence) !== 1;
    if (cancelsHere && (await chargeStatus(order.orderId)) !== 'approved') {
      return [payment(order, context, 'refund', 'nothing-to-refund')];
    }
    return [payment(order, context, 'refund', await move(order, context, 'refund'))];
  },
});

async function move(
  order: OrderData,
  { idempotencyKey, event }: HandlerContext,
  kind: 'charge' | 'refund',
): Promise<string> {
  const { totalPence: pence, currency } = order;
  const answer = await provider.move({ idempotencyKey, orderId: event.subject, kind, pence, currency });
  if (answer.status === 'approved' || answer.status === 'declined') return answer.status;
  // Money may have moved: neither booked nor dropped. After the last try a person looks at it in the dead letters.
  throw new Retry(`the provider answered with unexpected status '${answer.status}'`);
}

/** FIFO per customer: the charge, if there was one, is settled before its cancellation comes. */
async function chargeStatus(orderId: string): Promise<string | undefined> {
  const key = { TableName: table, Key: { orderId, sequence: 1 }, ConsistentRead: true };
  return (await dynamodb('GetItem', key)).Item?.status;
}

function payment(order: OrderData, { event, idempotencyKey }: HandlerContext, kind: string, status: string): Write {
  return {
    Put: {
      TableName: table,
      Item: {
        orderId: order.orderId,
        sequence: parseSequence(event.sequence) ?? 0,
        kind,
        status,
        pence: order.totalPence,
        currency: order.currency,
        customerId: order.customerId,
        documentId: order.documentId,
        idempotencyKey,
        settledAt: new Date().toISOString(),
      },
      ConditionExpression: 'attribute_not_exists(orderId)',
    },
  };
}
