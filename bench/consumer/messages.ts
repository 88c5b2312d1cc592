import type { Context, SQSEvent } from 'aws-lambda';
import { envelope } from '../../lib/contracts/events/envelope.ts';
import { DECLINED_CUSTOMER } from '../functions/consumer/parts/business.ts';
import { type Order, OrderPlaced } from '../functions/consumer/parts/contract.ts';

export const BATCH_SIZE = 10;
const LINES = 4;

const order = (id: string, customerId: string): Order => ({
  orderId: `order-${id}`,
  customerId,
  currency: 'GBP',
  lines: Array.from({ length: LINES }, (_, i) => ({
    sku: `2286${i}`,
    description: `CREAM CUPID HEARTS COAT HANGER ${i}`,
    quantity: i + 1,
    unitPence: 275,
  })),
  totalPence: 2_750,
});

const body = (id: string, customerId: string): string =>
  JSON.stringify(
    envelope(OrderPlaced, order(id, customerId), { id: `event-${id}`, source: 'bench', time: new Date() }),
  );

/** A message about an order of its own, about 800 bytes. @param id makes order and event */
export const orderMessage = (id: string): string => body(id, 'customer-17850');
/** A message that makes the handler throw. */
export const declinedMessage = (id: string): string => body(id, DECLINED_CUSTOMER);

/** Ids of a batch, different for every name. */
export const batchOf = (name: string, message: (id: string) => string): string[] =>
  Array.from({ length: BATCH_SIZE }, (_, i) => message(`${name}-${i}`));

/** What Lambda hands to a queue's consumer. @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export const queueEvent = (bodies: readonly string[], receiptHandles: readonly string[] = []): SQSEvent => ({
  Records: bodies.map((text, i) => ({
    messageId: `059f36b4-87a3-44ab-83d2-66197583${i}`,
    receiptHandle: receiptHandles[i] ?? 'no-handle',
    body: text,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '1763625600000',
      SenderId: 'AIDAIENQZJOLO23YVJ4VO',
      ApproximateFirstReceiveTimestamp: '1763625600100',
    },
    messageAttributes: {
      type: { dataType: 'String', stringValue: OrderPlaced.type, stringListValues: [], binaryListValues: [] },
      version: { dataType: 'String', stringValue: '1', stringListValues: [], binaryListValues: [] },
    },
    md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:orders',
    awsRegion: 'us-east-1',
  })),
});

const TIME_LEFT_MS = 30_000;
let requests = 0;

export const lambdaContext = (): Context =>
  ({
    awsRequestId: `request-${++requests}`,
    functionName: 'record-order',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:record-order',
    memoryLimitInMB: '512',
    getRemainingTimeInMillis: () => TIME_LEFT_MS,
  }) as Context;
