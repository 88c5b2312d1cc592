import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ENV } from '../../../lib/contracts/agreed/environment.ts';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { immediate } from '../../../lib/contracts/declaring/retry.ts';
import { type SubscriptionOptions, subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { consume, type HandlerContext } from '../../../lib/runtime/consuming/consume.ts';
import type { HandlerResult } from '../../../lib/runtime/inbox/once.ts';
import { deadline } from '../../../lib/runtime/invocation/deadline.ts';
import { Fenced, HandlerTimedOut } from '../../../lib/runtime/invocation/outcomes.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { opened, orderedQueue, ticketLog, workQueue } from '../../contracts/sample-declarations.ts';
import { kinesisEvent, lambdaContext, sqsEvent } from '../lambda-events.ts';
import { createInboxTable, createQueue, drain, itemsOf, useLocalServices } from '../local-services.ts';

useLocalServices();

const TABLE = 'deadline';
/** Of the function: handlers are abandoned 300 ms before its end. */
const TIMEOUT = 2_000;
let dead: string;
let deadFifo: string;
let count = 0;
let name: string;
let lines: Record<string, unknown>[];
let waits: Record<string, number>;
/** Milliseconds that the clock is ahead. */
let ahead: number;

beforeAll(() => createInboxTable(TABLE));
beforeEach(async () => {
  count += 1;
  dead = await createQueue(`deadline-dead-${count}`);
  deadFifo = await createQueue(`deadline-dead-${count}.fifo`);
  name = `worker-${count}`;
  lines = [];
  waits = {};
  ahead = 0;
});

const never = new Promise<HandlerResult>(() => undefined);

type Handle = (ticket: string, context: HandlerContext) => Promise<HandlerResult>;
interface Message {
  readonly id: string;
  readonly group?: string;
  readonly receives?: number;
}

/** A function that works on one event after the other, as an instance does. */
function instanceOf(
  options: Partial<SubscriptionOptions<typeof workQueue>>,
  handle: Handle,
  before: (operation: string) => Promise<void> = async () => undefined,
) {
  const to = options.to ?? workQueue;
  const worker = subscription(name, {
    ...options,
    to,
    timeout: seconds(TIMEOUT / 1_000),
    retry: immediate({ attempts: 3 }),
  });
  const runtime: Runtime = {
    ...lambda,
    now: () => Date.now() + ahead,
    env: (variable) =>
      ({
        [ENV.inboxTable]: TABLE,
        [ENV.deadLetterQueue]: to.order === 'per-key' && to.kind === 'queue' ? deadFifo : dead,
        [ENV.queue]: 'the-queue',
      })[variable],
    write: (line) => lines.push(JSON.parse(line)),
    aws: async (service, operation, input) => {
      await before(operation);
      if (operation !== 'ChangeMessageVisibility') return lambda.aws(service, operation, input);
      const { ReceiptHandle = '', VisibilityTimeout = 0 } = input as Record<string, never>;
      waits[ReceiptHandle] = VisibilityTimeout;
      return {};
    },
  };
  const handler = ({ ticket }: { ticket: string }, context: HandlerContext) => handle(ticket, context);
  const run = consume(worker, { 'tickets.ticket-opened': handler, 'tickets.ticket-closed': handler }, { runtime });
  const invoke = async (event: unknown) => {
    const end = Date.now() + TIMEOUT;
    const answer = await run(
      event,
      lambdaContext(() => end - Date.now()),
    );
    return {
      failed: (answer as { batchItemFailures: { itemIdentifier: string }[] }).batchItemFailures,
      left: end - Date.now(),
    };
  };
  return {
    invoke,
    deliver: async (messages: readonly Message[]) => {
      const event = sqsEvent(
        messages.map((one) => ({
          ...one,
          receiptHandle: one.id,
          body: JSON.stringify(opened(one.id, `${name}/${one.id}`)),
        })),
      );
      const { failed, left } = await invoke(event);
      return { failed: failed.map(({ itemIdentifier }) => itemIdentifier).sort(), left };
    },
  };
}

const itemOf = async (key: string) => (await itemsOf(TABLE)).find(({ pk }) => pk === key);
const letterOf = (message: Awaited<ReturnType<typeof drain>>[number] | undefined) =>
  JSON.parse(message?.MessageAttributes?.deadLetter?.StringValue ?? '{}');

describe('a handler that never settles', () => {
  it('is a failed attempt before the function ends; what is done beside it is acknowledged', async () => {
    const { deliver } = instanceOf({}, (ticket) => (ticket === 'b' ? never : Promise.resolve()));
    const { failed, left } = await deliver([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
    expect(failed).toEqual(['b']);
    expect(left).toBeGreaterThan(0);
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'will be tried again',
        error: 'HandlerTimedOut',
        errorMessage: expect.stringMatching(
          /^the handler of 'tickets.ticket-opened' had not settled after \d+ ms and was abandoned: the function's timeout is 2 s\./,
        ),
      }),
    );
    expect((await itemOf(`attempts!${name}#b`))?.attempts).toHaveProperty('size', 1);
    expect(await itemOf(`attempts!${name}#c`)).toBe(undefined);
  });

  it('goes to the dead letters after its attempts, with the reason; what waits behind it in its group has spent nothing', async () => {
    const { deliver } = instanceOf({ to: orderedQueue as never }, (ticket) =>
      ticket === 'a1' ? never : Promise.resolve(),
    );
    const batch = (receives: number) => ['a1', 'a2', 'b1'].map((id) => ({ id, group: id[0] ?? '', receives }));
    expect((await deliver(batch(1))).failed).toEqual(['a1', 'a2']);
    expect((await deliver(batch(2))).failed).toEqual(['a1', 'a2']);
    expect((await deliver(batch(3))).failed).toEqual(['a2']);
    const letters = (await drain(deadFifo)).map(letterOf);
    expect(letters).toMatchObject([{ reason: 'attempts-exhausted', attempts: 3, eventId: `${name}/a1` }]);
    expect(await itemOf(`attempts!${name}#a2`)).toBe(undefined);
    expect((await deliver(batch(4).slice(1))).failed).toEqual([]);
  });

  it('holds back its log from there', async () => {
    const { invoke } = instanceOf({ to: ticketLog as never }, (ticket) => (ticket === 'b' ? never : Promise.resolve()));
    const records = ['a', 'b', 'c'].map((id, i) => ({
      sequenceNumber: `10${i}`,
      partitionKey: id,
      body: JSON.stringify(opened(id, `${name}/${id}`)),
    }));
    const { failed, left } = await invoke(kinesisEvent(records));
    expect(failed).toEqual([{ itemIdentifier: '101' }]);
    expect(left).toBeGreaterThan(0);
  });

  it.each([600, 1_200])(
    'is no try when it lacked %i ms of its time behind another: it comes again and has more',
    async (millis) => {
      const { deliver } = instanceOf({ to: orderedQueue as never }, (ticket) =>
        ticket === 'a1' ? new Promise((resolve) => setTimeout(resolve, millis)) : never,
      );
      const both = ['a1', 'a2'].map((id) => ({ id, group: 'a' }));
      expect((await deliver(both)).failed).toEqual(['a2']);
      expect(await itemOf(`attempts!${name}#a2`)).toBe(undefined);
      expect((await deliver(both.slice(1))).failed).toEqual(['a2']);
      expect((await itemOf(`attempts!${name}#a2`))?.attempts).toHaveProperty('size', 1);
    },
  );

  it('is told by its signal, and what it still does is fenced, also in a later invocation of the instance', async () => {
    const said: unknown[] = [];
    let wake = (): void => undefined;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let late: Promise<unknown> = never;
    const { deliver } = instanceOf(
      { guarantee: 'effectively-once', inbox: 'effect' },
      async (ticket, { part, signal }) => {
        if (ticket !== 'a') return [];
        signal.addEventListener('abort', () => said.push('aborted'));
        late = woken.then(() => part('late', async () => [])).catch((error: unknown) => error);
        // Nobody waits for this one: its rejection must not end the process.
        woken.then(() => part('floating', async () => [])).catch(() => undefined);
        return never;
      },
    );
    expect((await deliver([{ id: 'a' }])).failed).toEqual(['a']);
    expect(said).toEqual(['aborted']);
    wake();
    expect((await deliver([{ id: 'b' }])).failed).toEqual([]);
    const error = await late;
    expect(error).toBeInstanceOf(Fenced);
    expect((error as Error).message).toBe(
      `part 'late' of event '${name}/a' does nothing: the handler was abandoned at its deadline`,
    );
    expect((await itemsOf(TABLE)).map(({ pk }) => pk)).not.toContain(`${name}#${name}/a#late`);
  });

  it.each([
    ['while its inbox is asked', true, []],
    ['while its writes are made', false, ['made']],
  ])('commits no part that it began in time, %s', async (_, hangsInInbox, expected) => {
    const made: string[] = [];
    let wake = (): void => undefined;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let late: Promise<unknown> = never;
    const { deliver } = instanceOf(
      { guarantee: 'effectively-once', inbox: 'effect' },
      async (_ticket, { part }) => {
        late = part('late', async () => {
          made.push('made');
          if (!hangsInInbox) await woken;
          return [];
        }).catch((error: unknown) => error);
        return never;
      },
      async (operation) => {
        if (operation === 'GetItem' && hangsInInbox) await woken;
      },
    );
    expect((await deliver([{ id: 'a' }])).failed).toEqual(['a']);
    wake();
    expect(await late).toBeInstanceOf(Fenced);
    expect(made).toEqual(expected);
    expect((await itemsOf(TABLE)).map(({ pk }) => pk)).not.toContain(`${name}#${name}/a#late`);
  });

  it('commits nothing when it settles after all', async () => {
    let finish = (_: HandlerResult): void => undefined;
    const { deliver } = instanceOf(
      { guarantee: 'effectively-once', inbox: 'effect' },
      () =>
        new Promise<HandlerResult>((resolve) => {
          finish = resolve;
        }),
    );
    expect((await deliver([{ id: 'a' }])).failed).toEqual(['a']);
    finish([]);
    await new Promise(setImmediate);
    expect(await itemOf(`${name}#${name}/a`)).toBe(undefined);
  });

  it('that rejects late ends nothing', async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', listen);
    let fail = (_: Error): void => undefined;
    const { deliver } = instanceOf(
      {},
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    await deliver([{ id: 'a' }]);
    fail(new Error('too late'));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
  });
});

