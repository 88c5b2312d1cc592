import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CONTESTANTS, type Contestant, environmentOf, tablesOf } from '../../bench/consumer/contestants.ts';
import { batchOf, declinedMessage, lambdaContext, orderMessage, queueEvent } from '../../bench/consumer/messages.ts';
import { createTable } from '../../bench/consumer/services.ts';
import { dynamodb } from '../runtime/clients.ts';
import { createQueue, itemsOf, useLocalServices } from '../runtime/local-services.ts';

/** What the bench compares does the same work. */
type Handler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

const { services } = useLocalServices();
const handlers = new Map<Contestant, Handler>();

beforeAll(async () => {
  const queues = { queueUrl: await createQueue('orders'), deadLetterQueueUrl: await createQueue('orders-dead') };
  vi.stubEnv('POWERTOOLS_DEV', 'true'); // Its logger then writes to the console like the others.
  for (const name of CONTESTANTS) {
    const { orders, memory } = tablesOf(name);
    await createTable(dynamodb(), orders);
    await createTable(dynamodb(), memory);
    for (const [variable, value] of Object.entries(environmentOf(name, services().url, queues))) {
      vi.stubEnv(variable, value);
    }
    handlers.set(name, (await import(`../../bench/functions/consumer/${name}.ts`)).handler);
  }
});

// What the functions log is not looked at.
beforeEach(() => {
  for (const method of ['log', 'info', 'error'] as const) vi.spyOn(console, method).mockReturnValue();
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});

/** What every contestant answers to a delivery, and the rows it has written so far. */
async function deliver(bodies: readonly string[]) {
  const results = new Map<Contestant, { failed: string[]; rows: Record<string, unknown>[] }>();
  for (const [name, handler] of handlers) {
    const { batchItemFailures } = await handler(queueEvent(bodies), lambdaContext());
    const rows = await itemsOf(tablesOf(name).orders.name);
    results.set(name, {
      failed: batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
      rows: rows.sort((a, b) => String(a.orderId).localeCompare(String(b.orderId))),
    });
  }
  return results;
}

describe('the consumers of the bench', () => {
  it('write the same rows, and nothing more when the batch comes again', async () => {
    const bodies = batchOf('same', orderMessage);
    for (const results of [await deliver(bodies), await deliver(bodies)]) {
      const [first, ...others] = results.values();
      expect(first?.failed).toEqual([]);
      expect(first?.rows).toHaveLength(bodies.length);
      expect(first?.rows[0]).toEqual({
        orderId: 'order-same-0',
        eventId: 'event-same-0',
        customerId: 'customer-17850',
        lines: 4,
        total: '2750 GBP',
      });
      for (const other of others) expect(other).toEqual(first);
    }
  });

  it('hand back the one message whose handler throws, and do the others', async () => {
    const bodies = [orderMessage('before'), declinedMessage('declined'), orderMessage('after')];
    const declined = queueEvent(bodies).Records[1]?.messageId;
    for (const { failed, rows } of (await deliver(bodies)).values()) {
      expect(failed).toEqual([declined]);
      const written = rows.map(({ orderId }) => orderId);
      expect(written).toEqual(expect.arrayContaining(['order-before', 'order-after']));
      expect(written).not.toContain('order-declined');
    }
  });

  it('write nothing of a message that breaks the schema', async () => {
    const broken = orderMessage('broken').replace('"quantity":1', '"quantity":0');
    for (const { rows } of (await deliver([broken, orderMessage('sound')])).values()) {
      const written = rows.map(({ orderId }) => orderId);
      expect(written).toContain('order-sound');
      expect(written).not.toContain('order-broken');
    }
  });
});
