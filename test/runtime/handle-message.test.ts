import { describe, expect, it, vi } from 'vitest';
import { minutes, seconds } from '../../lib/contracts/duration.ts';
import { fixed } from '../../lib/contracts/retry.ts';
import { breaker, subscription } from '../../lib/contracts/subscription.ts';
import type { Breaker } from '../../lib/runtime/breaker.ts';
import type { Consumer } from '../../lib/runtime/consumer.ts';
import { handleMessage, type Invocation } from '../../lib/runtime/handle-message.ts';
import type { Message, Outcome } from '../../lib/runtime/message.ts';
import { Defer, Outage, Reject, Retry } from '../../lib/runtime/outcomes.ts';
import { lambda } from '../../lib/runtime/runtime.ts';
import { opened, workQueue } from '../contracts/sample-declarations.ts';
import { memoryInbox } from './memory-inbox.ts';

const message = (receives?: number): Message => ({
  id: 'm-1',
  body: JSON.stringify(opened('A', 'e-1')),
  unit: undefined,
  source: 'test',
  receives,
  firstReceived: 0,
  attributes: {},
});

function invocationOf(handler: () => Promise<undefined>, change: Partial<Consumer>): Invocation {
  const consumer: Consumer = {
    subscription: subscription('worker', {
      to: workQueue,
      guarantee: 'effectively-once',
      retry: fixed({ attempts: 3, wait: seconds(1) }),
      breaker: breaker(),
    }),
    runtime: { ...lambda, now: () => 0 },
    inbox: memoryInbox(() => 0),
    deadLetterQueueUrl: 'dead',
    queueUrl: 'work',
    table: undefined,
    breaker: undefined,
    parking: undefined,
    breakerController: undefined,
    countAttempt: undefined,
    givenUp: undefined,
    readControl: () => Promise.reject(new Error('not asked for here')),
    ...change,
  };
  return {
    consumer,
    handlers: { 'tickets.ticket-opened': handler, 'tickets.ticket-closed': handler },
    context: { getRemainingTimeInMillis: () => 1_000 },
    log: () => undefined,
    observed: { ages: [], durations: [] },
    done: new Map(),
  };
}

/** What becomes of a message whose handler throws. */
const outcomeOf = (thrown: unknown, change: Partial<Consumer> = {}, receives = 1): Promise<Outcome> =>
  handleMessage(
    message(receives),
    invocationOf(() => Promise.reject(thrown), change),
  );

const aBreaker: Breaker = { admit: () => 'all', failed: async () => true, succeeded: async () => undefined };

describe('what a handler throws', () => {
  it.each([undefined, null, 0, 'text', {}, Object.create(null), new Error('no')])(
    'is a failed attempt when it is %s',
    async (thrown) => {
      expect(await outcomeOf(thrown)).toMatchObject({ kind: 'retry', attempt: 1, error: expect.any(Error) });
    },
  );

  it.each<[string, unknown, object]>([
    ['a rejection with its reason', new Reject('too-old', 'no'), { kind: 'rejected', reason: 'too-old' }],
    ['a retry with its wait', new Retry('busy', { after: seconds(7) }), { kind: 'retry', afterSeconds: 7 }],
    ['a deferral', new Defer(minutes(5)), { kind: 'deferred', afterSeconds: 300 }],
  ])('is %s', async (_, thrown, expected) => {
    expect(await outcomeOf(thrown)).toMatchObject(expected);
  });

  it('is an outage for a subscription with a breaker, and a failed attempt for one without', async () => {
    const outage = new Outage('psp', 'down');
    expect(await outcomeOf(outage, { breaker: aBreaker })).toMatchObject({ kind: 'outage', dependency: 'psp' });
    expect(await outcomeOf(outage)).toMatchObject({ kind: 'retry' });
  });
});

describe('attempts', () => {
  it('are used up by receives where nothing else counts', async () => {
    expect((await outcomeOf(new Error('no'), {}, 2)).kind).toBe('retry');
    expect(await outcomeOf(new Error('no'), {}, 3)).toMatchObject({ kind: 'rejected', reason: 'attempts-exhausted' });
  });

  it('are used up by failures where they are counted, however often the message was received', async () => {
    const countAttempt = async (key: string) => (key === 'worker#e-1' ? 2 : 99);
    expect(await outcomeOf(new Error('no'), { countAttempt }, 50)).toMatchObject({ kind: 'retry', attempt: 2 });
    expect((await outcomeOf(new Error('no'), { countAttempt: async () => 3 }, 1)).kind).toBe('rejected');
  });

  it('are not spent by deferrals and outages', async () => {
    const countAttempt = () => Promise.reject(new Error('counted'));
    expect((await outcomeOf(new Defer(minutes(1)), { countAttempt }, 9)).kind).toBe('deferred');
    expect((await outcomeOf(new Outage('psp', 'down'), { countAttempt, breaker: aBreaker }, 9)).kind).toBe('outage');
  });
});

describe('copies of a message in one batch', () => {
  it('cost nothing: the handler runs once and the inbox is asked once', async () => {
    const inbox = memoryInbox(() => 0);
    const commit = vi.spyOn(inbox, 'commit');
    const handler = vi.fn(async () => undefined);
    const invocation = invocationOf(handler, { inbox });
    expect((await handleMessage(message(), invocation)).kind).toBe('done');
    expect((await handleMessage(message(), invocation)).kind).toBe('duplicate');
    expect([handler.mock.calls.length, commit.mock.calls.length]).toEqual([1, 1]);
  });

  it('are rejected when they are no copies', async () => {
    const invocation = invocationOf(async () => undefined, {});
    await handleMessage(message(), invocation);
    const other = { ...message(), body: JSON.stringify(opened('B', 'e-1')) };
    expect(await handleMessage(other, invocation)).toMatchObject({ kind: 'rejected', reason: 'payload-mismatch' });
  });
});