describe('a lease whose holder never settles', () => {
  const leased = { guarantee: 'effectively-once', inbox: 'lease', lease: seconds(3) } as const;

  it('is neither renewed nor given back; the next try waits for its end, and all declared ones are made', async () => {
    let tries = 0;
    const attempts: number[] = [];
    const { deliver } = instanceOf(leased, (_, { attempt }) => {
      tries += 1;
      attempts.push(attempt);
      return never;
    });
    for (const receives of [1, 2, 3]) {
      expect((await deliver([{ id: 'a', receives }])).failed).toEqual(receives < 3 ? ['a'] : []);
      const lease = await itemOf(`${name}#${name}/a`);
      expect(lease).toMatchObject({ state: 'leased' });
      if (receives < 3) expect(waits.a).toBeGreaterThanOrEqual(1);
      // Time passes until the message is visible again; nobody has renewed.
      const left = Number(lease?.leaseUntil) - Date.now() - ahead;
      expect(left).toBeLessThanOrEqual((waits.a ?? 0) * 1_000);
      ahead += (waits.a ?? 0) * 1_000;
    }
    expect([tries, attempts]).toEqual([3, [1, 2, 3]]);
    expect((await drain(dead)).map(letterOf)).toMatchObject([{ reason: 'attempts-exhausted', attempts: 3 }]);
  });

  it('keeps no step that ends late', async () => {
    let finish = (): void => undefined;
    let late: Promise<unknown> = never;
    const { deliver } = instanceOf(leased, (_, { step }) => {
      late = step(
        'charge',
        () =>
          new Promise<void>((resolve) => {
            finish = resolve;
          }),
      ).catch((error: unknown) => error);
      return never;
    });
    await deliver([{ id: 'a' }]);
    finish();
    expect(await late).toBeInstanceOf(Fenced);
    expect(Object.keys((await itemOf(`${name}#${name}/a`)) ?? {})).not.toContain('step:charge');
  });
});

