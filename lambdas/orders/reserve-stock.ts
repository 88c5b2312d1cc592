import { parseSequence } from '../../lib/contracts/envelope.ts';
import { consume, type HandlerContext } from '../../lib/runtime/consume.ts';
import { requiredEnv } from '../../lib/runtime/environment.ts';
import { type Write, WriteRefused } from '../../lib/runtime/inbox.ts';
import { Retry } from '../../lib/runtime/outcomes.ts';
import { dynamodb } from '../../lib/runtime/runtime.ts';
import {
  ORDERS_ENV,
  OrderCancelled,
  type OrderData,
  OrderPlaced,
  reserveStock,
} from '../../lib/systems/orders/contract.ts';

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

/** Per line: all of it or nothing. Back-ordered lines have taken no stock. */
interface DecidedLine extends Line {
  readonly status: 'reserved' | 'back-ordered' | 'returned';
}

export const handler = consume(reserveStock, {
  [OrderPlaced.type]: (order, context) => inParts(order, context, 'reservation', reserve),
  [OrderCancelled.type]: async (order, context) => {
    if (parseSequence(context.event.sequence) !== 1) await afterReservation(order, context);
    return inParts(order, context, 'return', giveBack);
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

/** Goods come back on the shelf; what the shop does not stock (discounts, postage) has no shelf. */
const giveBack: Decide = async (lines) => {
  const stock = await readStock(lines);
  const decided = lines.map(
    (line): DecidedLine => ({ ...line, status: stock.has(line.sku) ? 'returned' : 'back-ordered' }),
  );
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
};

/** A standard queue may deliver the cancellation before the order: then it waits its turn. */
async function afterReservation(order: OrderData, { event }: HandlerContext): Promise<void> {
  const Key = { orderId: order.orderId, part: '0000000001#0' };
  const { Item } = await dynamodb('GetItem', { TableName: reservationsTable, Key, ConsistentRead: true });
  if (Item === undefined) throw new Retry(`event ${event.sequence} of '${order.orderId}' came before the order itself`);
}

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
  const stock = new Map<string, number>();
  let keys: { sku: string }[] = lines.map(({ sku }) => ({ sku }));
  while (keys.length > 0) {
    const { Responses, UnprocessedKeys } = await dynamodb('BatchGetItem', {
      RequestItems: { [stockTable]: { Keys: keys, ConsistentRead: true } },
    });
    for (const item of Responses?.[stockTable] ?? []) stock.set(item.sku as string, item.quantity as number);
    keys = (UnprocessedKeys?.[stockTable]?.Keys ?? []) as typeof keys;
  }
  return stock;
}
