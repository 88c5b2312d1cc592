import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Envelope, envelope, readEnvelope } from '../../../lib/contracts/events/envelope.ts';
import { readSamples } from '../../../lib/operations/systems/samples.ts';
import { type OrderData, OrderPlaced, orderLog, payments } from '../../../lib/systems/orders/contract.ts';
import { decide, Refused } from '../../../lib/systems/orders/request.ts';
import { orders } from '../../../lib/systems/orders/tools/tools.ts';

const SAMPLE = readFileSync(join(import.meta.dirname, '../../../samples/order-placed-v1.json'), 'utf8');

describe('an order of version 1', () => {
  it('is read as one in pounds, everywhere it may come from', () => {
    const old: Envelope<OrderData> = JSON.parse(SAMPLE);
    for (const { events } of [orderLog, payments]) {
      expect(readEnvelope(SAMPLE, events)).toEqual({ ...old, data: { ...old.data, currency: 'GBP' } });
    }
  });

  it('the sample is version 1 and says no currency', () => {
    const old = JSON.parse(SAMPLE);
    expect(old.dataschema).toBe('urn:sluice:orders.order-placed:v1');
    expect(old.data).not.toHaveProperty('currency');
  });

  it('every sample order, written as before, is read as it would be written now', () => {
    let read = 0;
    for (const request of readSamples(orders)) {
      if (request.cancellation) continue;
      try {
        const { data } = decide(request);
        const { currency: _, ...old } = data;
        const now = envelope(OrderPlaced, data, { id: data.orderId, source: '/test', time: new Date(0) });
        const then = { ...now, dataschema: 'urn:sluice:orders.order-placed:v1', data: old };
        expect(readEnvelope(JSON.stringify(then), orderLog.events).data).toEqual(data);
        read++;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
    }
    expect(read).toBeGreaterThan(400);
  });

  it('version 2 refuses to be without a currency', () => {
    const body = SAMPLE.replace(':v1', ':v2');
    expect(() => readEnvelope(body, orderLog.events)).toThrow(/currency/);
  });
});
