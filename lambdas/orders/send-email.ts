import type { MailRoute } from '../../lib/contracts/agreed/mail.ts';
import { consume, type HandlerContext } from '../../lib/runtime/consuming/consume.ts';
import { requiredEnv } from '../../lib/runtime/invocation/environment.ts';
import {
  ORDERS_ENV,
  OrderCancelled,
  type OrderData,
  OrderPlaced,
  sendEmail,
} from '../../lib/systems/orders/contract.ts';
import { postBy } from './mail/post.ts';
import { money } from './money/format.ts';

const post = postBy(JSON.parse(requiredEnv(ORDERS_ENV.mail, 'how e-mails are handed on')) as MailRoute);

export const handler = consume(sendEmail, {
  [OrderPlaced.type]: (order, context) =>
    send(order, context, `Your order ${order.orderId}`, `Thank you for your order of ${total(order)}.`),
  [OrderCancelled.type]: (order, context) =>
    send(
      order,
      context,
      `Cancellation ${order.documentId}`,
      `We have taken back ${total(order)} of order ${order.orderId}.`,
    ),
});

const total = ({ totalPence, currency }: OrderData): string => money(totalPence, currency);

async function send(order: OrderData, context: HandlerContext, subject: string, text: string): Promise<void> {
  // A guest has left no address: nothing to send, and nothing to look into.
  if (order.customerId === null) return;
  const tag = context.idempotencyKey.replaceAll('/', '_');
  await post({ customer: order.customerId, subject, text, tag }, context.signal);
}
