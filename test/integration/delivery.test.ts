import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { GetQueueAttributesCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { DeleteCommand, GetCommand, PutCommand, paginateScan } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parkedEdit, parkedSkip } from '../../bin/commands/change-parked.ts';
import { parkedList, parkedResume, parkedShow } from '../../bin/commands/parked.ts';
import { envelope } from '../../lib/contracts/events/envelope.ts';
import { systemContract } from '../../lib/contracts/system.ts';
import { lookAtDeadLetters } from '../../lib/operations/dead-letters/dead-letter-queue.ts';
import { lambda } from '../../lib/runtime/invocation/runtime.ts';
import { publisher } from '../../lib/runtime/publishing/publish.ts';
import { eventually } from './orders-app.ts';
import * as contract from './tickets/contract.ts';
import { startTickets, type Tickets } from './tickets/system.ts';

const { journal, Ticket } = contract;

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

const eventOf = (data: Given) =>
  envelope(Ticket, data, { id: `${data.ticket}/${data.number}`, source: '/test', time: new Date() });

/** Sends tickets in batches of ten; to a FIFO queue grouped by ticket. */
async function send(queue: 'steady' | 'ordered', tickets: readonly Given[]): Promise<void> {
  for (let i = 0; i < tickets.length; i += 10) {
    const Entries = tickets.slice(i, i + 10).map((data, k) => ({
      Id: String(k),
      MessageBody: JSON.stringify(eventOf(data)),
      ...(queue === 'ordered' ? { MessageGroupId: data.ticket, MessageDeduplicationId: randomUUID() } : {}),
    }));
    await app.sqs.send(new SendMessageBatchCommand({ QueueUrl: app.output(`${queue}Queue`), Entries }));
  }
}

/** Appends tickets to the log. */
const append = (tickets: readonly Given[]) =>
  publisher(journal, { address: app.output('Journal') }, lambda)(tickets.map(eventOf));

async function work(): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  for await (const page of paginateScan({ client: app.dynamodb }, { TableName: app.output('Work') }))
    items.push(...(page.Items ?? []));
  return items;
}

const doneOf = async (prefix: string) => (await work()).filter(({ pk }) => String(pk).startsWith(prefix));
const numbersOf = async (ticket: string, from = 'order'): Promise<unknown> => {
  const { Item } = await app.dynamodb.send(
    new GetCommand({ TableName: app.output('Work'), Key: { pk: `${from}/${ticket}` } }),
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

/** What `sluice parked` prints, and its exit code. */
async function operated(command: (world: Parameters<typeof parkedList>[2]) => Promise<number>) {
  const printed: string[] = [];
  const print = (text: string) => void printed.push(text);
  const code = await command({ systems: [], print, confirm: () => Promise.resolve(false) });
  return { code, printed: printed.join('\n'), json: () => JSON.parse(printed.at(-1) ?? '') };
}

/** What a command says of where it works, while it does: on the terminal and in its answer. */
async function named(command: () => ReturnType<typeof operated>) {
  const noted: string[] = [];
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => noted.push(String(text)) > 0);
  try {
    const { json } = await command();
    return [noted[0], json().target];
  } finally {
    stderr.mockRestore();
  }
}

const WHERE = { stack: 'tickets', stage: 'dev', json: true };
const list = (subscription: string) => operated((world) => parkedList(subscription, { ...WHERE, all: false }, world));
const resume = (subscription: string, key?: string, more = { yes: true, json: true }) =>
  operated((world) => parkedResume(subscription, key, { ...WHERE, all: key === undefined, ...more }, world));

describe('a key that fails on a FIFO queue', () => {
  beforeEach(() => unset('repaired'));

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

    const failing = await resume('in-order', 'P');
    expect(failing.code).toBe(1);
    expect(failing.json().keys).toMatchObject([
      { key: 'P', resumed: 0, released: false, failed: { number: 1, reason: 'broken' } },
    ]);
    await set('repaired', {});
    const mended = await resume('in-order', 'P');
    expect([mended.code, mended.json().keys]).toEqual([0, [{ key: 'P', resumed: 3, released: true }]]);
    expect(await numbersOf('P')).toEqual([1, 2, 3]);

    await send('ordered', [{ ticket: 'P', number: 4 }]);
    await eventually('the key flows again', async () => String(await numbersOf('P')) === '1,2,3,4');
    await expect(resume('in-order', 'P')).rejects.toThrow(
      "nothing is parked under key 'P' of subscription 'in-order'. npx sluice parked list in-order shows what is.",
    );
    expect(await app.invoke('in-order', { resume: { key: 'P' } })).toMatchObject({
      errorMessage: "nothing is parked under key 'P' of subscription 'in-order'",
    });
  }, 60_000);
});

