import { randomBytes } from 'node:crypto';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeadMessage } from '../../../lib/operations/dead-letters/dead-letter-queue.ts';
import { type Clients, openClients } from '../../../lib/operations/deployed/clients.ts';
import {
  type Due,
  deadEventIds,
  type Letters,
  lettersOf,
  reasonsOf,
  wrongLetters,
} from '../../../lib/operations/systems/letters.ts';
import { describeFailure, sendDeadLetter } from '../../../lib/runtime/dead-letters/dead-letters.ts';
import { keptMessages } from '../../../lib/runtime/dead-letters/kept-messages.ts';
import { lambda } from '../../../lib/runtime/invocation/runtime.ts';
import { bodyOfBytes, type Message } from '../../../lib/runtime/messages/message.ts';
import { createQueue, useLocalServices } from '../../runtime/local-services.ts';
import { answering } from './answering.ts';
import { deadLetter } from './dead-letter.ts';
import { deployedLike } from './deployed-like.ts';

useLocalServices();
let clients: Clients;
beforeAll(() => {
  clients = openClients();
});
afterAll(() => clients.close());

describe('the letters of a stack', () => {
  const send = (QueueUrl: string, MessageBody: string, more: object = {}) =>
    clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
  const deadIn = async (owner: string, name: string, ...bodies: readonly string[]) => {
    const url = await createQueue(name);
    for (const [n, body] of bodies.entries())
      await send(url, body, name.endsWith('.fifo') ? { MessageGroupId: 'guest', MessageDeduplicationId: `${n}` } : {});
    return { url, name, owner };
  };
  const bodiesOf = ({ seen }: Letters) =>
    Object.fromEntries(Object.entries(seen).map(([owner, found]) => [owner, found.map(({ body }) => body).sort()]));

  it('are all that lie in its dead-letter queues, by who gave up, and stay there', async () => {
    // The letter that is too large for its queue lies in a bucket.
    const bytes = randomBytes(1_100_000);
    await clients.s3.send(new CreateBucketCommand({ Bucket: 'kept' }));
    const message: Message = {
      ...{ id: 'm', unit: 'K', source: 'work', receives: 1, firstReceived: 0, attributes: {} },
      ...bodyOfBytes(bytes),
    };
    const kept = keptMessages({ name: 'mails' }, { ...lambda, env: () => 'kept' });
    const large = await deadIn('mails', 'mails-dead');
    await sendDeadLetter(
      lambda.aws,
      large.url,
      message,
      describeFailure('mails', message, 'too-odd', new Error('no'), 0),
      kept,
    );
    const group = Array.from({ length: 12 }, (_, n) => `dead ${n}`);
    const deployed = deployedLike({
      deadLetterQueues: [
        large,
        await deadIn('stock', 'stock-dead', 'dead of stock', 'another'),
        await deadIn('payments', 'payments-dead.fifo', ...group),
        // Of one owner, in two queues: its own redrive and what its function gives up.
        await deadIn('twice', 'twice-dead', 'one'),
        await deadIn('twice', 'twice-given-up.fifo', ...group),
        await deadIn('none', 'none-dead'),
      ],
      unread: [await deadIn('', 'exports', '1', '2', '3'), await deadIn('', 'empty')],
    });
    for (let look = 0; look < 2; look++) {
      const letters = await lettersOf({ clients, deployed });
      const { mails: [odd] = [], ...others } = letters.seen;
      expect(odd?.bytes.equals(bytes)).toBe(true);
      expect(odd).toMatchObject({ letter: { reason: 'too-odd' } });
      const ten = group.slice(0, 10);
      expect(bodiesOf({ ...letters, seen: others })).toEqual({
        ...{ stock: ['another', 'dead of stock'], payments: ten, twice: [...ten, 'one'], none: [] },
      });
      expect(letters.unseen).toEqual({ payments: 2, twice: 2 });
      expect(letters.unread).toEqual({ exports: 3 });
    }
  });
});

it('letters are looked at as SQS shows all of them, and those that were not seen are counted', async () => {
  const sqs = answering(({ input: { QueueUrl } }) =>
    QueueUrl === 'dead' ? { Attributes: { ApproximateNumberOfMessages: '3' } } : {},
  );
  const asking = { sqs: sqs.client } as unknown as Clients;
  const deployed = deployedLike({
    deadLetterQueues: [{ url: 'dead', name: 'dead', owner: 'mails' }],
    unread: [{ url: 'exports', name: 'exports' }],
  });
  expect(await lettersOf({ clients: asking, deployed })).toEqual({
    seen: { mails: [] },
    unseen: { mails: 3 },
    unread: {},
  });
  const asked = sqs.asked.map(({ name, input }) => `${name} ${JSON.stringify(input)}`).sort();
  await expect(`${asked.join('\n')}\n`).toMatchFileSnapshot('kept/letters-calls.txt');
});

const noReason: DeadMessage = { body: '', bytes: Buffer.alloc(0), attributes: {}, letter: undefined };

