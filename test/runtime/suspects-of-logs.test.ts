import { describe, expect, it, vi } from 'vitest';
import { seconds } from '../../lib/contracts/declaring/duration.ts';
import { immediate } from '../../lib/contracts/declaring/retry.ts';
import { mappingRetriesOf } from '../../lib/contracts/subscriptions/delivery-numbers.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { streamVerdict } from '../../lib/local/mappings/delivery/response.ts';
import { type BatchOutcome, processBatch } from '../../lib/local/mappings/streams/stream-batch.ts';
import { AwsError } from '../../lib/runtime/aws/calls/call.ts';
import { consume } from '../../lib/runtime/consuming/consume.ts';
import { opened, ticketLog } from '../contracts/sample-declarations.ts';
import { theirAggregation } from './kpl-aggregation.ts';
import { kinesisEvent, type LogEntry, lambdaContext } from './lambda-events.ts';
import { itemsOf } from './local-services.ts';
import { mortal, TIMEOUT, useWorkers, type Written } from './mortal-functions.ts';

const TABLE = 'suspects-of-logs';
let name: string;
const { left } = useWorkers(TABLE, 'reader', (next) => {
  name = next;
});

interface World extends Written {
  /** What each try of a ticket was told to be. */
  readonly tries: Map<string, number[]>;
  /** Sequence numbers of what the mapping gave up. */
  readonly discarded: string[];
  /** Tickets in the order in which they were done. */
  readonly done: string[];
  /** Writes that were answered. */
  written: number;
  invocations: number;
}

interface Options {
  readonly attempts?: number;
  /** Instances that have had an invocation before. */
  readonly warm?: number;
  /** Ends of the function, in all. */
  readonly crashes?: number;
  /** Failed tries of each ticket named `fail`. */
  readonly failures?: number;
  /** Times that a failed try could not be counted. */
  readonly uncounted?: number;
  /** Each batch is given to a second instance as well, at once. */
  readonly twice?: boolean;
  readonly failedKey?: 'park';
  /** Seconds that a lease outlives the function which took it. */
  readonly lease?: number;
}

/**
 * A log whose records come to functions that end without a word in the handlers of tickets named `crash`. The mapping is the engine's: it splits a batch under
 * which the function ended.
 */
async function read(entries: readonly LogEntry[], options: Options = {}): Promise<World> {
  const {
    attempts = 2,
    warm = 0,
    crashes = Number.POSITIVE_INFINITY,
    failures = 1,
    uncounted = 0,
    twice = false,
    failedKey = 'continue',
    lease,
  } = options;
  const reader = subscription(name, {
    to: ticketLog,
    retry: immediate({ attempts }),
    timeout: seconds(TIMEOUT),
    ...(lease === undefined
      ? { guarantee: 'at-least-once' }
      : { guarantee: 'effectively-once', inbox: 'lease', lease: seconds(lease) }),
    failedKey,
  });
  const world: World = {
    letters: [],
    tries: new Map(),
    discarded: [],
    done: [],
    writes: [],
    written: 0,
    invocations: 0,
  };
  let crashed = 0;
  let refused = 0;
  let now = Date.now();
  interface Instance {
    isAlive(): boolean;
    readonly run: (event: unknown) => Promise<unknown>;
  }

  function start(): Instance {
    const sleep = async (millis: number) => {
      now += millis;
    };
    const { runtime, lives, end, death, isAlive } = mortal(
      TABLE,
      world,
      { now: () => now, sleep },
      {
        beforeWrite(input) {
          if (!String((input as { UpdateExpression?: string }).UpdateExpression).includes('ADD attempts')) return;
          refused += 1;
          if (refused <= uncounted) throw new AwsError('AccessDeniedException', 'never', 400);
        },
        written() {
          world.written += 1;
        },
      },
    );
    const handle = async ({ ticket }: { ticket: string }, { attempt }: { attempt: number }) => {
      await lives();
      const tries = world.tries.get(ticket) ?? [];
      world.tries.set(ticket, [...tries, attempt]);
      if (ticket.includes('crash') && crashed < crashes) {
        crashed += 1;
        await end();
      }
      if (ticket.includes('slow')) await vi.waitFor(() => expect(world.written).toBeGreaterThan(0), { interval: 5 });
      if (ticket.includes('fail') && tries.length < failures) throw new Error('failed as planned');
      world.done.push(ticket);
    };
    const handlers = { 'tickets.ticket-opened': handle, 'tickets.ticket-closed': handle };
    const consumer = consume(reader, handlers, { runtime });
    const run = (event: unknown) =>
      Promise.race([
        consumer(
          event,
          lambdaContext(() => TIMEOUT * 1_000),
        ),
        death,
      ]);
    return { isAlive, run };
  }

  const instances = Array.from({ length: warm }, start);
  for (const instance of instances) await instance.run({ Records: [] });

  const invoke = async (batch: readonly LogEntry[]): Promise<BatchOutcome> => {
    world.invocations += 1;
    const instance = instances.find(({ isAlive }) => isAlive()) ?? start();
    if (!instances.includes(instance)) instances.push(instance);
    const second = twice ? start().run(kinesisEvent(batch)) : undefined;
    const answer = await instance.run(kinesisEvent(batch));
    await second;
    if (answer === undefined) return { kind: 'failed', requestId: '', functionError: 'Unhandled' };
    const verdict = streamVerdict(
      JSON.stringify(answer),
      batch.map(({ sequenceNumber }) => sequenceNumber),
    );
    if (verdict.kind === 'success') return verdict;
    return verdict.kind === 'from'
      ? { ...verdict, requestId: '' }
      : { kind: 'failed', requestId: '', functionError: null };
  };
  await processBatch(
    entries,
    { maximumRetries: mappingRetriesOf(reader), maximumAgeMs: -1, bisect: true },
    {
      invoke,
      discard: async ({ records }) => {
        world.discarded.push(...records.map(({ sequenceNumber }) => sequenceNumber));
      },
      advance: () => undefined,
      wait: async () => undefined,
      arrivedAt: () => 0,
      now: () => 0,
      stopped: () => false,
    },
  );
  return world;
}

