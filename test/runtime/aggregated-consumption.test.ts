import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { aggregate } from '../../lib/runtime/aggregation/aggregate.ts';
import { Reject } from '../../lib/runtime/invocation/outcomes.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { aggregated } from '../../lib/runtime/messages/aggregated-record.ts';
import { opened, ticketLog } from '../contracts/sample-declarations.ts';
import { consumerOf } from './consumer-harness.ts';
import { theirAggregation } from './kpl-aggregation.ts';
import { kinesisEvent, lambdaContext } from './lambda-events.ts';
import {
  createBusinessTable,
  createInboxTable,
  createQueue,
  drain,
  itemsOf,
  useLocalServices,
} from './local-services.ts';
import { memoryInbox } from './memory-inbox.ts';

useLocalServices();

let dead: string;
beforeAll(async () => {
  dead = await createQueue('dead');
  await createInboxTable('inbox');
  await createBusinessTable('totals');
});
beforeEach(async () => void (await drain(dead)));

/** A record with a ticket's events, by their texts. */
const record = (sequenceNumber: number, ticket: string, texts: readonly string[]) => ({
  sequenceNumber: String(sequenceNumber),
  partitionKey: ticket,
  body: aggregated(
    ticket,
    texts.map((text) => Buffer.from(JSON.stringify(opened(ticket, `${ticket}/${sequenceNumber}/${text}`, text)))),
  ),
});

/** A record with events of several tickets. */
const mixedRecord = async (sequenceNumber: number, parts: readonly (readonly [ticket: string, text: string])[]) => ({
  sequenceNumber: String(sequenceNumber),
  partitionKey: 'any',
  body: await theirAggregation(
    parts.map(([ticket, text]) => ({
      key: ticket,
      data: JSON.stringify(opened(ticket, `${ticket}/${sequenceNumber}/${text}`, text)),
    })),
  ),
});

const ALL_DONE = { batchItemFailures: [] };