describe('letters in figures', () => {
  it('are counted by reason, and those that were not seen; who has none is left out', () => {
    const letters: Letters = {
      seen: {
        mails: [deadLetter('broken-json'), deadLetter('broken-json'), noReason],
        stock: [],
        hidden: [],
      },
      unseen: { mails: 4, hidden: 1 },
      unread: {},
    };
    expect(reasonsOf(letters)).toEqual({
      mails: { 'broken-json': 2, 'no-reason': 1, 'not-seen': 4 },
      hidden: { 'not-seen': 1 },
    });
  });

  it('say which events a consumer has given up', () => {
    const dead = deadEventIds({ seen: { mails: [deadLetter('x', 'e-1'), deadLetter('x'), noReason], stock: [] } });
    expect([...(dead.get('mails') ?? [])]).toEqual(['e-1']);
    expect([...(dead.get('stock') ?? [])]).toEqual([]);
  });
});

describe('wrong letters', () => {
  const due: Due = {
    malformed: { consumers: ['mails', 'stock'], reasons: ['broken-json'] },
    deliberate: {},
    atRisk: {},
  };
  const malformed = [deadLetter('broken-json')];
  const right = { mails: malformed, stock: malformed, outbox: [], 'mails-subscription': [] };
  const wrong = (seen: Letters['seen'], more: Partial<Due> = {}) =>
    wrongLetters({ seen: { ...right, ...seen } }, { ...due, ...more });

  it('are none when each consumer has what it was sent and nobody can read', () => {
    expect(wrong({})).toEqual([]);
  });

  it.each<[string, Letters['seen'], string]>([
    [
      'a malformed message was swallowed',
      { mails: [] },
      "dead letters of mails: 0 with reason 'broken-json' instead of 1",
    ],
    [
      'a malformed message was given up twice',
      { stock: [...malformed, ...malformed] },
      "dead letters of stock: 2 with reason 'broken-json' instead of 1",
    ],
    [
      'something else was given up',
      { mails: [...malformed, deadLetter('too-large'), deadLetter('late'), deadLetter('late')] },
      'dead letters of mails that nobody expects: 1 too-large, 2 late',
    ],
    [
      'the outbox gave something up, although it was sent nothing malformed',
      { outbox: malformed },
      'dead letters of outbox that nobody expects: 1 broken-json',
    ],
    [
      'a consumer gave something up that nobody knows',
      { 'added-yesterday': [deadLetter('attempts-exhausted'), deadLetter('attempts-exhausted')] },
      'dead letters of added-yesterday that nobody expects: 2 attempts-exhausted',
    ],
    [
      'a dead letter has no reason',
      { mails: [...malformed, noReason] },
      'dead letters of mails that nobody expects: 1 no-reason',
    ],
    [
      'the topic could not deliver a message',
      { 'mails-subscription': [noReason] },
      'dead letters of mails-subscription that nobody expects: 1 no-reason',
    ],
  ])('are told when %s', (_, seen, text) => {
    expect(wrong(seen)).toEqual([text]);
  });

  it('are told of a consumer that should have letters and has no queue', () => {
    expect(wrong({}, { malformed: { consumers: ['mails', 'stock', 'new'], reasons: ['broken-json'] } })).toEqual([
      "dead letters of new: 0 with reason 'broken-json' instead of 1",
    ]);
  });

  it('are not those that the samples cause on purpose, of that consumer alone', () => {
    const given = [...malformed, deadLetter('attempts-exhausted'), deadLetter('attempts-exhausted')];
    const deliberate = { mails: ['attempts-exhausted'] };
    expect(wrong({ mails: given }, { deliberate })).toEqual([]);
    expect(wrong({ stock: given }, { deliberate })).toEqual([
      'dead letters of stock that nobody expects: 2 attempts-exhausted',
    ]);
  });

  it('are not those that a fault sent once more, but no more than that', () => {
    const twice = [...malformed, ...malformed];
    expect(wrong({ mails: twice }, { atRisk: { mails: 1 } })).toEqual([]);
    expect(wrong({ mails: [...twice, ...malformed] }, { atRisk: { mails: 1 } })).toEqual([
      "dead letters of mails: 3 with reason 'broken-json' instead of 1",
    ]);
    expect(wrong({ mails: twice }, { atRisk: { stock: 1 } })).toHaveLength(1);
    // One fault excuses one letter, of whichever reason.
    const [a, b] = [deadLetter('a'), deadLetter('b')];
    const redriven = [noReason];
    expect(wrong({ mails: [...malformed, ...redriven] }, { atRisk: { mails: 1 } })).toEqual([]);
    expect(wrong({ mails: [...malformed, ...redriven] }, { atRisk: { stock: 1 } })).toEqual([
      'dead letters of mails that nobody expects: 1 no-reason',
    ]);
    const both = { malformed: { consumers: ['mails'], reasons: ['a', 'b'] }, atRisk: { mails: 1 } };
    expect(wrongLetters({ seen: { mails: [a, a, b, b] } }, { ...due, ...both })).toEqual([
      "dead letters of mails: 2 with reason 'b' instead of 1",
    ]);
    // What is missing is excused by nothing.
    expect(wrong({ mails: [] }, { atRisk: { mails: 9 } })).toHaveLength(1);
  });
});