describe('deadline', () => {
  const timers: { task: () => void; milliseconds: number; stopped: boolean }[] = [];
  const every: Runtime['every'] = (milliseconds, task) => {
    const timer = { task, milliseconds, stopped: false };
    timers.push(timer);
    return () => {
      timer.stopped = true;
    };
  };
  const made = (remaining: number, millis: number) => {
    const made = deadline({ every }, { getRemainingTimeInMillis: () => remaining }, millis);
    return { ...made, timer: timers.at(-1) as (typeof timers)[number] };
  };
  const late = () => new HandlerTimedOut('late', { short: false });

  it('comes when so much is left, once, and leaves no timer', async () => {
    const { timer, within, signal } = made(1_000, 100);
    expect(timer.milliseconds).toBe(900);
    const hanging = within(never, late);
    timer.task();
    await expect(hanging).rejects.toThrow('late');
    expect([timer.stopped, signal.aborted]).toEqual([true, true]);
    await expect(within(never, late)).rejects.toThrow('late');
  });

  it('that has passed comes at once', () => {
    expect(made(50, 100).timer.milliseconds).toBe(1);
  });

  it('does nothing to what is in time, and stops', async () => {
    const { within, stop, timer } = made(1_000, 100);
    expect(await within(Promise.resolve(7), late)).toBe(7);
    await expect(within(Promise.reject(new Error('no')), late)).rejects.toThrow('no');
    stop();
    expect(timer.stopped).toBe(true);
  });
});