describe('a consumer of aggregated records', () => {
  const reader = subscription('reader', { to: ticketLog, guarantee: 'effectively-once' });

  function consumer(fail: (text: string) => Error | undefined, declared = reader, deadLetterQueueUrl = dead) {
    const handled: string[] = [];
    const inbox = memoryInbox(Date.now);
    const harness = consumerOf(
      declared,
      async ({ text }) => {
        handled.push(text);
        const error = fail(text);
        if (error !== undefined) throw error;
      },
      { deadLetterQueueUrl, inbox, table: 'inbox' },
    );
    return { ...harness, handled, inbox };
  }

  it('reports the record; what it had done of it is a duplicate the next time', async () => {
    let down = true;
    const c = consumer((text) => (text === 'c' && down ? new Error('later') : undefined));
    const batch = kinesisEvent([record(7, 'T-1', ['a', 'b', 'c', 'd']), record(8, 'T-1', ['e'])]);
    expect(await c.deliver(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: '7' }] });
    expect(c.handled).toEqual(['a', 'b', 'c']);
    down = false;
    expect(await c.deliver(batch)).toEqual(ALL_DONE);
    expect(c.lines.filter(({ message }) => message === 'duplicate')).toHaveLength(2);
    expect([...c.inbox.records.keys()]).toHaveLength(5);
  });

  it('goes on past a rejected event, whose dead letter is sent at once', async () => {
    const c = consumer((text) => (text === 'b' ? new Reject('no', 'never') : undefined));
    const batch = kinesisEvent([record(9, 'T-2', ['a', 'b', 'c']), record(10, 'T-2', ['d'])]);
    expect(await c.deliver(batch)).toEqual(ALL_DONE);
    expect(c.handled).toEqual(['a', 'b', 'c', 'd']);
    expect(await drain(dead)).toHaveLength(1);
  });

  it('neither handles again nor gives up again what it gave up of a record that comes again', async () => {
    let down = true;
    const c = consumer((text) =>
      text === 'a' && down ? new Reject('no', 'never') : text === 'c' && down ? new Error('later') : undefined,
    );
    const batch = kinesisEvent([record(12, 'T-4', ['a', 'b', 'c'])]);
    expect(await c.deliver(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: '12' }] });
    expect(await drain(dead)).toHaveLength(1);
    down = false;
    expect(await c.deliver(batch)).toEqual(ALL_DONE);
    expect(c.handled).toEqual(['a', 'b', 'c', 'b', 'c']);
    expect(await drain(dead)).toEqual([]);
  });

  it('parks an event of a record once, however often the record comes', async () => {
    const parker = subscription('parker', { to: ticketLog, guarantee: 'effectively-once', failedKey: 'park' });
    let down = true;
    const c = consumer(
      (text) => (text === 'a' ? new Reject('no', 'never') : text === 'x' && down ? new Error('later') : undefined),
      parker,
    );
    const batch = kinesisEvent([
      await mixedRecord(14, [
        ['T-6', 'a'],
        ['T-6', 'b'],
        ['T-7', 'x'],
      ]),
    ]);
    expect(await c.deliver(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: '14' }] });
    down = false;
    expect(await c.deliver(batch)).toEqual(ALL_DONE);
    const parked = (await itemsOf('inbox')).filter(({ body }) => body !== undefined);
    expect(parked.map(({ messageId }) => messageId).toSorted()).toEqual(['14.0', '14.1']);
    expect(await drain(dead)).toHaveLength(1);
  });

  it.each([
    ['an event alone', 20, ['b']],
    ['an event behind others of its record', 21, ['a', 'b', 'c']],
  ])('while its dead letter is refused, does not handle %s again', async (_, sequenceNumber, texts) => {
    const fail = (text: string) => (text === 'b' ? new Reject('no', 'never') : undefined);
    const batch = kinesisEvent([record(sequenceNumber, `T-${sequenceNumber}`, texts)]);
    const refused = consumer(fail, reader, dead.replace('dead', 'gone'));
    for (let delivery = 0; delivery < 3; delivery += 1)
      expect(await refused.deliver(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: String(sequenceNumber) }] });
    expect(refused.handled.filter((text) => text === 'b')).toEqual(['b']);
    const c = consumer(fail);
    expect(await c.deliver(batch)).toEqual(ALL_DONE);
    expect(c.handled).not.toContain('b');
    expect(await drain(dead)).toHaveLength(1);
    const tries = (await itemsOf('inbox')).filter(({ pk }) =>
      String(pk).startsWith(`attempts!reader#${sequenceNumber}`),
    );
    expect(tries).toEqual([]);
  });

  it('dead-letters the event alone, as it would have come by itself', async () => {
    const c = consumer((text) => (text === 'b' ? new Reject('no', 'never') : undefined));
    await c.deliver(kinesisEvent([record(13, 'T-5', ['a', 'b'])]));
    const [letter] = await drain(dead);
    expect(JSON.parse(letter?.Body ?? '')).toMatchObject({ id: 'T-5/13/b', data: { text: 'b' } });
  });
});

describe('an aggregation over aggregated records', () => {
  const counting = subscription('counting', { to: ticketLog, guarantee: 'exactly-once-aggregation' });
  const env: Record<string, string> = { SLUICE_INBOX_TABLE: 'inbox' };

  function folding(runtime: Runtime) {
    return aggregate(
      counting,
      (events) => [
        {
          Update: {
            TableName: 'totals',
            Key: { pk: 'all' },
            UpdateExpression: 'ADD seen :count',
            ExpressionAttributeValues: { ':count': events.length },
          },
        },
      ],
      runtime,
    );
  }
  const seen = async () => (await itemsOf('totals'))[0]?.seen;

  it('counts each event once, also when it dies between two transactions of one record', async () => {
    let transactions = 0;
    const dying: Runtime = {
      ...lambda,
      write: () => undefined,
      env: (name) => (name === 'SLUICE_DEAD_LETTER_QUEUE_URL' ? dead : env[name]),
      async aws(service, operation, input) {
        if (operation === 'TransactWriteItems' && ++transactions === 2) throw new Error('killed');
        return lambda.aws(service, operation, input);
      },
    };
    const texts = Array.from({ length: 100 }, (_, i) => String(i));
    const batch = kinesisEvent([record(1, 'T-1', texts), record(2, 'T-1', ['last'])]);
    await expect(folding(dying)(batch, lambdaContext())).rejects.toThrow('killed');
    expect(await seen()).toBe(45);
    expect(await folding(dying)(batch, lambdaContext())).toEqual(ALL_DONE);
    expect(await seen()).toBe(101);
    expect(await folding(dying)(batch, lambdaContext())).toEqual(ALL_DONE);
    expect(await seen()).toBe(101);
  });
});
