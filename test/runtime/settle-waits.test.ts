import { beforeEach, describe, expect, it } from 'vitest';
import { minutes, seconds } from '../../lib/contracts/declaring/duration.ts';
import { exponential } from '../../lib/contracts/declaring/retry.ts';
import { breaker, subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { NO_TRIES } from '../../lib/runtime/control/tries.ts';
import { keptMessages } from '../../lib/runtime/dead-letters/kept-messages.ts';
import { Reject } from '../../lib/runtime/invocation/outcomes.ts';
import { lambda } from '../../lib/runtime/invocation/runtime.ts';
import type { Message, Outcome } from '../../lib/runtime/messages/message.ts';
import { type SettleContext, settle } from '../../lib/runtime/settling/settle.ts';
import { workQueue } from '../contracts/sample-declarations.ts';

const NOW = 1_000_000;
const error = new Error('a bug');
const retry: Outcome = { kind: 'retry', error, attempt: 1 };
const held: Outcome = { kind: 'held' };
const outage: Outcome = { kind: 'outage', dependency: 'psp', error };
const rejected: Outcome = { kind: 'rejected', reason: 'broken', error: new Reject('broken', 'no') };

const message = (id: string, more: Partial<Message> = {}): Message => ({
  ...{ id, body: '', unit: id[0], source: 'test', receives: 1, firstReceived: 0, receiptHandle: id, attributes: {} },
  ...more,
});

const retrying = { to: workQueue, retry: exponential({ attempts: 3, base: seconds(8), cap: minutes(1) }) };
const plain = subscription('worker', retrying);
const guarded = subscription('worker', { ...retrying, breaker: breaker({ coolDown: seconds(30) }) });

let waits: Record<string, number>;
/** Milliseconds that the function itself waited. */
let slept: number[];
let letters: string[];
let lines: unknown[][];

beforeEach(() => {
  waits = {};
  slept = [];
  letters = [];
  lines = [];
});

async function settled(
  stops: 'unit' | 'batch',
  outcomes: readonly (readonly [string | Message, Outcome | undefined])[],
  more: Partial<SettleContext> = {},
): Promise<string[]> {
  const messages = outcomes.map(([one]) => (typeof one === 'string' ? message(one) : one));
  const known = outcomes.flatMap(([, outcome], i) => {
    const one = messages[i];
    return outcome === undefined || one === undefined ? [] : [[one, outcome] as const];
  });
  const context: SettleContext = {
    ...{
      subscription: plain,
      deadLetterQueueUrl: 'dead',
      kept: keptMessages(plain, lambda),
      queueUrl: 'work',
      openUntil: undefined,
      givenUp: undefined,
      tries: undefined,
      triesOf: () => NO_TRIES,
      millisToWait: () => 20_000,
    },
    log: (...line) => void lines.push(line),
    runtime: {
      now: () => NOW,
      random: () => 0.5,
      sleep: async (millis) => void slept.push(millis),
      env: () => undefined,
      write: () => undefined,
      aws: async (_service, operation, input) => {
        const { ReceiptHandle = '', VisibilityTimeout = -1, MessageBody } = input as Record<string, never>;
        if (operation === 'ChangeMessageVisibility') waits[ReceiptHandle] = VisibilityTimeout;
        else letters.push(`${operation} ${MessageBody}`);
      },
    },
    ...more,
  };
  const { batchItemFailures } = await settle({ stops, messages }, new Map(known), context);
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

describe('the wait of a log, which has no visibility timeout: the function answers later', () => {
  it.each<[string, Outcome, number[]]>([
    ['for what is deferred', { kind: 'deferred', afterSeconds: 3 }, [3_000]],
    ['for a lease that somebody holds', { kind: 'held', afterSeconds: 7 }, [7_000]],
    ['for what the handler wished', { ...retry, afterSeconds: 2 }, [2_000]],
    ['for a lease that an abandoned handler has', { ...retry, atLeastSeconds: 4 }, [4_000]],
    ['no longer than the function has time', { kind: 'deferred', afterSeconds: 3_600 }, [20_000]],
    ['is none after a failure: the mapping has its own', retry, []],
    ['is none for want of time', held, []],
    ['is none when all is done', { kind: 'done' }, []],
  ])('%s', async (_, outcome, expected) => {
    await settled('batch', [
      ['a1', { kind: 'done' }],
      ['b1', outcome],
      ['c1', { kind: 'deferred', afterSeconds: 9 }],
    ]);
    expect(slept).toEqual(outcome.kind === 'done' ? [9_000] : expected);
    expect(waits).toEqual({});
  });

  it('is a matter of queues elsewhere', async () => {
    await settled('unit', [['a1', { kind: 'deferred', afterSeconds: 3 }]]);
    expect([slept, waits]).toEqual([[], { a1: 3 }]);
  });
});

describe('the wait of a message', () => {
  it.each<[string, Outcome, number]>([
    ['after a failure is drawn from the policy', { ...retry, attempt: 2 }, 8],
    ['after a failure is what the handler wished', { ...retry, afterSeconds: 7 }, 7],
    ['that was deferred is as long as it said', { kind: 'deferred', afterSeconds: 90 }, 90],
    ['is a whole number of seconds, never early', { kind: 'deferred', afterSeconds: 1.2 }, 2],
    ['is at most what SQS takes', { kind: 'deferred', afterSeconds: 99_999 }, 43_200],
    ['that was held for want of time is nothing', held, 0],
    ['during an outage without a breaker is nothing', outage, 0],
  ])('%s', async (_, outcome, expected) => {
    expect(await settled('unit', [['a1', outcome]])).toEqual(['a1']);
    expect(waits).toEqual({ a1: expected });
  });

  it('during an outage is the cool-down, also of what was held behind it', async () => {
    await settled(
      'unit',
      [
        ['a1', outage],
        ['a2', held],
        ['b1', held],
      ],
      { subscription: guarded },
    );
    expect(waits).toEqual({ a1: 30, a2: 30, b1: 30 });
  });

  it('is what is left of the pause, when the breaker was open already and the cool-down is shorter', async () => {
    await settled(
      'unit',
      [
        ['a1', held],
        ['b1', outage],
      ],
      { subscription: guarded, openUntil: NOW + 45_000 },
    );
    expect(waits).toEqual({ a1: 45, b1: 45 });
  });

  it('without an outage is nothing more than what is left of the pause', async () => {
    await settled('unit', [['a1', held]], { subscription: guarded, openUntil: NOW + 5_000 });
    expect(waits).toEqual({ a1: 5 });
    await settled('unit', [['a1', held]], { subscription: guarded, openUntil: NOW - 5_000 });
    expect(waits).toEqual({ a1: 0 });
  });

  it('is that of the failure before it in its unit, and of no other', async () => {
    await settled('unit', [
      ['a1', { ...retry, afterSeconds: 9 }],
      ['a2', held],
      ['b1', held],
    ]);
    expect(waits).toEqual({ a1: 9, a2: 9, b1: 0 });
  });

  it('without a unit follows nobody', async () => {
    const [one, two] = [message('x', { unit: undefined }), message('y', { unit: undefined })];
    await settled('unit', [
      [one, { ...retry, afterSeconds: 9 }],
      [two, held],
    ]);
    expect(waits).toEqual({ x: 9, y: 0 });
  });

  it('is nobody’s business where there is no queue or no receipt', async () => {
    const { receiptHandle: _, ...without } = message('a1');
    expect(await settled('unit', [[without, retry]])).toEqual(['a1']);
    expect(await settled('unit', [['b1', retry]], { queueUrl: undefined })).toEqual(['b1']);
    expect(await settled('batch', [['c1', retry]])).toEqual(['c1']);
    expect(waits).toEqual({});
  });
});

describe('what is reported', () => {
  const done: Outcome = { kind: 'done' };

  it('of a queue is everything that is to come again, also what nothing is known of', async () => {
    expect(
      await settled('unit', [
        ['a1', done],
        ['b1', retry],
        ['c1', undefined],
        ['d1', rejected],
      ]),
    ).toEqual(['b1', 'c1']);
    expect(letters).toHaveLength(1);
    expect(lines).toContainEqual(['warn', 'will be tried again', expect.objectContaining({ messageId: 'b1' })]);
  });

  it('of a stream is the first failure; dead letters beyond it wait for the next delivery', async () => {
    expect(
      await settled('batch', [
        ['a1', rejected],
        ['b1', retry],
        ['c1', rejected],
        ['d1', retry],
      ]),
    ).toEqual(['b1']);
    expect(letters).toHaveLength(1);
    expect(lines.filter(([, text]) => text === 'will be tried again')).toEqual([
      ['warn', 'will be tried again', expect.objectContaining({ messageId: 'b1' })],
    ]);
  });

  it('of a stream that fails at once is the first record, and nothing is sent', async () => {
    expect(
      await settled('batch', [
        ['a1', retry],
        ['b1', rejected],
      ]),
    ).toEqual(['a1']);
    expect(letters).toEqual([]);
  });

  it('of a queue does not hold dead letters back behind a failure', async () => {
    expect(
      await settled('unit', [
        ['a1', retry],
        ['b1', rejected],
      ]),
    ).toEqual(['a1']);
    expect(letters).toHaveLength(1);
  });
});
