import { PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { consume, type HandlerContext } from '../../lib/runtime/consuming/consume.ts';
import type { HandlerResult } from '../../lib/runtime/inbox/once.ts';
import { requiredEnv } from '../../lib/runtime/invocation/environment.ts';
import {
  makeInvoice,
  ORDERS_ENV,
  OrderCancelled,
  type OrderData,
  OrderPlaced,
} from '../../lib/systems/orders/contract.ts';
import { renderInvoice } from './invoice/pdf.ts';

const s3 = new S3Client({});
const bucket = requiredEnv(ORDERS_ENV.invoicesBucket, 'which bucket keeps the invoices');

export const handler = consume(makeInvoice, {
  [OrderPlaced.type]: (order, context) => store(order, context, 'Invoice'),
  [OrderCancelled.type]: (order, context) => store(order, context, 'Credit note'),
});

/** The first one to write the event's object wins; everybody else finds the work done. */
async function store(
  order: OrderData,
  { event }: HandlerContext,
  title: 'Invoice' | 'Credit note',
): Promise<HandlerResult> {
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: `invoices/${order.orderId}/${event.sequence}-${order.documentId}.pdf`,
        Body: await renderInvoice(order, title),
        ContentType: 'application/pdf',
        IfNoneMatch: '*',
      }),
    );
  } catch (error) {
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    if (error instanceof S3ServiceException && error.name === 'PreconditionFailed') return 'duplicate';
    throw error;
  }
}
