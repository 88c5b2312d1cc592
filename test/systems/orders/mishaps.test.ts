import type { PutRecordCommand } from '@aws-sdk/client-kinesis';
import type { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, expect, it, vi } from 'vitest';
import { readMessage } from '../../../lib/runtime/messages/read-message.ts';
import { orderLog } from '../../../lib/systems/orders/contract.ts';
import type { Clients } from '../../../lib/systems/orders/tools/clients.ts';
import { publishedEvents, sendMalformed } from '../../../lib/systems/orders/tools/mishaps.ts';
import { patient } from '../../../lib/systems/orders/tools/producer.ts';
import { request } from './sample-requests.ts';

afterEach(() => void vi.useRealTimers());
/** Waits are over at once, and the clock says so. */
vi.mock('node:timers/promises', () => ({ setTimeout: async (ms: number) => void vi.advanceTimersByTime(ms) }));

const clientsThat = (answers: object): Clients => answers as unknown as Clients;

it('every queue, and the log, gets a message of each kind that cannot be read, and each is one of its kind', async () => {
  const sent: SendMessageCommand['input'][] = [];
  const put: PutRecordCommand['input'][] = [];
  const names = ['Payments', 'Stock', 'Invoices', 'Emails'];
  const outputs = Object.fromEntries(names.map((name) => [`${name}Queue`, name === 'Payments' ? 'p.fifo' : name]));
  const reasons = await sendMalformed(
    clientsThat({
      sqs: { send: async ({ input }: SendMessageCommand) => void sent.push(input) },
      kinesis: { send: async ({ input }: PutRecordCommand) => void put.push(input) },
    }),
    { ...outputs, OrderLog: 'log' },
  );
  expect(reasons).toEqual(['broken-json', 'not-an-event', 'unknown-type', 'wrong-version', 'invalid-data']);
  const bodies = Map.groupBy(sent, ({ QueueUrl }) => QueueUrl);
  expect([...bodies.keys()]).toEqual(Object.values(outputs));
  const inLog = put.map(({ StreamName, Data }) => [StreamName, Buffer.from(Data ?? []).toString('utf8')] as const);
  for (const texts of [...bodies.values()].map((list) => list.map(({ MessageBody = '' }) => MessageBody))) {
    expect(texts).toEqual(inLog.map(([, body]) => body));
    for (const [i, body] of texts.entries()) {
      const message = { id: 'm', body, unit: 'K', source: 's', receives: 1, firstReceived: 0, attributes: {} };
      const read = readMessage(message, orderLog.events, { aws: () => Promise.reject(), env: () => undefined });
      await expect(read).rejects.toMatchObject({ reason: reasons[i] });
    }
  }
  expect(new Set(inLog.map(([stream]) => stream))).toEqual(new Set(['log']));
  expect(new Set(put.map(({ PartitionKey }) => PartitionKey)).size).toBe(reasons.length);
  // A FIFO queue takes each as a message of its own, behind nothing; another takes no group.
  const ids = (fifo: boolean) =>
    sent
      .filter(({ QueueUrl }) => QueueUrl?.endsWith('.fifo') === fifo)
      .flatMap(({ MessageGroupId, MessageDeduplicationId }) => [MessageGroupId, MessageDeduplicationId]);
  expect(new Set(ids(true)).size).toBe(2 * reasons.length);
  expect(new Set(ids(false))).toEqual(new Set([undefined]));
});

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

it('a patient shop waits twice as long each time, and no longer than a few seconds', async () => {
  vi.useFakeTimers();
  const at: number[] = [];
  const shop = patient({
    place: () => {
      at.push(Date.now());
      return Promise.reject(new Error('no'));
    },
    close: () => undefined,
  });
  const placed = shop.place(request()).catch((error: Error) => error.message);
  expect(await placed).toBe('no');
  expect(at.slice(1).map((time, i) => time - (at[i] ?? 0))).toEqual([500, 1_000, 2_000, ...Array(6).fill(4_000)]);
});