describe('the first message of a parked key that can never succeed', () => {
  beforeEach(() => unset('repaired'));
  const options = { ...WHERE, by: 'jo', yes: true };
  const systems = [{ name: 'tickets', summary: '', contract: systemContract('tickets', contract) }];
  const skip = (key: string, more: object = {}) =>
    operated((world) => parkedSkip('in-order', key, { ...options, drop: false, ...more }, world));
  const edit = (key: string, more: object) =>
    operated((world) => parkedEdit('in-order', key, { ...options, ...more }, { ...world, systems } as never));
  const parked = async (ticket: string) => {
    await send('ordered', [
      { ticket, number: 1, fail: 'reject' },
      { ticket, number: 2 },
    ]);
    const waiting = async () => {
      const [found] = (await list('in-order')).json().subscriptions;
      return found.keys.some((one: { key: string; messages: number }) => one.key === ticket && one.messages === 2);
    };
    await eventually('both are parked', waiting);
  };

  it('is skipped to the dead letters, and the rest is handled', async () => {
    await parked('S');
    expect((await skip('S', { yes: false })).code).toBe(1);
    const skipped = await skip('S');
    expect([skipped.code, skipped.json()]).toEqual([
      0,
      expect.objectContaining({ what: 'skipped', number: 1, eventId: 'S/1', by: 'jo', left: 1 }),
    ]);
    const letters = (await deadLetters('ordered')).filter(({ letter }) => letter?.eventId === 'S/1');
    expect(letters.map(({ letter }) => [letter?.reason, letter?.skipped?.by])).toEqual([
      ['broken', undefined],
      ['broken', 'jo'],
    ]);
    const shown = await operated((world) => parkedShow('in-order', 'S', { ...WHERE, limit: 9, bodies: false }, world));
    expect(shown.json().changes).toMatchObject([{ what: 'skipped', by: 'jo', reason: 'broken', eventId: 'S/1' }]);
    expect((await resume('in-order', 'S')).json().keys).toEqual([{ key: 'S', resumed: 1, released: true }]);
    expect(await numbersOf('S')).toEqual([2]);
  }, 60_000);

  it('is edited, and handled as edited', async () => {
    await parked('E');
    const file = join(mkdtempSync(join(tmpdir(), 'sluice-edit-')), 'event.json');
    expect((await edit('E', { save: file })).code).toBe(0);
    const event = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...event, data: { ticket: 'E', number: 'one' } }));
    await expect(edit('E', { file })).rejects.toThrow('the edited body cannot be read');
    writeFileSync(file, JSON.stringify({ ...event, data: { ticket: 'E', number: 1 } }));
    const refused = await edit('E', { file, yes: false, json: false });
    expect([refused.code, refused.printed]).toEqual([1, expect.stringMatching(/^- +"fail": "reject"$/m)]);
    expect((await edit('E', { file })).json()).toMatchObject({ what: 'edited', number: 1, eventId: 'E/1' });
    expect((await resume('in-order', 'E')).json().keys).toEqual([{ key: 'E', resumed: 2, released: true }]);
    expect(await numbersOf('E')).toEqual([1, 2]);
    rmSync(dirname(file), { recursive: true });
  }, 60_000);

  it('is changed where the command says, before it asks', async () => {
    await parked('W');
    const target = { account: '000000000000', region: 'us-east-1', endpoint: app.engine.url };
    const where = `account 000000000000, region us-east-1, at ${app.engine.url}\n`;
    const file = join(mkdtempSync(join(tmpdir(), 'sluice-edit-')), 'event.json');
    expect((await named(() => edit('W', { save: file })))[0]).toBe(`Reading a message of 'in-order': ${where}`);
    const repaired = JSON.stringify(eventOf({ ticket: 'W', number: 1, fail: 'throw' }));
    writeFileSync(file, repaired);
    expect(await named(() => edit('W', { file }))).toEqual([`Editing a message of 'in-order': ${where}`, target]);
    expect(await named(() => skip('W'))).toEqual([`Skipping a message of 'in-order': ${where}`, target]);
    expect(await named(() => resume('in-order', 'W'))).toEqual([`Resuming 'in-order': ${where}`, target]);
    rmSync(dirname(file), { recursive: true });
  }, 60_000);
});

