import { describe, expect, it } from 'vitest';
import { OrderCancelled, type OrderData, OrderPlaced } from '../../../lib/systems/orders/contract.ts';

const good: OrderData = {
  orderId: '536365',
  documentId: 'C536365',
  placedAt: '2010-12-01T08:26:00Z',
  customerId: '17850',
  country: 'France',
  lines: [{ sku: 'LAMP', description: 'A lamp', quantity: 2, unitPence: 255 }],
  currency: 'GBP',
  totalPence: 510,
};
const line = (more: object) => ({ lines: [{ ...good.lines[0], ...more }] });
const lines = (count: number) => ({ lines: Array.from({ length: count }, () => good.lines[0]) });
const BEYOND = Number.MAX_SAFE_INTEGER + 1;

/** The first and the last value that each field takes, and those just beside them. */
const LIMITS: readonly (readonly [field: string, taken: readonly object[], refused: readonly object[]])[] = [
  ...(['orderId', 'documentId', 'customerId'] as const).map(
    (field) =>
      [
        field,
        [{ [field]: 'a' }, { [field]: 'Z-9'.padEnd(40, '0') }],
        [{ [field]: '' }, { [field]: 'x'.repeat(41) }, { [field]: 'a_b' }, { [field]: 'a b' }, { [field]: 7 }],
      ] as const,
  ),
  ['customerId of a guest', [{ customerId: null }], [{ customerId: undefined }]],
  ['documents have a number', [], [{ orderId: null }, { documentId: null }]],
  ['placedAt', [{ placedAt: '2010-12-01T08:26:00.123Z' }], [{ placedAt: '2010-12-01' }, { placedAt: '1291191960' }]],
  ['country', [{ country: 'x' }, { country: 'x'.repeat(60) }], [{ country: '' }, { country: 'x'.repeat(61) }]],
  [
    'currency',
    [{ currency: 'JPY' }],
    [{ currency: 'gbp' }, { currency: 'GB' }, { currency: 'GBPX' }, { currency: '' }],
  ],
  ['lines', [lines(1), lines(1_000)], [lines(0), lines(1_001)]],
  ['sku', [line({ sku: 'x' }), line({ sku: 'x'.repeat(20) })], [line({ sku: '' }), line({ sku: 'x'.repeat(21) })]],
  [
    'description',
    [line({ description: '' }), line({ description: 'x'.repeat(200) })],
    [line({ description: 'x'.repeat(201) }), line({ description: undefined })],
  ],
  [
    'quantity',
    [line({ quantity: 1 }), line({ quantity: Number.MAX_SAFE_INTEGER })],
    [line({ quantity: 0 }), line({ quantity: -1 }), line({ quantity: 1.5 }), line({ quantity: BEYOND })],
  ],
  [
    'unitPence',
    [line({ unitPence: 0 }), line({ unitPence: Number.MAX_SAFE_INTEGER })],
    [line({ unitPence: -1 }), line({ unitPence: 0.5 }), line({ unitPence: BEYOND })],
  ],
  [
    'totalPence',
    [{ totalPence: 0 }, { totalPence: Number.MAX_SAFE_INTEGER }],
    [{ totalPence: -1 }, { totalPence: 0.5 }, { totalPence: BEYOND }],
  ],
];

describe.each([OrderPlaced, OrderCancelled])('the data of $type', ({ data }) => {
  const isTaken = (more: object) => !(data['~standard'].validate({ ...good, ...more }) as { issues?: unknown }).issues;

  it.each(LIMITS)('%s, at its limits', (_, taken, refused) => {
    for (const more of [{}, ...taken]) expect([more, isTaken(more)]).toEqual([more, true]);
    for (const more of refused) expect([more, isTaken(more)]).toEqual([more, false]);
  });
});
