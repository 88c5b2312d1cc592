import { describe, expect, it, vi } from 'vitest';
import { minutes, seconds } from '../../../lib/contracts/declaring/duration.ts';
import { fixed } from '../../../lib/contracts/declaring/retry.ts';
import { breaker, subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { AwsError, OutOfTime } from '../../../lib/runtime/aws/calls/call.ts';
import type { Consumer } from '../../../lib/runtime/consuming/consumer.ts';
import { handleMessage, type Invocation } from '../../../lib/runtime/consuming/handle-message.ts';
import type { Breaker } from '../../../lib/runtime/control/breaker.ts';
import { NO_TRIES, type Tries } from '../../../lib/runtime/control/tries.ts';
import { keptMessages } from '../../../lib/runtime/dead-letters/kept-messages.ts';
import { fingerprintOf } from '../../../lib/runtime/inbox/once.ts';
import { deadline } from '../../../lib/runtime/invocation/deadline.ts';
import { Defer, Outage, Reject, Retry } from '../../../lib/runtime/invocation/outcomes.ts';
import { lambda } from '../../../lib/runtime/invocation/runtime.ts';
import type { Message, Outcome } from '../../../lib/runtime/messages/message.ts';
import { opened, TicketOpened, workQueue } from '../../contracts/sample-declarations.ts';
import { memoryInbox } from '../memory-inbox.ts';

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
    kept: keptMessages({ name: 'worker' }, lambda),
    queueUrl: 'work',
    table: undefined,
    breaker: undefined,
    parking: undefined,
    breakerController: undefined,
    tries: undefined,
    givenUp: undefined,
    readControl: () => Promise.reject(new Error('not asked for here')),
    ...change,
  };
  return {
    consumer,
    handlers: { 'tickets.ticket-opened': handler, 'tickets.ticket-closed': handler },
    context: { getRemainingTimeInMillis: () => 10_000 },
    deadline: deadline({ every: () => () => undefined }, { getRemainingTimeInMillis: () => 10_000 }, 0),
    handlerMillis: 10_000,
    triesOf: () => NO_TRIES,
    log: () => undefined,
    observed: { ages: [], durations: [] },
    done: new Map(),
    usedUp: new Map(),
  };
}

/** @param failed how many tries have failed with this one */
const triesWith = (failed: (message: Message) => Promise<number>): Tries => ({
  failed,
  crashed: async () => undefined,
  starts: async () => undefined,
  undelivered: async () => undefined,
  precedes: async () => undefined,
  ended: async () => undefined,
  forget: async () => undefined,
});

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
    ['a retry without a wish', new Retry('busy'), { kind: 'retry', attempt: 1 }],
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

describe('a message', () => {
  it('of a type without a handler is rejected: it will not have one when it comes again', async () => {
    const invocation = { ...invocationOf(async () => undefined, {}), handlers: {} };
    expect(await handleMessage(message(), invocation)).toMatchObject({ kind: 'rejected', reason: 'unknown-type' });
  });

  it('that cannot be read is rejected with its reason and what the reader said', async () => {
    const outcome = await handleMessage(
      { ...message(), body: '{' },
      invocationOf(async () => undefined, {}),
    );
    expect(outcome).toMatchObject({
      kind: 'rejected',
      reason: 'broken-json',
      error: { cause: { reason: 'broken-json' } },
    });
  });

  it('that the schema itself cannot bear is tried again: the fault is not in the message', async () => {
    const fault = () => {
      throw new RangeError('the schema is broken');
    };
    const broken = { ...TicketOpened, data: { '~standard': { version: 1 as const, vendor: 'test', validate: fault } } };
    const { consumer, ...rest } = invocationOf(async () => undefined, {});
    const to = { ...workQueue, events: [broken] };
    const invocation = { ...rest, consumer: { ...consumer, subscription: { ...consumer.subscription, to } } };
    expect(await handleMessage(message(1), invocation)).toMatchObject({ kind: 'retry' });
  });

  it('is measured: its age when it is read, and how long its handler took', async () => {
    const published = Date.parse('2026-11-20T08:00:00Z');
    let now = published + 4_000;
    const invocation = invocationOf(
      async () => {
        now += 250;
        return undefined;
      },
      { runtime: { ...lambda, now: () => now } },
    );
    await handleMessage(message(), invocation);
    expect(invocation.observed).toEqual({ ages: [4_000], durations: [250] });
  });

  it('from a clock that is ahead has no age below nothing; a handler that fails took its time, too', async () => {
    const invocation = invocationOf(() => Promise.reject(new Error('no')), {});
    await handleMessage(message(1), invocation);
    expect(invocation.observed).toEqual({ ages: [0], durations: [0] });
  });

  it('that is done is logged with its ids and nothing of its data', async () => {
    const log = vi.fn();
    const { traceparent } = JSON.parse(message().body);
    const sent = { ...message(), body: JSON.stringify({ ...opened('A', 'e-1'), traceparent }) };
    await handleMessage(sent, { ...invocationOf(async () => undefined, {}), log });
    expect(log.mock.calls).toEqual([
      [
        'info',
        'done',
        { event: 'e-1', type: 'tickets.ticket-opened', traceId: traceparent.slice(3, 35), correlationId: 'e-1' },
      ],
    ]);
  });
});

