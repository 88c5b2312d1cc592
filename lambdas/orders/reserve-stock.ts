import { formatSequence, parseSequence } from '../../lib/contracts/events/envelope.ts';
import { readItems } from '../../lib/runtime/aws/dynamodb.ts';
import { consume, type HandlerContext } from '../../lib/runtime/consuming/consume.ts';
import { type Write, WriteRefused } from '../../lib/runtime/inbox/inbox.ts';
import { requiredEnv } from '../../lib/runtime/invocation/environment.ts';
import { Retry } from '../../lib/runtime/invocation/outcomes.ts';
import { dynamodb, lambda } from '../../lib/runtime/invocation/runtime.ts';
import {
  ORDERS_ENV,
  OrderCancelled,
  type OrderData,
  OrderPlaced,
  reserveStock,
} from '../../lib/systems/orders/contract.ts';
import { waitForOrder } from './stock/wait-for-order.ts';

const stockTable = requiredEnv(ORDERS_ENV.stockTable, 'which table keeps the stock');
const reservationsTable = requiredEnv(ORDERS_ENV.reservationsTable, 'which table keeps the reservations');

/**
 * SKUs of one transaction: of its 100 items one is the inbox record and one the reservation. Larger orders are reserved in
 * parts, each in a transaction of its own and each once; lines are decided one by one, so no part depends on another.
 */
const SKUS_PER_PART = 98;

interface Line {
  readonly sku: string;
  readonly quantity: number;
}

/**
 * Per line: all of it or nothing. Back-ordered lines have taken no stock; what a cancelled order did not hold (back-ordered, or
 * without a shelf: discounts, postage) does not come back.
 */
interface DecidedLine extends Line {
  readonly status: 'reserved' | 'back-ordered' | 'returned' | 'not-held';
}

export const handler = consume(reserveStock, {
  [OrderPlaced.type]: (order, context) => inParts(order, context, 'reservation', reserve),
  [OrderCancelled.type]: async (order, context) => {
    const standsAlone = parseSequence(context.event.sequence) === 1;
    const held = standsAlone ? undefined : await heldBy(order, context);
    return inParts(order, context, 'return', (lines) => giveBack(lines, held));
  },
});

type Decide = (lines: readonly Line[]) => Promise<{ lines: readonly DecidedLine[]; writes: readonly Write[] }>;

async function inParts(
  order: OrderData,
  context: HandlerContext,
  kind: string,
  decide: Decide,
): Promise<readonly Write[]> {
  const parts = chunk(bySku(order), SKUS_PER_PART);
  const record = (part: number, lines: readonly DecidedLine[]): Write => ({
    Put: {
      TableName: reservationsTable,
      Item: {
        orderId: order.orderId,
        part: `${context.event.sequence}#${part}`,
        kind,
        lines,
        documentId: order.documentId,
        decidedAt: new Date().toISOString(),
      },
    },
  });
  const effect = async (part: number): Promise<readonly Write[]> => {
    const { lines, writes } = await decide(parts[part] ?? []);
    return [...writes, record(part, lines)];
  };
  for (let part = 1; part < parts.length; part++) {
    await stockMayMove(() => context.part(String(part), () => effect(part)));
  }
  return effect(0);
}

/** Reads the stock, then takes what is there on condition that it still is: stock is never negative, whoever else buys. */
const reserve: Decide = async (lines) => {
  const stock = await readStock(lines);
  const decided = lines.map(
    (line): DecidedLine => ({
      ...line,
      status: (stock.get(line.sku) ?? 0) >= line.quantity ? 'reserved' : 'back-ordered',
    }),
  );
  const reserved = decided.filter(({ status }) => status === 'reserved');
  return {
    lines: decided,
    writes: reserved.map(({ sku, quantity }) => ({
      Update: {
        TableName: stockTable,
        Key: { sku },
        UpdateExpression: 'SET quantity = quantity - :quantity',
        ConditionExpression: 'quantity >= :quantity',
        ExpressionAttributeValues: { ':quantity': quantity },
      },
    })),
  };
};

/**
 * Goods come back on the shelf.
 * @param held what the order still holds, by SKU; undefined for a credit note, whose order is from before: then all of it comes back
 */
async function giveBack(lines: readonly Line[], held: ReadonlyMap<string, number> | undefined): ReturnType<Decide> {
  const stock = await readStock(lines);
  const decided = lines.flatMap(({ sku, quantity }): DecidedLine[] => {
    const returned = stock.has(sku) ? Math.min(quantity, held === undefined ? quantity : (held.get(sku) ?? 0)) : 0;
    const parts: DecidedLine[] = [
      { sku, quantity: returned, status: 'returned' },
      { sku, quantity: quantity - returned, status: 'not-held' },
    ];
    return parts.filter((part) => part.quantity > 0);
  });
  return {
    lines: decided,
    writes: decided
      .filter(({ status }) => status === 'returned')
      .map(({ sku, quantity }) => ({
        Update: {
          TableName: stockTable,
          Key: { sku },
          UpdateExpression: 'SET quantity = quantity + :quantity',
          ConditionExpression: 'attribute_exists(sku)',
          ExpressionAttributeValues: { ':quantity': quantity },
        },
      })),
  };
}

/**
 * What an order holds by now: reserved, less what went back before. A standard queue may deliver a cancellation before its
 * order; then it waits its turn. The order's first part is written last, so with it all parts are there.
 */
async function heldBy(order: OrderData, { event, attempt }: HandlerContext): Promise<Map<string, number>> {
  const held = new Map<string, number>();
  let ordered = false;
  let from: Record<string, unknown> | undefined;
  do {
    const page = await dynamodb('Query', {
      TableName: reservationsTable,
      KeyConditionExpression: 'orderId = :orderId',
      ExpressionAttributeValues: { ':orderId': order.orderId },
      ConsistentRead: true,
      ExclusiveStartKey: from,
    });
    for (const { part, lines } of (page.Items ?? []) as { part: string; lines: DecidedLine[] }[]) {
      ordered ||= part === FIRST_PART;
      for (const { sku, quantity, status } of lines) {
        const change = status === 'reserved' ? quantity : status === 'returned' ? -quantity : 0;
        held.set(sku, (held.get(sku) ?? 0) + change);
      }
    }
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  if (!ordered) {
    const after = waitForOrder(attempt);
    throw new Retry(`event ${event.sequence} of '${order.orderId}' came before the order itself`, { after });
  }
  return held;
}

/** Sort key of the part that completes the reservation of an order. */
const FIRST_PART = `${formatSequence(1)}#0`;

const TRIES = 5;

/** Another order took the stock between reading and writing: decide again with what is left. */
async function stockMayMove(run: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof WriteRefused) || attempt === TRIES) throw error;
    }
  }
}

/** One line per SKU: a transaction takes an item once. */
function bySku({ lines }: OrderData): Line[] {
  const sums = new Map<string, number>();
  for (const { sku, quantity } of lines) sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  return [...sums].map(([sku, quantity]) => ({ sku, quantity }));
}

const chunk = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.max(1, Math.ceil(items.length / size)) }, (_, i) => items.slice(i * size, (i + 1) * size));

async function readStock(lines: readonly Line[]): Promise<Map<string, number>> {
  const items = await readItems(
    dynamodb,
    stockTable,
    lines.map(({ sku }) => ({ sku })),
    lambda,
  );
  return new Map(items.map(({ sku, quantity }) => [sku as string, quantity as number]));
}