describe('a key that fails on a log', () => {
  beforeEach(() => unset('repaired'));

  it('is parked with what follows it while other keys of its shard flow, and resumes in order', async () => {
    await append([
      { ticket: 'rejected', number: 1, fail: 'reject' },
      { ticket: 'throws', number: 1, fail: 'throw' },
      { ticket: 'flows', number: 1 },
      { ticket: 'rejected', number: 2 },
      { ticket: 'throws', number: 2 },
      { ticket: 'flows', number: 2 },
    ]);
    const flows = (numbers: string) => async () => String(await numbersOf('flows', 'journal')) === numbers;
    await eventually('the other key flows', flows('1,2'));
    await append([
      { ticket: 'rejected', number: 3, fail: 'throw' },
      { ticket: 'flows', number: 3 },
    ]);
    await eventually('the other key still flows', flows('1,2,3'));
    for (const ticket of ['rejected', 'throws']) expect(await numbersOf(ticket, 'journal')).toEqual([]);
    const letters = await deadLetters('journal');
    const places = letters.map(({ letter }) => letter?.frames?.[0]);
    const source = /test\/integration\/tickets\/functions\/parts\/note-in-order\.ts:\d+:\d+/;
    expect(places).toEqual([expect.stringMatching(source), expect.stringMatching(source)]);
    const reasons = letters.map(({ letter }) => [letter?.eventId, letter?.reason]);
    expect(reasons.toSorted()).toEqual([
      ['rejected/1', 'broken'],
      ['throws/1', 'attempts-exhausted'],
    ]);
  }, 60_000);

  it('is seen by an operator: which keys, how many messages, why', async () => {
    const since = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    expect((await list('from-log')).json()).toEqual({
      subscriptions: [
        {
          subscription: 'from-log',
          keys: expect.arrayContaining([
            { key: 'rejected', messages: 3, since, reason: 'broken' },
            { key: 'throws', messages: 2, since, reason: 'attempts-exhausted' },
          ]),
        },
      ],
    });
    const all = await operated((world) => parkedList(undefined, { ...WHERE, all: true, json: false }, world));
    expect(all.printed).toMatch(/^subscription +key +messages +since +reason of the first\n/);
    expect(all.printed).toMatch(/^from-log +rejected +3 +\S+ +broken$/m);
    const show = (options: object) =>
      operated((world) => parkedShow('from-log', 'rejected', { ...WHERE, limit: 2, bodies: false, ...options }, world));
    expect((await show({})).json()).toEqual({
      ...{ subscription: 'from-log', key: 'rejected', messages: 3 },
      shown: [
        {
          ...{ number: 1, eventId: 'rejected/1', eventType: 'tickets.ticket', messageId: expect.any(String) },
          ...{ parkedAt: since, reason: 'broken' },
        },
        {
          ...{ number: 2, eventId: 'rejected/2', eventType: 'tickets.ticket', messageId: expect.any(String) },
          parkedAt: since,
        },
      ],
    });
    const { printed } = await show({ json: false });
    expect(printed).toMatch(/^1 +rejected\/1 +tickets.ticket +\S+ +broken$/m);
    expect(printed).toMatch(/and 1 more; --limit shows them$/);
    expect(printed).not.toContain('"ticket"');
    expect((await show({ json: false, bodies: true })).printed).toContain('"ticket":"rejected"');
  });

  it('is left alone when nobody agrees', async () => {
    const asked = await resume('from-log', undefined, { yes: false, json: false });
    expect(asked.code).toBe(1);
    expect(asked.printed).toMatch(/^from-log +throws +2 /m);
    expect((await list('from-log')).json().subscriptions[0].keys).toHaveLength(2);
  });

  it('resumes with all others, in order', async () => {
    await set('repaired', {});
    const resumed = await resume('from-log');
    expect(resumed.code).toBe(0);
    expect(resumed.json().keys).toEqual(
      expect.arrayContaining([
        { key: 'rejected', resumed: 3, released: true },
        { key: 'throws', resumed: 2, released: true },
      ]),
    );
    expect(await numbersOf('rejected', 'journal')).toEqual([1, 2, 3]);
    expect(await numbersOf('throws', 'journal')).toEqual([1, 2]);
    await append([{ ticket: 'rejected', number: 4 }]);
    await eventually('the key flows again', async () => String(await numbersOf('rejected', 'journal')) === '1,2,3,4');
    expect((await resume('from-log', undefined, { yes: true, json: false })).printed).toBe('nothing is parked');
  }, 60_000);
});

describe('sluice parked', () => {
  it('names the consumers that are there when asked for another', async () => {
    await expect(list('no-such')).rejects.toThrow(
      "subscription 'no-such' has no consumer in stack 'tickets' (it has: ask-dependency, from-log, in-order, tell-shelf). Check the name, or name another stack with --stack.",
    );
  });
});
