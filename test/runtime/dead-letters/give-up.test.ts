import { beforeEach, describe, expect, it } from 'vitest';
import { giveUpIfDue } from '../../../lib/runtime/dead-letters/give-up.ts';
import { Reject } from '../../../lib/runtime/invocation/outcomes.ts';
import type { Message, Outcome } from '../../../lib/runtime/messages/message.ts';
import { opened } from '../../contracts/sample-declarations.ts';

const message: Message = {
  ...{
    id: 'm-1',
    body: JSON.stringify(opened('A', 'e-1')),
    unit: 'A',
    source: 'arn:queue',
    receives: 4,
    firstReceived: 0,
  },
  attributes: {},
};
const error = new Reject('broken', "order 'A1' is no good");

let letters: { attempts: number; reason: string }[];
let lines: unknown[][];
let reachable: boolean;
let metrics: { Undeliverable?: number[] }[];
let undeliverable: 'stop' | 'continue';
const noBucket = () => Promise.reject(new Error('there is no bucket'));

beforeEach(() => {
  letters = [];
  lines = [];
  reachable = true;
  metrics = [];
  undeliverable = 'stop';
});

const giveUp = (outcome: Outcome, of = message): Promise<Outcome> =>
  giveUpIfDue(of, outcome, {
    subscription: { name: 'worker', undeliverable },
    kept: { keep: noBucket, fetch: noBucket, forget: noBucket },
    deadLetterQueueUrl: 'dead',
    runtime: {
      now: () => 0,
      env: () => undefined,
      write: (line) => void metrics.push(JSON.parse(line)),
      aws: async (_service, _operation, input) => {
        if (!reachable) throw new Error('SQS is down');
        const { MessageAttributes } = input as { MessageAttributes: Record<string, { StringValue: string }> };
        letters.push(JSON.parse(MessageAttributes.deadLetter?.StringValue ?? ''));
      },
    },
    log: (...line) => void lines.push(line),
  });

describe('what is given up', () => {
  it('is sent once, and remembered as sent', async () => {
    const settled = await giveUp({ kind: 'rejected', reason: 'broken', error });
    expect(settled).toEqual({ kind: 'rejected', reason: 'broken', error, sent: true });
    expect(letters).toEqual([expect.objectContaining({ reason: 'broken', consumer: 'worker', attempts: 4 })]);
    expect(await giveUp(settled)).toBe(settled);
    expect(letters).toHaveLength(1);
  });

  it('is logged with its reason; the words, which may quote the body, are in the dead letter only', async () => {
    await giveUp({ kind: 'rejected', reason: 'broken', error });
    const fingerprint = expect.stringMatching(/^[0-9a-f]{16}$/);
    expect(lines).toEqual([['error', 'dead-lettered', { messageId: 'm-1', reason: 'broken', fingerprint }]]);
  });

  it('after its last attempt is logged with the error of our own code', async () => {
    await giveUp({ kind: 'rejected', reason: 'attempts-exhausted', error: new Error('a bug') });
    expect(lines[0]?.[2]).toMatchObject({ reason: 'attempts-exhausted', errorMessage: 'a bug' });
  });

  it.each([
    ['attempts that were counted', 2, 4, 2],
    ['receives', undefined, 4, 4],
    ['one, where nothing counts', undefined, undefined, 1],
  ])('tells how often it was tried: %s', async (_, attempts, receives, expected) => {
    const counted = attempts === undefined ? {} : { attempts };
    await giveUp({ kind: 'rejected', reason: 'broken', error, ...counted }, { ...message, receives });
    expect(letters).toEqual([expect.objectContaining({ attempts: expected })]);
  });

  it('comes again when its dead letter cannot be sent, and spends no attempt', async () => {
    reachable = false;
    const outcome = await giveUp({ kind: 'rejected', reason: 'broken', error });
    expect(outcome).toEqual({ kind: 'deferred', afterSeconds: 60 });
    expect(lines).toEqual([
      [
        'error',
        'the dead letter could not be sent',
        expect.objectContaining({ messageId: 'm-1', next: 'it comes again', errorMessage: 'SQS is down' }),
      ],
    ]);
    expect(metrics).toEqual([expect.objectContaining({ subscription: 'worker', Undeliverable: [1] })]);
  });

  it('is left when its subscription goes on, and the log says which it was', async () => {
    reachable = false;
    undeliverable = 'continue';
    const record = { shard: 'shardId-0', sequenceNumber: '7', partitionKey: 'A' };
    const outcome = await giveUp({ kind: 'rejected', reason: 'broken', error }, { ...message, record });
    expect(outcome).toEqual({ kind: 'rejected', reason: 'broken', error, sent: true });
    const told = { messageId: 'm-1', shard: 'shardId-0', next: 'it is left' };
    expect(lines).toEqual([['error', 'the dead letter could not be sent', expect.objectContaining(told)]]);
    expect(metrics).toHaveLength(1);
  });
});

describe('what is parked', () => {
  it('for a failure of its own is a dead letter, too', async () => {
    expect(await giveUp({ kind: 'parked', reason: 'broken', error })).toEqual({ kind: 'parked' });
    expect(letters).toEqual([expect.objectContaining({ reason: 'broken' })]);
    expect(lines).toEqual([['error', 'parked', expect.objectContaining({ reason: 'broken' })]]);
  });

  it('stays parked when the dead letter cannot be sent: nothing is lost there', async () => {
    reachable = false;
    expect(await giveUp({ kind: 'parked', reason: 'broken', error })).toEqual({ kind: 'parked' });
    expect(metrics).toHaveLength(1);
  });

  it.each<Outcome>([
    { kind: 'parked' },
    { kind: 'parked', reason: 'broken' },
    { kind: 'parked', error },
    { kind: 'done' },
    { kind: 'held' },
    { kind: 'retry', error, attempt: 1 },
    { kind: 'outage', dependency: 'psp', error },
  ])('or not given up at all is left alone: %j', async (outcome) => {
    expect(await giveUp(outcome)).toBe(outcome);
    expect([letters, lines]).toEqual([[], []]);
  });
});