/** A ticket of a key of its own a record, or of the keys given: `KEY/TICKET`. */
const logOf = (...tickets: readonly string[]): LogEntry[] =>
  tickets.map((text, i) => {
    const [key = '', ticket = key] = text.split('/');
    return { body: bodyOf(ticket), sequenceNumber: String(100 + i), partitionKey: key };
  });
const bodyOf = (ticket: string) => JSON.stringify(opened(ticket, `${name}/${ticket}`));

describe('a record under which the function ends', () => {
  it.each([
    [1, 0],
    [1, 3],
    [3, 0],
    [3, 3],
  ])(
    'goes to the dead letters with its reason, with %i attempts and %i warm instances; all else is done in order',
    async (attempts, warm) => {
      const world = await read(logOf('a', 'b', 'crash', 'd', 'crash/next', 'f'), { attempts, warm });
      expect(world.discarded).toEqual([]);
      expect(world.letters).toMatchObject([{ reason: 'crashed', attempts, eventId: `${name}/crash` }]);
      expect(new Set(world.done)).toEqual(new Set(['a', 'b', 'd', 'next', 'f']));
      // Every instance may end once before anything is known; splitting six records takes three, and its tries follow.
      expect(world.invocations).toBeLessThan(2 * (3 + warm + attempts + 1) + 6);
    },
  );

  it('is one of several, of the same key too', async () => {
    const world = await read(logOf('crash-1', 'a/crash-2', 'a/crash-3', 'a/fine'), { attempts: 2 });
    expect(world.discarded).toEqual([]);
    expect(world.letters.map(({ reason, eventId }) => [eventId, reason])).toEqual([
      [`${name}/crash-1`, 'crashed'],
      [`${name}/crash-2`, 'crashed'],
      [`${name}/crash-3`, 'crashed'],
    ]);
    expect(world.done).toEqual(['fine']);
  });

  it('is parked where its key is, and what follows it waits behind it', async () => {
    const world = await read(logOf('k/crash', 'k/next', 'other'), { attempts: 2, failedKey: 'park' });
    expect(world.discarded).toEqual([]);
    expect(world.letters).toMatchObject([{ reason: 'crashed', attempts: 2, eventId: `${name}/crash` }]);
    expect(new Set(world.done)).toEqual(new Set(['other']));
    const parked = (await itemsOf(TABLE)).filter(
      ({ pk, number }) => String(pk).startsWith(`parked!${name}!`) && number,
    );
    expect(parked.map(({ number, messageId, reason }) => [number, messageId, reason]).toSorted()).toEqual([
      [1, '100', 'crashed'],
      [2, '101', undefined],
    ]);
    expect(await left()).toEqual([]);
  });

  it('has lost nothing when it goes well after all', async () => {
    const world = await read(logOf('a', 'crash', 'b'), { attempts: 3, crashes: 4 });
    expect([world.letters, world.discarded]).toEqual([[], []]);
    expect(new Set(world.done)).toEqual(new Set(['a', 'crash', 'b']));
    expect(await left()).toEqual([]);
  });

  it('is an aggregated one: the event in it goes, those beside it are done', async () => {
    const tickets = ['a', 'crash', 'b', 'c'];
    const record = await theirAggregation(tickets.map((ticket) => ({ key: ticket, data: bodyOf(ticket) })));
    const world = await read([{ body: record, sequenceNumber: '100' }, ...logOf('z')], { attempts: 2, warm: 1 });
    expect(world.discarded).toEqual([]);
    expect(world.letters).toMatchObject([{ reason: 'crashed', attempts: 2, eventId: `${name}/crash` }]);
    expect(new Set(world.done)).toEqual(new Set(['a', 'b', 'c', 'z']));
  });

  it.each([0, 1, 3])('leaves a lease behind that runs for longer, with %i warm instances', async (warm) => {
    const world = await read(logOf('a', 'crash', 'b'), { attempts: 2, warm, lease: 3 * TIMEOUT });
    expect(world.discarded).toEqual([]);
    expect(world.letters).toMatchObject([{ reason: 'crashed', attempts: 2, eventId: `${name}/crash` }]);
    expect(new Set(world.done)).toEqual(new Set(['a', 'b']));
  });

  it.each([0, 1, 3])('leaves a lease behind in an aggregated record, with %i warm instances', async (warm) => {
    const tickets = ['a', 'crash', 'b'];
    const record = await theirAggregation(tickets.map((ticket) => ({ key: ticket, data: bodyOf(ticket) })));
    const log = [
      { body: record, sequenceNumber: '100' },
      ...logOf('z').map((one) => ({ ...one, sequenceNumber: '101' })),
    ];
    const world = await read(log, { attempts: 2, warm, lease: 3 * TIMEOUT });
    expect(world.discarded).toEqual([]);
    expect(world.letters).toMatchObject([{ reason: 'crashed', attempts: 2, eventId: `${name}/crash` }]);
    expect(new Set(world.done)).toEqual(new Set(['a', 'b', 'z']));
  });
});

