import type { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, expect, it, vi } from 'vitest';
import type { Clients } from '../../../lib/operations/deployed/clients.ts';
import { publishedEvents } from '../../../lib/systems/orders/tools/mishaps.ts';

afterEach(() => void vi.useRealTimers());
/** Waits are over at once, and the clock says so. */
vi.mock('node:timers/promises', () => ({ setTimeout: async (ms: number) => void vi.advanceTimersByTime(ms) }));

const clientsThat = (answers: object): Clients => answers as unknown as Clients;

it('waits for each event until it is published, and names the one that is not in time', async () => {
  vi.useFakeTimers();
  const asked: GetCommand['input'][] = [];
  /** Looks until each is there, then until it is published. */
  const looks: Readonly<Record<string, number>> = { A: 3, B: 0, never: Number.POSITIVE_INFINITY };
  const left = { ...looks };
  const clients = clientsThat({
    dynamodb: {
      async send({ input }: GetCommand) {
        asked.push(input);
        const id = String(input.Key?.aggregateId);
        const more = left[id] ?? 0;
        left[id] = more - 1;
        const row = { body: JSON.stringify({ id: `event ${id} ${input.Key?.sequence}` }) };
        return more <= 0 ? { Item: row } : more % 2 === 0 ? {} : { Item: { ...row, unpublished: '0' } };
      },
    },
  });
  const events = (...ids: readonly string[]) => ids.map((orderId) => ({ orderId, sequence: 7 }));
  const published = publishedEvents(clients, 'outbox', events('A', 'B'));
  expect(await published).toEqual([{ id: 'event A 7' }, { id: 'event B 7' }]);
  expect(asked.map(({ Key }) => Key?.aggregateId)).toEqual(['A', 'A', 'A', 'A', 'B']);
  expect(asked[0]).toEqual({ TableName: 'outbox', Key: { aggregateId: 'A', sequence: 7 }, ConsistentRead: true });
  const began = performance.now();
  const late = publishedEvents(clients, 'outbox', events('B', 'never', 'A')).catch((error: Error) => error.message);
  expect(await late).toBe("event 7 of order 'never' is still unpublished after 180 s");
  expect(Math.round((performance.now() - began) / 1_000)).toBe(180);
});
