import * as v from 'valibot';
import { RequestRefused } from '../request-refused.ts';
import type { OrderData } from './contract.ts';
import { decimalsOf } from './money.ts';

/**
 * What a shop sends to place or cancel an order, as untidy as it comes, and what is decided about it.
 * The README says these decisions in words.
 */
const RequestLine = v.object({
  sku: v.string(),
  description: v.optional(v.string(), ''),
  quantity: v.number(),
  unitPrice: v.pipe(v.number(), v.minValue(0, 'must be 0 or more')),
});

export const OrderRequest = v.object({
  invoiceNo: v.string(),
  placedAt: v.string(),
  customerId: v.optional(v.nullable(v.string()), null),
  country: v.string(),
  /** ISO 4217, of all prices. @default GBP */
  currency: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]{3}$/, 'must be a currency code of three capital letters'))),
  cancellation: v.boolean(),
  /** For a cancellation whose order is known: the order's number. Without it the cancellation stands alone, as a credit note. */
  cancels: v.optional(v.string()),
  lines: v.array(RequestLine),
  /** W3C trace context of the caller. */
  traceparent: v.optional(v.string()),
});

export type OrderRequest = v.InferOutput<typeof OrderRequest>;

/** Why a request is refused: answered to the caller at once, nothing is written. */
export type Refusal =
  /** An order line with a quantity that is not a positive whole number: a stock correction is no order. */
  | 'quantity-not-positive'
  /** A cancellation with a line that takes nothing back. */
  | 'cancellation-not-negative'
  | 'malformed'
  /** A cancellation of an order that was never placed. */
  | 'unknown-order'
  /** The number was used before for something else. */
  | 'conflicting-order';

/** Prices without a currency are in pounds. */
export const USUAL_CURRENCY = 'GBP';
const MAX_DESCRIPTION = 200;

export class Refused extends RequestRefused<Refusal> {}

/**
 * Reads a request and makes the data of its event.
 * @throws Refused when it is malformed or decided against
 */
export function decide(input: unknown): { request: OrderRequest; data: OrderData } {
  const parsed = v.safeParse(OrderRequest, input);
  if (!parsed.success) {
    const issues = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'request'}: ${issue.message}`);
    throw new Refused('malformed', issues.join('; '));
  }
  const request = parsed.output;
  const sign = request.cancellation ? -1 : 1;
  const wrong = request.lines.findIndex(({ quantity }) => !Number.isSafeInteger(quantity) || quantity * sign <= 0);
  if (wrong >= 0) {
    const given = `lines.${wrong}.quantity is ${request.lines[wrong]?.quantity}`;
    throw request.cancellation
      ? new Refused('cancellation-not-negative', `${given}; a cancellation takes back, so its quantities are negative`)
      : new Refused(
          'quantity-not-positive',
          `${given}; a stock correction is no order, and a cancellation says cancellation: true`,
        );
  }
  // Not a default of the schema: what was asked identifies a request, and stays what it was.
  const currency = request.currency ?? USUAL_CURRENCY;
  const minorUnits = 10 ** decimalsOf(currency);
  const lines = request.lines.map(({ sku, description, quantity, unitPrice }) => ({
    sku,
    description: description.slice(0, MAX_DESCRIPTION),
    quantity: quantity * sign,
    unitPence: Math.round(unitPrice * minorUnits),
  }));
  return {
    request,
    data: {
      orderId: request.cancels ?? request.invoiceNo,
      documentId: request.invoiceNo,
      placedAt: request.placedAt,
      customerId: request.customerId,
      country: request.country,
      lines,
      currency,
      totalPence: lines.reduce((sum, { quantity, unitPence }) => sum + quantity * unitPence, 0),
    },
  };
}
