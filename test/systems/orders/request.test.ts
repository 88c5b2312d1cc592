import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, type OrderRequest, Refused } from '../../../lib/systems/orders/request.ts';
import { cancellation, line, request } from './sample-requests.ts';

const refusalOf = (input: unknown): Refused => {
  try {
    decide(input);
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('decide', () => {
  it('makes an order of a request', () => {
    const lines = [line(), line({ sku: 'BAG', description: '', quantity: 1, unitPrice: 10 })];
    expect(decide(request({ lines })).data).toEqual({
      orderId: 'A1',
      documentId: 'A1',
      placedAt: '2010-12-01T08:26:00Z',
      customerId: '17850',
      country: 'France',
      lines: [
        { sku: 'LAMP', description: 'A lamp', quantity: 2, unitPence: 255 },
        { sku: 'BAG', description: '', quantity: 1, unitPence: 1_000 },
      ],
      currency: 'GBP',
      totalPence: 1_510,
    });
  });

  it.each<[string, OrderRequest, object]>([
    ['a guest', request({ customerId: null }), { customerId: null }],
    ['a free line', request({ lines: [line({ unitPrice: 0 })] }), { totalPence: 0 }],
    ['a cancellation of a known order', cancellation({ cancels: 'A1' }), { orderId: 'A1', documentId: 'C1' }],
    ['a cancellation that stands alone', cancellation(), { orderId: 'C1', documentId: 'C1' }],
    [
      'a cancellation: quantities become positive',
      cancellation({ lines: [line({ quantity: -3 })] }),
      { lines: [{ quantity: 3, unitPence: 255 }], totalPence: 765 },
    ],
    [
      'a long description: it is cut',
      request({ lines: [line({ description: 'x'.repeat(300) })] }),
      { lines: [{ description: 'x'.repeat(200) }] },
    ],
  ])('takes %s', (_, input, expected) => {
    expect(decide(input).data).toMatchObject(expected);
  });

  it('takes a request without customer and descriptions', () => {
    const { customerId: _, ...guest } = request({
      lines: [{ sku: 'BAG', quantity: 1, unitPrice: 1 } as ReturnType<typeof line>],
    });
    expect(decide(guest).data).toMatchObject({ customerId: null, lines: [{ description: '' }] });
  });

  it.each<[string, unknown, Refused['reason'], RegExp]>([
    [
      'a quantity of nothing',
      request({ lines: [line(), line({ quantity: 0 })] }),
      'quantity-not-positive',
      /^lines\.1\.quantity is 0; a stock correction is no order/,
    ],
    [
      'a negative quantity',
      request({ lines: [line({ quantity: -1 })] }),
      'quantity-not-positive',
      /^lines\.0\.quantity is -1;/,
    ],
    [
      'half a piece',
      request({ lines: [line({ quantity: 1.5 })] }),
      'quantity-not-positive',
      /^lines\.0\.quantity is 1\.5;/,
    ],
    [
      'more than can be counted',
      request({ lines: [line({ quantity: 2 ** 53 })] }),
      'quantity-not-positive',
      /^lines\.0\.quantity is 9007199254740992;/,
    ],
    [
      'a cancellation that takes nothing back',
      cancellation({ lines: [line({ quantity: 2 })] }),
      'cancellation-not-negative',
      /^lines\.0\.quantity is 2; a cancellation takes back/,
    ],
    [
      'a cancellation of nothing',
      cancellation({ lines: [line({ quantity: 0 })] }),
      'cancellation-not-negative',
      /^lines\.0\.quantity is 0;/,
    ],
    ['text', 'order', 'malformed', /^request: /],
    ['nothing', undefined, 'malformed', /^request: /],
    ['a missing country', { ...request(), country: undefined }, 'malformed', /^country: /],
    [
      'a negative price',
      request({ lines: [line({ unitPrice: -1 })] }),
      'malformed',
      /^lines\.0\.unitPrice: must be 0 or more$/,
    ],
    ['two faults', { ...request(), invoiceNo: 7, lines: 'none' }, 'malformed', /^invoiceNo: .*; lines: /],
  ])('refuses %s', (_, input, reason, message) => {
    expect(refusalOf(input)).toMatchObject({ name: 'Refused', reason, message: expect.stringMatching(message) });
  });

  it.each([
    [2.55, 255],
    [1.005, 100],
    [0.29, 29],
    [19.99, 1_999],
    [4.35, 435],
    [0.004, 0],
    [0.005, 1],
  ])('counts £%d as %d pence', (unitPrice, pence) => {
    expect(decide(request({ lines: [line({ unitPrice })] })).data.lines[0]?.unitPence).toBe(pence);
  });

  it.each([
    ['EUR', 2.55, 255],
    ['JPY', 500, 500],
    ['JPY', 500.4, 500],
    ['BHD', 1.234, 1_234],
  ])('counts %s %d in the smallest unit of the currency: %d', (currency, unitPrice, minor) => {
    const { data } = decide(request({ currency, lines: [line({ unitPrice, quantity: 2 })] }));
    expect(data).toMatchObject({ currency, lines: [{ unitPence: minor }], totalPence: 2 * minor });
  });

  it.each(['eur', 'EU', 'EURO', '€', ''])('refuses the currency %j', (currency) => {
    expect(refusalOf(request({ currency }))).toMatchObject({
      reason: 'malformed',
      message: 'currency: must be a currency code of three capital letters',
    });
  });

  it('leaves a request without a currency as it was asked', () => {
    expect(decide(request()).request).not.toHaveProperty('currency');
  });

  it('counts any price of whole pence exactly, and totals are sums of whole pence', () => {
    const lines = fc.array(fc.tuple(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 0, max: 1_000_000 })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(lines, (given) => {
        const { data } = decide(
          request({ lines: given.map(([quantity, pence]) => line({ quantity, unitPrice: pence / 100 })) }),
        );
        expect(data.lines.map(({ unitPence }) => unitPence)).toEqual(given.map(([, pence]) => pence));
        expect(data.totalPence).toBe(given.reduce((sum, [quantity, pence]) => sum + quantity * pence, 0));
      }),
    );
  });
});
