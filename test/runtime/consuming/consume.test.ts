import { describe, expect, it } from 'vitest';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { consume, type HandlerContext } from '../../../lib/runtime/consuming/consume.ts';
import { type Write, WriteRefused } from '../../../lib/runtime/inbox/inbox.ts';
import { events, opened, ticketLog, workQueue } from '../../contracts/sample-declarations.ts';
import { consumerOf } from '../consumer-harness.ts';
import { kinesisEvent, sqsEvent } from '../lambda-events.ts';
import { memoryInbox } from '../memory-inbox.ts';

/** What needs no service: nothing here is dead-lettered or delayed. */
const settings = { deadLetterQueueUrl: 'http://127.0.0.1:9/none' };
const once = subscription('worker', { to: workQueue, guarantee: 'effectively-once' });
const write = (pk: string): Write => ({ Put: { TableName: 't', Item: { pk } } });
const body = (ticket: string, id = `e-${ticket}`) => JSON.stringify(opened(ticket, id));
/** Data that has an id of its own, before the event's or behind it. */
const WITH_ID = { id: 'shared', ticket: 'T-1', text: '' };
const dataLast = (id: string) => JSON.stringify({ ...opened('T-1', id), data: WITH_ID });
const dataFirst = (id: string) => {
  const { data: _, ...others } = opened('T-1', id);
  return JSON.stringify({ data: WITH_ID, ...others });
};
const metricsOf = (lines: readonly Record<string, unknown>[]) => lines.find((line) => '_aws' in line);

