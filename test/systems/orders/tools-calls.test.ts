import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { envelope } from '../../../lib/contracts/events/envelope.ts';
import type { Clients } from '../../../lib/operations/deployed/clients.ts';
import { lambda } from '../../../lib/runtime/invocation/runtime.ts';
import { OrderPlaced, orderLog, orderTopic } from '../../../lib/systems/orders/contract.ts';
import { decide } from '../../../lib/systems/orders/request.ts';
import { publishAgain } from '../../../lib/systems/orders/tools/mishaps.ts';
import { renumbered, withCancelledOrders } from '../../../lib/systems/orders/tools/samples.ts';
import { takeSnapshot } from '../../../lib/systems/orders/tools/snapshot.ts';
import { fillShelf } from '../../../lib/systems/orders/tools/stock.ts';
import { type Asked, answering } from '../../operations/systems/answering.ts';
import { cancellation, request } from './sample-requests.ts';

/** What the tools of the orders ask of the services, call by call: the services here are tables that answer, so that each argument is seen. */
const world = vi.hoisted(() => ({ published: [] as unknown[][] }));
vi.mock('../../../lib/runtime/publishing/publish.ts', () => ({
  publisher:
    (channel: { name: string }, { deduplicationId, ...options }: Record<string, unknown>) =>
    async (events: readonly { id: string }[]) => {
      const under = deduplicationId as ((event: { id: string }) => string) | undefined;
      world.published.push([channel.name, options, events.map(({ id }) => [id, under?.(events[0] as never)])]);
    },
}));
beforeEach(() => void world.published.splice(0));

/** Every output is called like itself. */
const outputsLike = (text: (name: string) => string) =>
  new Proxy<Readonly<Record<string, string>>>({}, { get: (_, name) => text(String(name)) });
const OUTPUTS = outputsLike((name) => `the ${name}`);

it('events are published again in order of their sequence, to the log first, and past the deduplication of the topic', async () => {
  const { data } = decide(request());
  const event = (sequence: number) => ({
    ...envelope(OrderPlaced, data, { id: `e-${sequence}`, source: '/test', time: new Date(0) }),
    sequence: String(sequence).padStart(19, '0'),
  });
  const given = [event(2), event(10), event(1)];
  await publishAgain(OUTPUTS, given);
  expect(world.published).toEqual([
    [
      orderLog.name,
      { address: 'the OrderLog', claims: 'the ClaimsBucket' },
      ['e-1', 'e-2', 'e-10'].map((id) => [id, undefined]),
    ],
    [
      orderTopic.name,
      { address: 'the OrderTopic', claims: 'the ClaimsBucket' },
      ['e-1', 'e-2', 'e-10'].map((id) => [id, 'e-1#again']),
    ],
  ]);
  expect(given.map(({ id }) => id)).toEqual(['e-2', 'e-10', 'e-1']);
});

