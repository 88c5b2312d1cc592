import { UnreadableMessage, validate } from '../../lib/contracts/events/envelope.ts';
import { WriteRefused } from '../../lib/runtime/inbox/inbox.ts';
import { fingerprintOf } from '../../lib/runtime/inbox/once.ts';
import { requiredEnv } from '../../lib/runtime/invocation/environment.ts';
import { stepBack } from '../../lib/runtime/invocation/patience.ts';
import { dynamodb, lambda } from '../../lib/runtime/invocation/runtime.ts';
import { logger } from '../../lib/runtime/invocation/telemetry.ts';
import { occurred, outboxWriter, SequenceConflict } from '../../lib/runtime/outbox/outbox.ts';
import { answered } from '../../lib/runtime/publishing/function-url.ts';
import { MessageTooLarge } from '../../lib/runtime/publishing/publish.ts';
import {
  ORDERS_ENV,
  OrderCancelled,
  type OrderData,
  OrderPlaced,
  ordersOutbox,
} from '../../lib/systems/orders/contract.ts';
import { decide, type OrderRequest, Refused, USUAL_CURRENCY } from '../../lib/systems/orders/request.ts';

/** Answer to the caller, at once: nothing downstream has run yet. */
export type PlaceOrderResult =
  | { readonly status: 'accepted'; readonly orderId: string; readonly sequence: number; readonly duplicate: boolean }
  | { readonly status: 'refused'; readonly reason: string; readonly message: string };

interface StoredOrder {
  readonly orderId: string;
  readonly version: number;
  /** Absent: pounds. */
  readonly currency?: string;
  /** Fingerprint of each document that made an event, by its number. */
  readonly documents: Readonly<Record<string, { readonly fingerprint: string; readonly sequence: number }>>;
}

const table = requiredEnv(ORDERS_ENV.ordersTable, 'which table keeps the orders');
const transact = outboxWriter(ordersOutbox);
const NAME = 'place-order';
const log = logger({ function: NAME });

/** Tries when another request changes the same order at the same time. */
const MAX_TRIES = 5;

/** Invoked through the Lambda API with the request as payload, or through the function URL with it as body. */
export const handler = answered(NAME, placeOrder, ({ status }) => (status === 'accepted' ? 202 : 422));

async function placeOrder(input: unknown): Promise<PlaceOrderResult> {
  try {
    const { request, data } = decide(input);
    const type = request.cancellation ? OrderCancelled : OrderPlaced;
    validate(type, data);
    for (let attempt = 1; ; attempt++) {
      try {
        return await commit(type, data, request);
      } catch (error) {
        const raced = error instanceof SequenceConflict || error instanceof WriteRefused;
        if (!raced || attempt === MAX_TRIES) throw error;
        await stepBack(attempt, lambda);
      }
    }
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    log('warn', 'refused', { reason: refusal.reason });
    return { status: 'refused', ...refusal };
  }
}

function refusalOf(error: unknown): { reason: string; message: string } | undefined {
  if (error instanceof Refused) return { reason: error.reason, message: error.message };
  if (error instanceof UnreadableMessage) return { reason: 'malformed', message: error.message };
  if (error instanceof MessageTooLarge) return { reason: 'too-large', message: error.message };
  return undefined;
}

/** The order and its event, in one transaction. The same document again is answered as before and changes nothing. */
async function commit(
  type: typeof OrderPlaced | typeof OrderCancelled,
  data: OrderData,
  { traceparent, ...asked }: OrderRequest,
): Promise<PlaceOrderResult> {
  const stored = await readOrder(data.orderId);
  // Of what was asked, not of what is made of it: that may change with a deployment between two tries of the caller.
  const fingerprint = fingerprintOf({ type: 'order-request', data: asked });

  const before = stored?.documents[data.documentId];
  if (before !== undefined) {
    if (before.fingerprint !== fingerprint) {
      throw new Refused('conflicting-order', `'${data.documentId}' was used before with other contents`);
    }
    return { status: 'accepted', orderId: data.orderId, sequence: before.sequence, duplicate: true };
  }
  if (stored !== undefined && type === OrderPlaced) {
    throw new Refused('conflicting-order', `order '${data.orderId}' exists already`);
  }
  if (stored === undefined && type === OrderCancelled && data.orderId !== data.documentId) {
    throw new Refused('unknown-order', `order '${data.orderId}', which '${data.documentId}' cancels, does not exist`);
  }
  const placedIn = stored === undefined ? data.currency : (stored.currency ?? USUAL_CURRENCY);
  if (placedIn !== data.currency) {
    throw new Refused(
      'conflicting-order',
      `order '${data.orderId}' was placed in ${placedIn}, but '${data.documentId}' takes back ${data.currency}; cancel in the currency of the order`,
    );
  }
  const version = (stored?.version ?? 0) + 1;
  await transact({
    aggregate: data.orderId,
    after: version - 1,
    traceparent,
    correlationId: data.documentId,
    events: [occurred<OrderData, typeof type.type>(type, data)],
    writes: [
      {
        Put: {
          TableName: table,
          Item: {
            orderId: data.orderId,
            version,
            status: type === OrderPlaced ? 'placed' : 'cancelled',
            customerId: data.customerId,
            country: data.country,
            currency: data.currency,
            totalPence: data.totalPence,
            documents: { ...stored?.documents, [data.documentId]: { fingerprint, sequence: version } },
            updatedAt: new Date().toISOString(),
          },
          ConditionExpression: stored === undefined ? 'attribute_not_exists(orderId)' : 'version = :version',
          ...(stored === undefined ? {} : { ExpressionAttributeValues: { ':version': stored.version } }),
        },
      },
    ],
  });
  return { status: 'accepted', orderId: data.orderId, sequence: version, duplicate: false };
}

async function readOrder(orderId: string): Promise<StoredOrder | undefined> {
  const { Item } = await dynamodb('GetItem', { TableName: table, Key: { orderId }, ConsistentRead: true });
  return Item as StoredOrder | undefined;
}
