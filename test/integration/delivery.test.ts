import { randomUUID } from 'node:crypto';
import { GetQueueAttributesCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { DeleteCommand, GetCommand, PutCommand, paginateScan } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envelope } from '../../lib/contracts/envelope.ts';
import { lookAtDeadLetters } from '../../lib/operations/dead-letter-queue.ts';
import { eventually } from './orders-app.ts';
import { Ticket } from './tickets/contract.ts';
import { startTickets, type Tickets } from './tickets/system.ts';

let app: Tickets;
/** Minutes of the breaker controller pass in seconds. */
const TIME_SCALE = 30;

beforeAll(async () => {
  app = await startTickets(TIME_SCALE);
}, 60_000);
afterAll(() => app?.close());

interface Given {
  readonly ticket: string;
  readonly number: number;
  readonly fail?: string;
}

const bodyOf = (data: Given) =>
  JSON.stringify(envelope(Ticket, data, { id: `${data.ticket}/${data.number}`, source: '/test', time: new Date() }));

/** Sends tickets in batches of ten; to a FIFO queue grouped by ticket. */
async function send(queue: 'steady' | 'ordered', tickets: readonly Given[]): Promise<void> {
  for (let i = 0; i < tickets.length; i += 10) {
    const Entries = tickets.slice(i, i + 10).map((data, k) => ({
      Id: String(k),
      MessageBody: bodyOf(data),
      ...(queue === 'ordered' ? { MessageGroupId: data.ticket, MessageDeduplicationId: randomUUID() } : {}),
    }));
    await app.sqs.send(new SendMessageBatchCommand({ QueueUrl: app.output(`${queue}Queue`), Entries }));
  }
}

async function work(): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  for await (const page of paginateScan({ client: app.dynamodb }, { TableName: app.output('Work') }))
    items.push(...(page.Items ?? []));
  return items;
}

const doneOf = async (prefix: string) => (await work()).filter(({ pk }) => String(pk).startsWith(prefix));
const numbersOf = async (ticket: string): Promise<unknown> => {
  const { Item } = await app.dynamodb.send(
    new GetCommand({ TableName: app.output('Work'), Key: { pk: `order/${ticket}` } }),
  );
  return Item?.numbers ?? [];
};
const set = (pk: string, item: object) =>
  app.dynamodb.send(new PutCommand({ TableName: app.output('Work'), Item: { pk, ...item } }));
const unset = (pk: string) => app.dynamodb.send(new DeleteCommand({ TableName: app.output('Work'), Key: { pk } }));
const deadLetters = (queue: string) => lookAtDeadLetters(app.sqs, app.output(`${queue}DeadLetters`));

async function depth(queue: string): Promise<number> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes } = await app.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: app.output(`${queue}Queue`), AttributeNames: [...names] }),
  );
  return names.reduce((sum, name) => sum + Number(Attributes?.[name]), 0);
}

describe('a poison message among 1,000', () => {
  it('is dead-lettered at first sight with its reason; the other 999 are done, none of them tried twice', async () => {
    const tickets = Array.from({ length: 1_000 }, (_, number) => ({ ticket: 'many', number }));
    await send(
      'steady',
      tickets.map((ticket) => (ticket.number === 500 ? { ...ticket, fail: 'poison' } : ticket)),
    );
    const done = await eventually('999 done', async () => {
      const found = await doneOf('many/');
      return found.length === 999 && found;
    });
    expect(done.filter(({ receives }) => receives !== 1)).toEqual([]);
    const letters = await deadLetters('steady');
    expect(letters.map(({ letter }) => letter)).toMatchObject([{ reason: 'poison', attempts: 1, eventId: 'many/500' }]);
  }, 60_000);
});

