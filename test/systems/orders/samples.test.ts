import { describe, expect, it } from 'vitest';
import { readSamples } from '../../../lib/operations/systems/samples.ts';
import { shelfFor, withCancelledOrders } from '../../../lib/systems/orders/tools/samples.ts';
import { orders } from '../../../lib/systems/orders/tools/tools.ts';
import { cancellation, line, request } from './sample-requests.ts';

describe('the samples', () => {
  const samples = readSamples(orders);

  it('are 512 requests, 43 of them cancellations, of which 7 find their order', () => {
    const cancellations = samples.filter(({ cancellation: cancels }) => cancels);
    expect(samples).toHaveLength(512);
    expect(cancellations).toHaveLength(43);
    expect(cancellations.filter(({ cancels }) => cancels !== undefined)).toHaveLength(7);
  });

  it('cancel orders that came before, of the same customer', () => {
    for (const [i, { cancels, customerId, lines }] of samples.entries()) {
      if (cancels === undefined) continue;
      const order = samples.slice(0, i).find(({ invoiceNo }) => invoiceNo === cancels);
      expect(order).toMatchObject({ customerId, cancellation: false });
      for (const { sku, quantity } of lines) {
        const bought = order?.lines.filter((one) => one.sku === sku).map((one) => one.quantity) ?? [];
        expect(Math.max(...bought)).toBeGreaterThanOrEqual(-quantity);
      }
    }
  });
});

describe('withCancelledOrders', () => {
  const cancelled = (...requests: Parameters<typeof withCancelledOrders>[0]) =>
    withCancelledOrders(requests).at(-1)?.cancels;

  it.each([
    ['the order that has the lines', [request()], cancellation(), 'A1'],
    ['the latest such order', [request(), request({ invoiceNo: 'A2' })], cancellation(), 'A2'],
    [
      'an earlier order when the latest has not enough',
      [request(), request({ invoiceNo: 'A2', lines: [line({ quantity: 1 })] })],
      cancellation(),
      'A1',
    ],
    ['nothing when the customer is another', [request({ customerId: '1' })], cancellation(), undefined],
    ['nothing for a guest', [request({ customerId: null })], cancellation({ customerId: null }), undefined],
    [
      'nothing when an article is missing',
      [request()],
      cancellation({ lines: [line({ quantity: -1 }), line({ sku: 'BAG', quantity: -1 })] }),
      undefined,
    ],
    ['nothing when there was less', [request()], cancellation({ lines: [line({ quantity: -3 })] }), undefined],
    [
      'no other cancellation',
      [cancellation({ lines: [line({ quantity: 5 })] })],
      cancellation({ invoiceNo: 'C2' }),
      undefined,
    ],
  ])('finds %s', (_, before, cancels, expected) => {
    expect(cancelled(...before, cancels)).toBe(expected);
  });

  it('does not find an order that comes later', () => {
    expect(withCancelledOrders([cancellation(), request()])[0]?.cancels).toBe(undefined);
  });
});

describe('shelfFor', () => {
  it('has what is asked for in all, and half of every seventh article', () => {
    const skus = Array.from({ length: 8 }, (_, i) => `S${i}`);
    const all = request({ lines: skus.map((sku) => line({ sku, quantity: 5 })) });
    const shelf = shelfFor([all, request({ lines: [line({ sku: 'S1', quantity: 2 })] })]);
    expect([...shelf]).toEqual([
      ['S0', 2],
      ['S1', 7],
      ['S2', 5],
      ['S3', 5],
      ['S4', 5],
      ['S5', 5],
      ['S6', 5],
      ['S7', 2],
    ]);
  });

  it('asks nothing for cancellations, and nothing for corrections', () => {
    const discount = cancellation({ lines: [line({ sku: 'DISCOUNT', quantity: -1 })] });
    const correction = request({ lines: [line({ quantity: -4 }), line({ sku: 'BAG', quantity: 1 })] });
    expect([...shelfFor([discount, correction])]).toEqual([
      ['LAMP', 0],
      ['BAG', 1],
    ]);
  });
});
