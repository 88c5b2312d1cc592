import { describe, expect, it } from 'vitest';
import { ENV } from '../../../lib/contracts/agreed/environment.ts';
import {
  breaker,
  type Subscription,
  type SubscriptionOptions,
  subscription,
} from '../../../lib/contracts/subscriptions/subscription.ts';
import { deployedConsumer } from '../../../lib/runtime/consuming/consumer.ts';
import { NO_CONTROL } from '../../../lib/runtime/control/control-items.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { orderedQueue, ticketLog, workQueue } from '../../contracts/sample-declarations.ts';
import { memoryInbox } from '../memory-inbox.ts';

type Options = SubscriptionOptions<Subscription['to']>;

const ALL = {
  [ENV.inboxTable]: 'inbox-table',
  [ENV.deadLetterQueue]: 'dead',
  [ENV.queue]: 'work',
  [ENV.breakerController]: 'controller',
};

/** A consumer in an environment; every call to AWS fails. */
function deployed(options: Options, without: readonly string[] = [], inbox = false) {
  const env: Record<string, string> = Object.fromEntries(Object.entries(ALL).filter(([key]) => !without.includes(key)));
  const calls: string[] = [];
  const runtime: Runtime = {
    ...lambda,
    env: (variable) => env[variable],
    aws: async (_, operation) => Promise.reject(new Error(calls[calls.push(operation) - 1])),
  };
  const own = inbox ? { inbox: memoryInbox(() => 0) } : {};
  return { ...deployedConsumer(subscription('worker', options), { runtime, ...own }), calls };
}

describe('a deployed consumer', () => {
  it('has what its subscription declares, and nothing more', () => {
    expect(deployed({ to: workQueue })).toMatchObject({
      table: 'inbox-table',
      deadLetterQueueUrl: 'dead',
      queueUrl: 'work',
      breaker: undefined,
      breakerController: undefined,
      parking: undefined,
      tries: expect.any(Object),
      givenUp: expect.any(Object),
    });
  });

  it('has a breaker, and knows who switches the mapping', () => {
    const consumer = deployed({ to: workQueue, breaker: breaker() });
    expect(consumer).toMatchObject({
      breaker: expect.any(Object),
      breakerController: 'controller',
      parking: undefined,
    });
    expect(deployed({ to: workQueue, breaker: breaker() }, [ENV.breakerController]).breakerController).toBe(undefined);
  });

  it('has a place for parked keys', () => {
    expect(deployed({ to: orderedQueue, failedKey: 'park' })).toMatchObject({
      breaker: undefined,
      parking: expect.any(Object),
    });
  });

  it('needs no queue for a log', () => {
    expect(deployed({ to: ticketLog }, [ENV.queue]).queueUrl).toBe(undefined);
  });

  it('keeps its inbox in the table', async () => {
    const { inbox, calls } = deployed({ to: workQueue });
    await expect(inbox.find('key')).rejects.toThrow('GetItem');
    expect(calls).toEqual(['GetItem']);
  });

  it('asks the table only when there is something to know', async () => {
    expect(await deployed({ to: workQueue }).readControl([])).toBe(NO_CONTROL);
    await expect(deployed({ to: workQueue, breaker: breaker() }).readControl([])).rejects.toThrow('BatchGetItem');
  });

  it.each<[string, Options]>([
    ['at most once', { to: workQueue, guarantee: 'at-most-once' }],
    ['an aggregation', { to: ticketLog, guarantee: 'exactly-once-aggregation' }],
  ])('keeps nothing for %s', async (_, options) => {
    const consumer = deployed(options, [ENV.inboxTable]);
    expect(consumer).toMatchObject({ table: undefined, tries: undefined, givenUp: undefined });
    expect(await consumer.readControl([])).toBe(NO_CONTROL);
    await expect(consumer.inbox.find('key')).rejects.toThrow('this subscription has no inbox');
  });

  it('that was given an inbox needs no table, and does without what only a table can keep', async () => {
    const parked = deployed({ to: orderedQueue, breaker: breaker(), failedKey: 'park' }, [ENV.inboxTable], true);
    expect(parked).toMatchObject({ table: undefined, breaker: undefined, parking: undefined, tries: undefined });
    expect(parked.breakerController).toBe(undefined);
    expect(await parked.readControl([])).toBe(NO_CONTROL);
    expect(await parked.inbox.find('key')).toBe(undefined);
  });

  it('that was given an inbox uses the table beside it, when there is one', () => {
    expect(deployed({ to: workQueue }, [], true).table).toBe('inbox-table');
  });
});
