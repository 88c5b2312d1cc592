import { aggregate, type EventOf } from '../../lib/runtime/aggregation/aggregate.ts';
import type { Write } from '../../lib/runtime/inbox/inbox.ts';
import { requiredEnv } from '../../lib/runtime/invocation/environment.ts';
import { ORDERS_ENV, type OrderCancelled, OrderPlaced, salesTotals } from '../../lib/systems/orders/contract.ts';

type OrderEvent = EventOf<typeof OrderPlaced | typeof OrderCancelled>;

const table = requiredEnv(ORDERS_ENV.totalsTable, 'which table keeps the totals');

/** `2010-12-01T08:26:00Z` is in minute `2010-12-01T08:26`. */
const MINUTE_CHARACTERS = 16;

interface Total {
  orders: number;
  salesPence: number;
  cancellations: number;
  refundsPence: number;
}

export const handler = aggregate(salesTotals, (events) => {
  const totals = Map.groupBy(events, ({ data }) => `${data.placedAt.slice(0, MINUTE_CHARACTERS)}|${placeOf(data)}`);
  return [...totals.values()].map(addTotal);
});

/** Sort key of a total: amounts of different currencies are not added. */
const placeOf = ({ country, currency }: OrderEvent['data']): string => `${country} ${currency}`;

function addTotal(events: readonly OrderEvent[]): Write {
  const total: Total = { orders: 0, salesPence: 0, cancellations: 0, refundsPence: 0 };
  for (const { type, data } of events) {
    if (type === OrderPlaced.type) {
      total.orders += 1;
      total.salesPence += data.totalPence;
    } else {
      total.cancellations += 1;
      total.refundsPence += data.totalPence;
    }
  }
  const first = events[0]?.data;
  return {
    Update: {
      TableName: table,
      Key: { minute: first?.placedAt.slice(0, MINUTE_CHARACTERS), country: first && placeOf(first) },
      UpdateExpression: 'ADD orders :orders, salesPence :sales, cancellations :cancellations, refundsPence :refunds',
      ExpressionAttributeValues: {
        ':orders': total.orders,
        ':sales': total.salesPence,
        ':cancellations': total.cancellations,
        ':refunds': total.refundsPence,
      },
    },
  };
}