describe('attempts', () => {
  it('are used up by receives where nothing else counts', async () => {
    expect((await outcomeOf(new Error('no'), {}, 2)).kind).toBe('retry');
    expect(await outcomeOf(new Error('no'), {}, 3)).toMatchObject({ kind: 'rejected', reason: 'attempts-exhausted' });
  });

  it('of a message whose body cannot be fetched are counted like others', async () => {
    const counted: string[] = [];
    const invocation = invocationOf(async () => undefined, {
      tries: triesWith(async ({ id }) => counted.push(id)),
      runtime: { ...lambda, aws: () => Promise.reject(new Error('S3 is down')), env: () => 'bucket' },
    });
    const claimed = JSON.stringify({ claimCheck: { bucket: 'bucket', key: 'claims/x', bytes: 1, sha256: 'x' } });
    const fetch = () => handleMessage({ ...message(50), body: claimed }, invocation);
    expect(await fetch()).toMatchObject({ kind: 'retry', attempt: 1 });
    expect(await fetch()).toMatchObject({ kind: 'retry', attempt: 2 });
    expect(await fetch()).toMatchObject({ kind: 'rejected', reason: 'attempts-exhausted', attempts: 3 });
    expect(counted).toEqual(['m-1', 'm-1', 'm-1']);
  });

  it('are used up by failures where they are counted, however often the message was received', async () => {
    const tries = triesWith(async ({ id }) => (id === 'm-1' ? 2 : 99));
    expect(await outcomeOf(new Error('no'), { tries }, 50)).toMatchObject({ kind: 'retry', attempt: 2 });
    expect((await outcomeOf(new Error('no'), { tries: triesWith(async () => 3) }, 1)).kind).toBe('rejected');
  });

  it('of a copy whose event is done by now come to a duplicate, not to a dead letter', async () => {
    const inbox = memoryInbox(() => 0);
    const failing = { inbox, tries: triesWith(async () => 3) };
    expect((await outcomeOf(new Error('no'), failing)).kind).toBe('rejected');
    const fingerprint = fingerprintOf(opened('A', 'e-1'));
    await inbox.commit({ key: 'worker#e-1', fingerprint }, []);
    expect(await outcomeOf(new Error('no'), failing)).toEqual({ kind: 'duplicate' });
    inbox.records.set('worker#e-1', { state: 'done', fingerprint: 'of another payload' });
    expect((await outcomeOf(new Error('no'), failing)).kind).toBe('rejected');
  });

  it('are not spent by a store that is busy; the message comes again', async () => {
    const tries = triesWith(() => Promise.reject(new Error('counted')));
    const busy = new AwsError('ThrottlingException', 'slow down', 400);
    expect(await outcomeOf(busy, { tries, runtime: { ...lambda, random: () => 0.5 } }, 9)).toEqual({
      kind: 'deferred',
      afterSeconds: 30,
      error: busy,
    });
  });

  it('are not spent by a call that the time of the invocation was up for', async () => {
    const tries = triesWith(() => Promise.reject(new Error('counted')));
    const error = new OutOfTime('dynamodb did not answer within the time that its invocation had left for it');
    expect(await outcomeOf(error, { tries }, 9)).toMatchObject({ kind: 'deferred', error });
  });

  it('are not spent by deferrals and outages', async () => {
    const tries = triesWith(() => Promise.reject(new Error('counted')));
    expect((await outcomeOf(new Defer(minutes(1)), { tries }, 9)).kind).toBe('deferred');
    expect((await outcomeOf(new Outage('psp', 'down'), { tries, breaker: aBreaker }, 9)).kind).toBe('outage');
  });
});

describe('copies of a message in one batch', () => {
  it('are handled each where no inbox was asked for', async () => {
    const handler = vi.fn(async () => undefined);
    const invocation = invocationOf(handler, { subscription: subscription('worker', { to: workQueue }) });
    expect((await handleMessage(message(), invocation)).kind).toBe('done');
    expect((await handleMessage(message(), invocation)).kind).toBe('done');
    expect(handler).toHaveBeenCalledTimes(2);
  });

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
