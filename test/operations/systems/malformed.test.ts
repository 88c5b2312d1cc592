import type { PutRecordCommand } from '@aws-sdk/client-kinesis';
import type { SendMessageCommand } from '@aws-sdk/client-sqs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { log } from '../../../lib/contracts/channels/log.ts';
import { queue } from '../../../lib/contracts/channels/queue.ts';
import { topic } from '../../../lib/contracts/channels/topic.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import { systemContract } from '../../../lib/contracts/system.ts';
import type { DeployedMessaging } from '../../../lib/operations/deployed/messaging.ts';
import { sendMalformed } from '../../../lib/operations/systems/malformed.ts';
import { readMessage } from '../../../lib/runtime/messages/read-message.ts';
import * as orders from '../../../lib/systems/orders/contract.ts';
import { deployedLike } from './deployed-like.ts';

/** What is sent where, to a stack that has what is given. */
async function sendingTo(exports: Readonly<Record<string, unknown>>, deployed: Partial<DeployedMessaging>) {
  const toQueues: SendMessageCommand['input'][] = [];
  const toLogs: PutRecordCommand['input'][] = [];
  const clients = {
    sqs: { send: async ({ input }: SendMessageCommand) => void toQueues.push(input) },
    kinesis: { send: async ({ input }: PutRecordCommand) => void toLogs.push(input) },
  };
  const world = { stackName: 'shop', clients: clients as never, deployed: deployedLike(deployed) };
  const sent = await sendMalformed(systemContract('shop', exports), world);
  const text = (data: Uint8Array | undefined) => Buffer.from(data ?? []).toString('utf8');
  const bodies = new Map<string, string[]>();
  const add = (where = '', body = '') => bodies.set(where, [...(bodies.get(where) ?? []), body]);
  for (const { QueueUrl, MessageBody } of toQueues) add(QueueUrl, MessageBody);
  for (const { StreamName, Data } of toLogs) add(StreamName, text(Data));
  return { sent, toQueues, toLogs, bodies };
}

const REASONS = ['broken-json', 'not-an-event', 'unknown-type', 'wrong-version', 'invalid-data'];
/** Why each of the bodies cannot be read. */
const reasonsOf = (bodies: readonly string[] = [], events: Parameters<typeof readMessage>[1]) =>
  Promise.all(
    bodies.map((body) =>
      readMessage({ id: 'm', body, unit: 'K', source: 's', receives: 1, firstReceived: 0, attributes: {} }, events, {
        aws: () => Promise.reject(),
        env: () => undefined,
      }).then(
        () => 'none',
        (error: { readonly reason: string }) => error.reason,
      ),
    ),
  );

describe('messages that nobody can read', () => {
  it('go to every queue and log of the orders, each of its kind', async () => {
    const queues = ['payments', 'stock', 'invoices', 'emails'].map((name) => ({
      ...{ name, url: name === 'payments' ? 'p.fifo' : name, consumers: [`${name}-consumer`] },
    }));
    const consumers = [...queues.map(({ consumers: [one] }) => one ?? ''), 'sales-totals'];
    const { sent, toQueues, toLogs, bodies } = await sendingTo(orders, {
      queues,
      logs: [{ name: 'shop-order-log', consumers: ['sales-totals'] }],
      consumers,
    });
    expect(sent.reasons).toEqual(REASONS);
    expect(sent.consumers.toSorted()).toEqual(consumers.toSorted());
    expect([...bodies.keys()].sort()).toEqual(['emails', 'invoices', 'p.fifo', 'shop-order-log', 'stock']);
    for (const texts of bodies.values()) expect(await reasonsOf(texts, orders.orderLog.events)).toEqual(REASONS);
    expect(new Set(toLogs.map(({ PartitionKey }) => PartitionKey)).size).toBe(REASONS.length);
    // A FIFO queue takes each as a message of its own, behind nothing; another takes no group.
    const ids = (fifo: boolean) =>
      toQueues
        .filter(({ QueueUrl }) => QueueUrl?.endsWith('.fifo') === fifo)
        .flatMap(({ MessageGroupId, MessageDeduplicationId }) => [MessageGroupId, MessageDeduplicationId]);
    expect(new Set(ids(true)).size).toBe(2 * REASONS.length);
    expect(new Set(ids(false))).toEqual(new Set([undefined]));
  });

  const Said = event('talk.said', { version: 3, data: v.string(), key: (text) => text });
  const Counted = event('talk.counted', { version: 1, data: v.number(), key: String });
  const Passed = event('talk.passed', { version: 1, data: v.unknown(), key: () => 'all' });
  const words = queue('words', { events: [Said] });
  const numbers = queue('numbers', { events: [Counted] });
  const anything = queue('anything', { events: [Passed] });
  const urls = (...names: readonly string[]) => ({
    queues: names.map((name) => ({ name, url: name, consumers: [`reads-${name}`] })),
    consumers: names.map((name) => `reads-${name}`),
  });

  it('are wrong for any event, whatever its data are', async () => {
    const { bodies, sent } = await sendingTo({ words, numbers }, urls('words', 'numbers'));
    expect(sent.reasons).toEqual(REASONS);
    expect(await reasonsOf(bodies.get('words'), [Said])).toEqual(REASONS);
    expect(await reasonsOf(bodies.get('numbers'), [Counted])).toEqual(REASONS);
  });

  it('have no wrong data where an event takes any, and then nobody is owed one', async () => {
    const { bodies, sent } = await sendingTo({ words, anything }, urls('words', 'anything'));
    expect(sent.reasons).toEqual(REASONS.slice(0, -1));
    expect(await reasonsOf(bodies.get('anything'), [Passed])).toEqual(sent.reasons);
    expect(await reasonsOf(bodies.get('words'), [Said])).toEqual(sent.reasons);
  });

  const lines = log('lines', { events: [Said], retention: orders.orderLog.retention });
  const news = topic('news', { events: [Said] });

  it('go to the channel of that name and kind, not to one that ends with it, or that nobody reads', async () => {
    const { bodies, sent } = await sendingTo(
      { lines, news, words },
      {
        queues: [{ name: 'news', url: 'a queue called as the topic', consumers: ['another'] }],
        unread: [{ name: 'words', url: 'words' }],
        logs: [
          { name: 'shop-old-lines', consumers: ['old'] },
          { name: 'shop-lines', consumers: ['totals'] },
        ],
        consumers: ['another', 'old', 'totals'],
      },
    );
    expect([...bodies.keys()]).toEqual(['shop-lines']);
    expect(sent.consumers).toEqual(['totals']);
    const unread = await sendingTo({ lines }, { logs: [{ name: 'shop-lines', consumers: [] }] });
    expect([unread.bodies.size, unread.sent]).toEqual([0, { consumers: [], reasons: [] }]);
  });

  it('are owed to consumers with a dead-letter queue, whoever added them, but not to an archive, which keeps them', async () => {
    const { sent } = await sendingTo(
      { lines },
      {
        logs: [{ name: 'shop-lines', consumers: ['archive', 'by-hand', 'new', 'totals'] }],
        consumers: ['archive', 'new', 'totals'],
        archives: ['archive'],
      },
    );
    expect(sent.consumers).toEqual(['new', 'totals']);
  });
});