it('is no crash when a failed try could not be counted', async () => {
  const world = await read(logOf('fail'), { attempts: 1, failures: 9, uncounted: 1 });
  expect(world.tries.get('fail')).toEqual([1, 1]);
  expect(world.letters).toMatchObject([{ reason: 'attempts-exhausted', attempts: 1 }]);
});

it('is no crash when Lambda gives a batch to two instances at once', async () => {
  const world = await read(logOf('a', 'b', 'c'), { attempts: 1, twice: true });
  expect([world.letters, world.discarded]).toEqual([[], []]);
  const alone = await read(logOf('d-slow'), { attempts: 1, twice: true });
  expect([alone.letters, alone.discarded]).toEqual([[], []]);
  expect(alone.done).toContain('d-slow');
  expect(await left()).toEqual([]);
});

it('costs no write but of the first record of an instance that comes alone', async () => {
  expect((await read(logOf('a', 'b'), {})).writes).toEqual([]);
  expect((await read(logOf('a'), { warm: 1 })).writes).toEqual([]);
  expect((await read(logOf('a'), {})).writes).toEqual(['UpdateItem', 'DeleteItem']);
});

describe('a handler is told which try it is', () => {
  it('of a record behind others that were held back', async () => {
    const world = await read(logOf('k/a-slow', 'k/a-2', 'l/b-fail', 'm/c-fail'), { attempts: 9, failures: 3 });
    expect(world.done.slice(0, 2)).toEqual(['a-slow', 'a-2']);
    for (const ticket of ['b-fail', 'c-fail'])
      expect([ticket, world.tries.get(ticket)]).toEqual([ticket, [1, 2, 3, 4]]);
    expect([world.letters, world.discarded]).toEqual([[], []]);
    expect(await left()).toEqual([]);
  });

  it('of a record whose last try is over, but which is given up only with those before it', async () => {
    const world = await read(logOf('k/a-slow', 'k/a-2', 'l/b-fail'), { attempts: 1, failures: 2 });
    expect(world.tries.get('b-fail')).toEqual([1]);
    expect(world.letters).toMatchObject([{ reason: 'attempts-exhausted', attempts: 1, eventId: `${name}/b-fail` }]);
  });

  it('of an event behind others in its record', async () => {
    const tickets = ['a', 'b-fail', 'c'];
    const record = await theirAggregation(tickets.map((ticket) => ({ key: ticket, data: bodyOf(ticket) })));
    const world = await read([{ body: record, sequenceNumber: '100' }], { attempts: 9, failures: 3 });
    expect(world.tries.get('b-fail')).toEqual([1, 2, 3, 4]);
    expect(await left()).toEqual([]);
  });
});