describe('filling the shelf', () => {
  it('puts each once, unless it is there, so many at once', async () => {
    let [atOnce, most] = [0, 0];
    const { asked, client } = answering(() => undefined);
    const slow = {
      async send(command: never) {
        most = Math.max(most, ++atOnce);
        await new Promise(setImmediate);
        atOnce -= 1;
        return (client as { send: (one: never) => Promise<unknown> }).send(command);
      },
    };
    const shelf = new Map(Array.from({ length: 100 }, (_, n) => [`sku-${n}`, n] as const));
    expect(await fillShelf({ dynamodb: slow } as unknown as Clients, 'shelves', shelf)).toBe(100);
    expect(most).toBe(32);
    expect(asked.map(({ input }) => input)).toEqual(
      [...shelf].map(([sku, quantity]) => ({
        ...{ TableName: 'shelves', Item: { sku, quantity }, ConditionExpression: 'attribute_not_exists(sku)' },
      })),
    );
  });

  it('bears a new table, which takes few writes, for longer than a function would', async () => {
    let time = 0;
    const waits = vi.spyOn(lambda, 'sleep').mockImplementation(async (millis) => {
      time += millis;
    });
    const spies = [
      waits,
      vi.spyOn(lambda, 'now').mockImplementation(() => time),
      vi.spyOn(lambda, 'random').mockReturnValue(1),
    ];
    try {
      let left = 9;
      const busy = Object.assign(new Error('slower'), {
        name: 'ThrottlingException',
        $metadata: { httpStatusCode: 400 },
      });
      const dynamodb = { send: async () => (left-- > 0 ? Promise.reject(busy) : {}) };
      expect(await fillShelf({ dynamodb } as unknown as Clients, 'shelves', new Map([['cup', 1]]))).toBe(1);
      expect(time).toBeGreaterThan(4_000);
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  });

  it('fails for anything but a shelf that is there', async () => {
    const there = new ConditionalCheckFailedException({ message: 'there', $metadata: {} });
    const shelf = new Map([['cup', 1]]);
    const filling = (error: Error) =>
      fillShelf({ dynamodb: { send: () => Promise.reject(error) } } as unknown as Clients, 'shelves', shelf);
    expect(await filling(there)).toBe(0);
    await expect(filling(new Error('no table'))).rejects.toThrow('no table');
  });
});

it('what is read is read consistently, every page of it, of what the outputs name', async () => {
  vi.stubGlobal('fetch', async (url: string) => {
    pages.push(url);
    return {
      ok: true,
      json: async () => ({
        messages: [
          {
            EmailTags: [
              { Name: 'other', Value: 'x' },
              { Name: 'event', Value: 'e-1' },
            ],
          },
          {},
        ],
      }),
    };
  });
  const pages: string[] = [];
  const dynamodb = answering(({ input: { TableName, ExclusiveStartKey } }) =>
    ExclusiveStartKey === undefined
      ? { Items: [{ of: TableName, page: 1 }], LastEvaluatedKey: { on: 1 } }
      : { Items: [{ of: TableName, page: 2 }] },
  );
  const s3 = answering(({ input: { ContinuationToken } }) =>
    ContinuationToken === undefined
      ? { Contents: [{ Key: 'invoices/1' }], NextContinuationToken: 'more' }
      : { Contents: [{ Key: 'invoices/2' }, {}] },
  );
  const kinesis = answering(({ name }) => (name === 'ListShardsCommand' ? { Shards: [] } : {}));
  const clients = { dynamodb: dynamodb.client, s3: s3.client, kinesis: kinesis.client } as never;
  const snapshot = await takeSnapshot(clients, OUTPUTS, 'http://mail');
  const asked = (one: { asked: Asked[] }) =>
    one.asked.map(({ name, input }) => `${name} ${JSON.stringify(input)}`).sort();
  await expect(
    `${[...asked(dynamodb), ...asked(s3), ...asked(kinesis), ...pages, JSON.stringify(snapshot, undefined, 1)].join('\n')}\n`,
  ).toMatchFileSnapshot('kept/snapshot-calls.txt');
});

describe('the samples under other numbers', () => {
  it('are new orders, a cancellation of the new one', () => {
    expect(renumbered(request({ invoiceNo: 'A' }), '7')).toEqual(request({ invoiceNo: 'A-7' }));
    const cancelling = { ...cancellation({ invoiceNo: 'C' }), cancels: 'A' };
    expect(renumbered(cancelling, '7')).toEqual({ ...cancelling, invoiceNo: 'C-7', cancels: 'A-7' });
  });

  it('a cancellation is of the order that has all its lines, others beside them among it', () => {
    const line = (sku: string, quantity: number) => ({ sku, description: 'D', quantity, unitPrice: 1 });
    const two = request({ invoiceNo: 'A', lines: [line('x', 2), line('y', 3)] });
    const back = cancellation({ invoiceNo: 'C', lines: [line('y', -3)] });
    expect(withCancelledOrders([two, back])[1]?.cancels).toBe('A');
    const more = cancellation({ invoiceNo: 'C', lines: [line('y', -4)] });
    expect(withCancelledOrders([two, more])[1]).toBe(more);
  });
});
