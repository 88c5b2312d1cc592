import { join } from 'node:path';
import type { OrderRequest } from '../request.ts';

/** The sample orders that come with the project; `samples/README.md` says where they are from. */
export const SAMPLE_FILE = join(import.meta.dirname, '../../../../samples/online-retail-orders.ndjson');

/**
 * The shop's cancellations do not say which order they cancel. An earlier order of the same customer that has every line with
 * at least the quantity taken back is that order; without one the cancellation stands alone, as a credit note.
 */
export function withCancelledOrders(requests: readonly OrderRequest[]): OrderRequest[] {
  const ordersOf = new Map<string, OrderRequest[]>();
  return requests.map((request) => {
    if (request.customerId == null) return request;
    const earlier = ordersOf.get(request.customerId) ?? [];
    if (request.cancellation) {
      const order = earlier.findLast((candidate) => takesBackFrom(request, candidate));
      return order === undefined ? request : { ...request, cancels: order.invoiceNo };
    }
    ordersOf.set(request.customerId, [...earlier, request]);
    return request;
  });
}

/** The same orders under numbers of their own, so that they are other orders: `536365-2`. */
export const renumbered = (request: OrderRequest, suffix: string): OrderRequest => ({
  ...request,
  ...(request.cancels === undefined ? {} : { cancels: `${request.cancels}-${suffix}` }),
  invoiceNo: `${request.invoiceNo}-${suffix}`,
});

const takesBackFrom = (cancellation: OrderRequest, order: OrderRequest): boolean =>
  cancellation.lines.every(({ sku, quantity }) =>
    order.lines.some((line) => line.sku === sku && line.quantity >= -quantity),
  );

/** Every n-th SKU starts with half of what is asked for, so that some lines are back-ordered. */
const SCARCE_EVERY = 7;

/** A shelf for the samples: for each SKU that is ordered, the quantity to start with. */
export function shelfFor(requests: readonly OrderRequest[]): Map<string, number> {
  const demand = new Map<string, number>();
  for (const { lines, cancellation } of requests) {
    if (cancellation) continue;
    for (const { sku, quantity } of lines) demand.set(sku, (demand.get(sku) ?? 0) + Math.max(0, quantity));
  }
  return new Map([...demand].map(([sku, asked], i) => [sku, i % SCARCE_EVERY === 0 ? Math.floor(asked / 2) : asked]));
}