describe('a dependency that is down', () => {
  it('stops the consumer: nothing is dead-lettered, everything is done afterwards, receives are hardly spent', async () => {
    await set('dependency', { down: true });
    const before = (await deadLetters('steady')).length;
    let number = 0;
    const traffic = setInterval(() => void send('steady', [{ ticket: 'outage', number: number++ }]), 50);
    try {
      await eventually('the mapping disabled', () => app.logs.some((line) => line.includes('mapping off')));
      const seen = () => app.logs.filter((line) => line.includes('"outage"') || line.includes('breaker open')).length;
      const atFirst = seen();
      await eventually('the breaker tried and opened again', () => seen() > atFirst);
      await eventually('a queue that grows', async () => (await depth('steady')) > 50);
    } finally {
      clearInterval(traffic);
    }
    expect(await doneOf('outage/')).toEqual([]);
    await unset('dependency');
    const done = await eventually('all done', async () => {
      const found = await doneOf('outage/');
      return found.length === number && found;
    });
    expect(await deadLetters('steady')).toHaveLength(before);
    const receives = done.map(({ receives: count }) => Number(count)).toSorted((a, b) => a - b);
    expect(receives[Math.floor(receives.length / 2)]).toBe(1);
    await eventually('the mapping as before', () => app.logs.some((line) => line.includes('mapping on')));
  }, 90_000);
});

describe('a FIFO batch of mixed groups with one that fails', () => {
  it('completes the others in the same invocation', async () => {
    const tickets = ['A', 'B', 'C'].flatMap((ticket) =>
      [1, 2].map((number) => ({ ticket: `mixed-${ticket}`, number, ...(ticket === 'B' ? { fail: 'throw' } : {}) })),
    );
    await send('ordered', tickets);
    await eventually(
      'A and C done',
      async () => String(await numbersOf('mixed-A')) === '1,2' && String(await numbersOf('mixed-C')) === '1,2',
    );
    const lines = app.logs
      .filter((line) => line.includes('handling') && line.includes('mixed-'))
      .map((line) => JSON.parse(line));
    const firstTry = lines.find(({ ticket }) => ticket === 'mixed-B').requestId;
    const together = lines
      .filter(({ requestId }) => requestId === firstTry)
      .map(({ ticket, number }) => `${ticket}/${number}`);
    expect(together).toEqual(expect.arrayContaining(['mixed-A/1', 'mixed-B/1', 'mixed-C/1']));
    expect(together).not.toContain('mixed-B/2');
  }, 60_000);
});

describe('a key that fails on an ordered channel', () => {
  it('is parked with what follows it while other keys flow, and resumes in order', async () => {
    await send('ordered', [
      { ticket: 'P', number: 1, fail: 'reject' },
      { ticket: 'P', number: 2 },
      { ticket: 'Q', number: 1 },
    ]);
    await eventually('the other key flows', async () => String(await numbersOf('Q')) === '1');
    await send('ordered', [{ ticket: 'P', number: 3 }]);
    await eventually('the queue is empty', async () => (await depth('ordered')) === 0);
    expect(await numbersOf('P')).toEqual([]);
    const letters = (await deadLetters('ordered')).filter(({ letter }) => letter?.eventId?.startsWith('P/'));
    expect(letters.map(({ letter }) => [letter?.eventId, letter?.reason])).toEqual([['P/1', 'broken']]);

    expect(await app.invoke('in-order', { resume: { key: 'P' } })).toMatchObject({
      resumed: 0,
      released: false,
      failed: { number: 1, reason: 'broken' },
    });
    await set('repaired', {});
    expect(await app.invoke('in-order', { resume: { key: 'P' } })).toEqual({ resumed: 3, released: true });
    expect(await numbersOf('P')).toEqual([1, 2, 3]);

    await send('ordered', [{ ticket: 'P', number: 4 }]);
    await eventually('the key flows again', async () => String(await numbersOf('P')) === '1,2,3,4');
    expect(await app.invoke('in-order', { resume: { key: 'P' } })).toMatchObject({
      errorMessage: "nothing is parked under key 'P' of subscription 'in-order'",
    });
  }, 60_000);
});