describe('consume', () => {
  it('gives the handler data, event, idempotency key, attempt, time and a log with the event', async () => {
    const seen: { data: unknown; context: HandlerContext }[] = [];
    const consumer = consumerOf(
      once,
      async (data, context) => {
        seen.push({ data, context });
        context.log('info', 'handling', { step: 1 });
      },
      settings,
    );
    await consumer.deliver(sqsEvent([{ body: body('T-1'), receives: 2 }]), () => 12_345);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.data).toEqual({ ticket: 'T-1', text: '' });
    expect(seen[0]?.context).toMatchObject({
      idempotencyKey: 'e-T-1',
      attempt: 2,
      event: { id: 'e-T-1', subject: 'T-1' },
    });
    expect(seen[0]?.context.remainingMillis()).toBe(12_345);
    expect(consumer.lines).toContainEqual(
      expect.objectContaining({
        message: 'handling',
        step: 1,
        event: 'e-T-1',
        subscription: 'worker',
        requestId: 'request-1',
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      }),
    );
  });

  it('measures what became of the batch', async () => {
    const consumer = consumerOf(once, async () => [], settings);
    await consumer.deliver(sqsEvent([{ body: body('T-1') }, { body: body('T-2') }, { body: body('T-1') }]));
    const metrics = metricsOf(consumer.lines);
    expect(metrics).toMatchObject({
      subscription: 'worker',
      Received: [3],
      Done: [2],
      Duplicates: [1],
      Retried: [0],
      Rejected: [0],
    });
    expect(metrics?.AgeAtProcessing).toHaveLength(3);
  });

  it('handles copies in one batch one after the other: the second finds the record', async () => {
    let running = 0;
    let most = 0;
    const consumer = consumerOf(
      subscription('worker', { to: workQueue, inbox: 'lease' }),
      async () => {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running -= 1;
      },
      settings,
    );
    const answer = await consumer.deliver(
      sqsEvent([{ body: body('T-1') }, { body: body('T-1') }, { body: body('T-1') }]),
    );
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(most).toBe(1);
    expect(metricsOf(consumer.lines)).toMatchObject({ Done: [1], Duplicates: [2] });
  });

  it.each([
    ['no copies, whatever id their data has', dataFirst('e-1'), dataFirst('e-2'), 2],
    [
      'no copies, whatever id is in their text',
      `${dataFirst('e-1')} `,
      body('T-1', 'e-2').replace('""', '"\\"id\\":\\"e-1\\""'),
      2,
    ],
    ['copies, in whatever order their members stand', dataFirst('e-1'), dataLast('e-1'), 1],
    ['copies, however the name is written', dataLast('e-1'), dataLast('e-1').replace('"id"', '"\\u0069d"'), 1],
    ['copies, where an id stands twice', dataLast('e-1'), dataLast('e-1').replace('{', '{"id":"e-2",'), 1],
  ])('tells copies by what JSON says: %s', async (_, first, second, events) => {
    let running = 0;
    let most = 0;
    const consumer = consumerOf(
      subscription('worker', { to: workQueue, inbox: 'lease' }),
      async () => {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running -= 1;
      },
      settings,
    );
    const answer = await consumer.deliver(sqsEvent([{ body: first }, { body: second }]));
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(most).toBe(events);
    expect(metricsOf(consumer.lines)).toMatchObject({ Done: [events], Duplicates: [2 - events] });
  });

  it('keys the inbox by subscription and event', async () => {
    const consumer = consumerOf(once, async () => [write('a')], settings);
    await consumer.deliver(sqsEvent([{ body: body('T-1') }]));
    expect([...consumer.inbox.records.keys()]).toEqual(['worker#e-T-1']);
  });

  it('commits parts once, also when the rest is tried again', async () => {
    const computed: string[] = [];
    let fails = true;
    const consumer = consumerOf(
      once,
      async (_data, { part }) => {
        for (const name of ['one', 'two']) {
          await part(name, async () => {
            computed.push(name);
            return [write(name)];
          });
        }
        if (fails) throw new Error('between the parts and the end');
        return [write('end')];
      },
      settings,
    );
    await consumer.deliver(sqsEvent([{ body: body('T-1') }]));
    fails = false;
    expect(await consumer.deliver(sqsEvent([{ body: body('T-1'), receives: 2 }]))).toEqual({ batchItemFailures: [] });
    expect(computed).toEqual(['one', 'two']);
    expect(consumer.inbox.written).toEqual([write('one'), write('two'), write('end')]);
    expect([...consumer.inbox.records.keys()]).toEqual(['worker#e-T-1#one', 'worker#e-T-1#two', 'worker#e-T-1']);
  });

  it('tries again when a write is refused', async () => {
    const inbox = memoryInbox(Date.now, () => true);
    const consumer = consumerOf(once, async () => [write('a')], { ...settings, inbox });
    expect(await consumer.deliver(sqsEvent([{ body: body('T-1') }]))).toEqual({
      batchItemFailures: [{ itemIdentifier: 'message-0' }],
    });
    expect(consumer.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', error: new WriteRefused([0]).name }),
    );
  });

  it('hands back what there is no time for', async () => {
    let remaining = 30_000;
    const consumer = consumerOf(
      once,
      async () => {
        await new Promise(setImmediate);
        remaining = 2_000;
      },
      settings,
    );
    const fifo = sqsEvent([
      { body: body('T-1', 'a'), group: 'g' },
      { body: body('T-1', 'b'), group: 'g' },
      { body: body('T-1', 'c'), group: 'g' },
    ]);
    const many = sqsEvent(Array.from({ length: 12 }, (_, i) => ({ body: body(`T-${i}`) })));
    expect((await consumer.deliver(many, () => remaining)).batchItemFailures).toEqual([
      { itemIdentifier: 'message-10' },
      { itemIdentifier: 'message-11' },
    ]);
    remaining = 1;
    expect((await consumer.deliver(fifo, () => remaining)).batchItemFailures).toHaveLength(3);
  });

  it('reports one number of a stream: the first that is not done', async () => {
    const consumer = consumerOf(
      subscription('reader', { to: ticketLog }),
      async ({ ticket }) => {
        if (ticket !== 'T-1') throw new Error('no');
      },
      settings,
    );
    const batch = kinesisEvent(
      ['T-1', 'T-2', 'T-3'].map((ticket, i) => ({
        body: body(ticket),
        sequenceNumber: String(100 + i),
        partitionKey: ticket,
      })),
    );
    expect(await consumer.deliver(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: '101' }] });
  });

  it('never logs what is in a message', async () => {
    const secret = 'the customer lives at 1 High Street';
    const consumer = consumerOf(
      once,
      async ({ text }) => {
        if (text !== secret) throw new Error('the test is wrong');
        throw new Error('no');
      },
      settings,
    );
    await consumer.deliver(sqsEvent([{ body: JSON.stringify(opened('T-1', 'e-1', secret)) }]));
    expect(consumer.lines.length).toBeGreaterThan(1);
    expect(JSON.stringify(consumer.lines)).not.toContain('High Street');
  });
});

describe('a consumer that was deployed without', () => {
  const complete = {
    SLUICE_INBOX_TABLE: 'inbox',
    SLUICE_DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:9/dead',
    SLUICE_QUEUE_URL: 'http://127.0.0.1:9/queue',
  };
  const nothing = async () => undefined;
  const handlers = { [events[0].type]: nothing, [events[1].type]: nothing };

  it.each(Object.keys(complete))('%s does not start', (missing) => {
    for (const [name, value] of Object.entries(complete)) process.env[name] = name === missing ? '' : value;
    expect(() => consume(once, handlers)).toThrow(`environment variable ${missing} is not set`);
  });

  it('nothing starts', () => {
    Object.assign(process.env, complete);
    expect(() => consume(once, handlers)).not.toThrow();
  });
});
