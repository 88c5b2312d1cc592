import * as v from 'valibot';
import { queue } from '../../../../lib/contracts/channels/queue.ts';
import { type DataOf, event } from '../../../../lib/contracts/events/event.ts';
import { subscription } from '../../../../lib/contracts/subscriptions/subscription.ts';

/** What travels in this comparison, as a Sluice user declares it. `schema.ts` says the same to the peers. */

const Line = v.object({
  sku: v.pipe(v.string(), v.minLength(1), v.maxLength(20)),
  description: v.pipe(v.string(), v.maxLength(200)),
  quantity: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  unitPence: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

export const OrderPlaced = event('bench.order-placed', {
  version: 1,
  data: v.object({
    orderId: v.pipe(v.string(), v.minLength(1), v.maxLength(80)),
    customerId: v.pipe(v.string(), v.minLength(1), v.maxLength(40)),
    currency: v.pipe(v.string(), v.regex(/^[A-Z]{3}$/)),
    lines: v.pipe(v.array(Line), v.minLength(1), v.maxLength(1_000)),
    totalPence: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  }),
  key: ({ orderId }) => orderId,
});

export type Order = DataOf<typeof OrderPlaced>;

export const recordOrder = subscription('record-order', {
  to: queue('bench-orders', { events: [OrderPlaced] }),
  guarantee: 'effectively-once',
});
