import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { consume, type HandlerContext } from '../../lib/runtime/consume.ts';
import { requiredEnv } from '../../lib/runtime/environment.ts';
import {
  ORDERS_ENV,
  OrderCancelled,
  type OrderData,
  OrderPlaced,
  sendEmail,
} from '../../lib/systems/orders/contract.ts';
import { money } from './money/format.ts';

const ses = new SESv2Client({});
const from = requiredEnv(ORDERS_ENV.mailFrom, 'the address that e-mails come from');

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
  await ses.send(
    new SendEmailCommand({
      FromEmailAddress: from,
      Destination: { ToAddresses: [`customer-${order.customerId}@example.com`] },
      EmailTags: [{ Name: 'event', Value: context.idempotencyKey.replaceAll('/', '_') }],
      Content: { Simple: { Subject: { Data: subject }, Body: { Text: { Data: text } } } },
    }),
  );
}
