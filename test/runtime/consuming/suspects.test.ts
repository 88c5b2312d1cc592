import { describe, expect, it } from 'vitest';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { immediate } from '../../../lib/contracts/declaring/retry.ts';
import { maxReceiveCountOf } from '../../../lib/contracts/subscriptions/delivery-numbers.ts';
import { type SubscriptionOptions, subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { consume } from '../../../lib/runtime/consuming/consume.ts';
import { hasCrashedAlone, isSuspect, isToBeMarked, waitForOther } from '../../../lib/runtime/consuming/suspects.ts';
import { type KnownTries, NO_TRIES } from '../../../lib/runtime/control/tries.ts';
import type { Message } from '../../../lib/runtime/messages/message.ts';
import { opened, orderedQueue, workQueue } from '../../contracts/sample-declarations.ts';
import { lambdaContext, sqsEvent } from '../lambda-events.ts';
import { mortal, TIMEOUT, useWorkers, type Written } from '../mortal-functions.ts';

const TABLE = 'suspects';
let name: string;
const { left, another } = useWorkers(TABLE, 'worker', (next) => {
  name = next;
});

interface World extends Written {
  /** Times each message was received. */
  readonly receives: Map<string, number>;
  /** Times each handler was started. */
  readonly tries: Map<string, number>;
  /** What the queue itself gave up. */
  readonly redriven: string[];
}

/**
 * A queue whose messages come in one batch as long as there are any, to functions that end without a word under the messages named `crash`: they never answer,
 * as after process.exit or in an endless loop.
 * @param ids in the order they come
 * @param limits `ahead`: seconds by which the clocks of the functions are ahead, one function after the other, and again
 */
async function drained(
  options: Partial<SubscriptionOptions<typeof workQueue>>,
  ids: readonly string[],
  { crashes = Number.POSITIVE_INFINITY, ahead = [0] }: { crashes?: number; ahead?: readonly number[] } = {},
): Promise<World> {
  const to = options.to ?? workQueue;
  const worker = subscription(name, { ...options, to, timeout: seconds(TIMEOUT) });
  const fifo = to.order === 'per-key';
  const world: World = { letters: [], receives: new Map(), tries: new Map(), redriven: [], writes: [] };
  let waiting = [...ids];
  let now = Date.now();
  let crashed = 0;
  let functions = 0;
  const sqs = (operation: string, input: object) => {
    if (operation !== 'DeleteMessageBatch') return {};
    const { Entries } = input as { readonly Entries: readonly { readonly ReceiptHandle: string }[] };
    const gone = Entries.map(({ ReceiptHandle }) => ReceiptHandle);
    waiting = waiting.filter((id) => !gone.includes(id));
    return { Successful: Entries, Failed: [] };
  };
  while (waiting.length > 0) {
    for (const id of waiting) world.receives.set(id, (world.receives.get(id) ?? 0) + 1);
    const over = waiting.filter((id) => (world.receives.get(id) ?? 0) > maxReceiveCountOf(worker));
    world.redriven.push(...over);
    waiting = waiting.filter((id) => !over.includes(id));
    const batch = waiting.map((id) => ({
      ...{
        id,
        receiptHandle: id,
        receives: world.receives.get(id) ?? 1,
        body: JSON.stringify(opened(id, `${name}/${id}`)),
      },
      ...(fifo ? { group: id[0] ?? '' } : {}),
    }));
    const clock = now + (ahead[functions++ % ahead.length] ?? 0) * 1_000;
    const { runtime, lives, end, death } = mortal(TABLE, world, { now: () => clock, queue: 'work' }, { sqs });
    const handle = async ({ ticket }: { ticket: string }) => {
      await lives();
      world.tries.set(ticket, (world.tries.get(ticket) ?? 0) + 1);
      if (!ticket.includes('crash') || crashed >= crashes) return;
      crashed += 1;
      await end();
    };
    const run = consume(worker, { 'tickets.ticket-opened': handle, 'tickets.ticket-closed': handle }, { runtime });
    const answer = await Promise.race([
      run(
        sqsEvent(batch),
        lambdaContext(() => TIMEOUT * 1_000),
      ),
      death,
    ]);
    now += 6 * TIMEOUT * 1_000;
    if (answer === undefined) continue;
    const failed = (answer as { batchItemFailures: { itemIdentifier: string }[] }).batchItemFailures;
    waiting = waiting.filter((id) => failed.some(({ itemIdentifier }) => itemIdentifier === id));
  }
  return world;
}

const attempts = (n: number) => ({ retry: immediate({ attempts: n }), deferrals: 0 });

describe('a message under which the function ends', () => {
  it.each([1, 3])('goes to the dead letters with its reason after %i tries; what came beside it is done', async (n) => {
    const world = await drained(attempts(n), ['a', 'crash', 'b', 'c']);
    expect(world.redriven).toEqual([]);
    expect(world.letters).toMatchObject([{ reason: 'crashed', attempts: n, eventId: `${name}/crash` }]);
    expect(world.letters[0]?.message).toMatch(/^the function ended while it handled this message and nothing else/);
    expect(await left()).toEqual([]);
    for (const id of ['a', 'b', 'c']) expect(world.tries.get(id)).toBeGreaterThanOrEqual(1);
  });

  it('is one of two: both go with their reason, and nothing else does', async () => {
    const world = await drained({ retry: immediate({ attempts: 1 }) }, ['a', 'crash-1', 'b', 'crash-2']);
    expect(world.redriven).toEqual([]);
    expect(world.letters.map(({ reason, eventId }) => [reason, eventId]).toSorted()).toEqual([
      ['crashed', `${name}/crash-1`],
      ['crashed', `${name}/crash-2`],
    ]);
  });

  const matrix = [false, true].flatMap((fifo) =>
    [1, 3].flatMap((n) => [0, 5].map((deferrals) => ({ fifo, n, deferrals }))),
  );
  it.each(matrix)(
    'is one of 1 to 10 in a batch of 10, fifo: $fifo, attempts: $n, deferrals: $deferrals: each goes with its reason after its tries, and all else is done',
    async ({ fifo, n, deferrals }) => {
      for (let crashing = 1; crashing <= 10; crashing++) {
        another();
        const ids = Array.from({ length: 10 }, (_, i) => `${'abcdefghij'[i]}-${i < crashing ? 'crash' : 'fine'}`);
        const options = {
          retry: immediate({ attempts: n }),
          deferrals,
          ...(fifo ? { to: orderedQueue as never } : {}),
        };
        // Crashing ones before, between and behind the others.
        const spread = ids.map((_, i) => ids[(i * 7) % 10] ?? '');
        const world = await drained(options, spread);
        expect([crashing, world.redriven]).toEqual([crashing, []]);
        const letters = world.letters.map(({ reason, attempts, eventId }) => [eventId, reason, attempts]).toSorted();
        expect(letters).toEqual(ids.slice(0, crashing).map((id) => [`${name}/${id}`, 'crashed', n]));
        for (const id of ids.slice(crashing)) expect(world.tries.get(id)).toBeGreaterThanOrEqual(1);
      }
    },
    60_000,
  );

  it('leads its group: what waits behind it is done after it', async () => {
    const world = await drained({ ...attempts(2), to: orderedQueue as never }, ['g-crash', 'g-next', 'h']);
    expect(world.redriven).toEqual([]);
    expect(world.letters).toMatchObject([{ reason: 'crashed', attempts: 2, eventId: `${name}/g-crash` }]);
    expect(world.tries.get('g-next')).toBe(1);
  });

  it('leads its group, which is parked with it', async () => {
    const options = { ...attempts(2), to: orderedQueue as never, failedKey: 'park' as const };
    const world = await drained(options, ['g-crash', 'g-next', 'h']);
    expect(world.redriven).toEqual([]);
    expect(world.letters).toMatchObject([{ reason: 'crashed', attempts: 2, eventId: `${name}/g-crash` }]);
    expect(world.tries.get('g-next')).toBe(undefined);
    expect(world.tries.get('h')).toBeGreaterThanOrEqual(1);
  });

  it('stands behind another in its group, which is done before it', async () => {
    const world = await drained({ ...attempts(2), to: orderedQueue as never }, ['g-1', 'g-crash', 'g-3']);
    expect(world.redriven).toEqual([]);
    expect(world.letters).toMatchObject([{ reason: 'crashed', eventId: `${name}/g-crash` }]);
    expect(world.tries.get('g-3')).toBe(1);
  });

  it.each([[[90, 0, 0]], [[0, 90]], [[-90, 90, 0]]])(
    'goes with its reason though clocks are %j s ahead of others',
    async (ahead) => {
      const world = await drained(attempts(3), ['a', 'crash'], { ahead });
      expect(world.redriven).toEqual([]);
      expect(world.letters).toMatchObject([{ reason: 'crashed', attempts: 3, eventId: `${name}/crash` }]);
    },
  );

  it('has lost nothing when it goes well after all', async () => {
    const world = await drained(attempts(2), ['a', 'crash', 'b'], { crashes: 4 });
    expect([world.letters, world.redriven]).toEqual([[], []]);
    expect(await left()).toEqual([]);
  });

  it('that is done before the function ends is no dead letter', async () => {
    const world = await drained({ ...attempts(1), guarantee: 'effectively-once', inbox: 'effect' }, ['a', 'b']);
    expect([world.letters, world.redriven]).toEqual([[], []]);
  });
});

describe('what is known of a message', () => {
  const received = (receives?: number): Message => ({
    ...{ id: 'm', body: '', unit: undefined, source: 'test', receives, firstReceived: 0, attributes: {} },
  });

  it.each<[receives: number | undefined, known: Partial<KnownTries>, is: boolean]>([
    [1, {}, false],
    [2, {}, false],
    [3, {}, true],
    // A receive that was a failed try is explained.
    [3, { failed: 1 }, false],
    [4, { failed: 1 }, true],
    [5, { failed: 3 }, false],
    [1, { startedUntil: 1 }, true],
    // Records of a stream have no receives: they are marked by other means.
    [undefined, {}, false],
    [undefined, { startedUntil: 1 }, true],
  ])('marks one that was received %s times, with %j: %s', (receives, known, is) => {
    expect(isToBeMarked(received(receives), { ...NO_TRIES, ...known })).toBe(is);
  });

  const worker = { timeout: seconds(2) };

  it.each<[Partial<KnownTries>, suspect: boolean, alone: boolean, wait: number]>([
    [{}, false, false, 0],
    [{ startedUntil: 999 }, true, false, 0],
    [{ startedUntil: 1_000 }, false, false, 1],
    [{ startedUntil: 1_500 }, false, false, 501],
    [{ startedUntil: 999, alone: true }, true, true, 0],
    [{ failed: 1 }, false, true, 0],
  ])('of %j: ended under it %s, with nothing beside it %s, to wait for %i ms', (known, suspect, alone, wait) => {
    const all = { ...NO_TRIES, ...known };
    for (const receives of [1, undefined])
      expect([isSuspect(received(receives), all, worker, 1_000), hasCrashedAlone(all)]).toEqual([suspect, alone]);
    expect(waitForOther(received(undefined), all, 1_000)).toBe(wait);
    // A queue hides what is under way.
    expect(waitForOther(received(1), all, 1_000)).toBe(0);
  });

  it.each<[receives: number | undefined, startedUntil: number, suspect: boolean]>([
    [4, 3_000, false],
    [4, 3_001, true],
    // Lambda may have given a record to two instances, whatever their clocks say.
    [undefined, 3_001, false],
  ])(
    'received %s times, under way until %i by a clock, at 1000 of another, for 2000 ms at most: ended %s',
    (receives, startedUntil, suspect) => {
      expect(isSuspect(received(receives), { ...NO_TRIES, startedUntil }, worker, 1_000)).toBe(suspect);
    },
  );
});

it('costs a message nothing that is received once', async () => {
  expect((await drained({}, ['a', 'b'])).writes).toEqual([]);
});
