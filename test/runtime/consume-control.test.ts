import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { seconds } from '../../lib/contracts/declaring/duration.ts';
import { immediate } from '../../lib/contracts/declaring/retry.ts';
import { maxReceiveCountOf } from '../../lib/contracts/subscriptions/delivery-numbers.ts';
import { breaker, type SubscriptionOptions, subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { consume, type Handler } from '../../lib/runtime/consuming/consume.ts';
import { Defer, Outage, Reject } from '../../lib/runtime/invocation/outcomes.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { opened, orderedQueue } from '../contracts/sample-declarations.ts';
import { lambdaContext, sqsEvent } from './lambda-events.ts';
import { createInboxTable, createQueue, drain, itemsOf, useLocalServices } from './local-services.ts';

useLocalServices();

const TABLE = 'consume-control';
const START = 1_763_625_600_000;
let deadLetters: string;
let count = 0;
let name: string;
let now: number;
let handled: string[];
let attempts: number[];
let calls: { service: string; operation: string; input: object }[];
let failing: string;
let lines: Record<string, unknown>[];
let controllerIsGone: boolean;
let controller: string | undefined;

beforeAll(() => createInboxTable(TABLE));
beforeEach(async () => {
  count += 1;
  deadLetters = await createQueue(`dead-letters-${count}.fifo`);
  name = `worker-${count}`;
  now = START;
  handled = [];
  attempts = [];
  calls = [];
  lines = [];
  controllerIsGone = false;
  controller = 'the-controller';
  failing = '';
});

const LOCAL = new Set(['InvokeAsync', 'ChangeMessageVisibility', 'DeleteMessageBatch']);

/** Delivers tickets, each its own event and group, to a consumer whose handler is given. */
async function deliver(
  options: Partial<SubscriptionOptions<typeof orderedQueue>>,
  handle: (ticket: string, id: string) => void,
  tickets: readonly string[],
  receives = 1,
) {
  const variables: Record<string, string | undefined> = {
    [ENV.inboxTable]: TABLE,
    [ENV.deadLetterQueue]: deadLetters,
    [ENV.queue]: 'the-queue',
    [ENV.breakerController]: controller,
  };
  const runtime: Runtime = {
    ...lambda,
    now: () => now,
    random: () => 0,
    env: (variable) => variables[variable],
    write: (line) => lines.push(JSON.parse(line)),
    aws: async (service, operation, input) => {
      calls.push({ service, operation, input });
      if (operation === failing) throw new Error(`${operation} is down`);
      if (operation === 'InvokeAsync' && controllerIsGone) throw new Error('no such function');
      return LOCAL.has(operation) ? { Successful: [{ Id: '0' }] } : lambda.aws(service, operation, input);
    },
  };
  const worker = subscription(name, { to: orderedQueue, retry: immediate({ attempts: 2 }), ...options });
  const handler: Handler<{ ticket: string; text: string }> = async ({ ticket }, { event, attempt }) => {
    handled.push(event.id);
    attempts.push(attempt);
    handle(ticket, event.id.slice(name.length + 1));
  };
  const handlers = { 'tickets.ticket-opened': handler, 'tickets.ticket-closed': handler };
  const event = sqsEvent(
    tickets.map((id) => ({
      id,
      receives,
      group: id[0] ?? '',
      body: JSON.stringify(opened(id[0] ?? '', `${name}/${id}`)),
    })),
  );
  const answer = (await consume(worker, handlers, { runtime })(event, lambdaContext())) as {
    batchItemFailures: { itemIdentifier: string }[];
  };
  return answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

const invoked = () =>
  calls
    .filter(({ service, operation }) => `${service} ${operation}` === 'lambda InvokeAsync')
    .map(({ input }) => input);
const waits = () =>
  calls
    .filter(({ operation }) => operation === 'ChangeMessageVisibility')
    .map(({ input }) => (input as { VisibilityTimeout: number }).VisibilityTimeout);
const said = () => lines.filter(({ level }) => level !== undefined).map(({ level, message }) => `${level} ${message}`);
const breakerItem = async () => (await itemsOf(TABLE)).find(({ pk }) => pk === `breaker!${name}`);
const handledTickets = () => handled.map((id) => id.slice(name.length + 1));

describe('a consumer with a breaker', () => {
  const options = { breaker: breaker({ failures: 2, coolDown: seconds(30) }) };
  const down = () => {
    throw new Outage('psp', 'down');
  };
  const fine = () => undefined;

  it('counts an outage per batch, opens, calls the controller, and hands everything back without an attempt', async () => {
    expect(await deliver(options, down, ['a1', 'b1'])).toEqual(['a1', 'b1']);
    expect(handledTickets()).toEqual(['a1', 'b1']);
    expect(invoked()).toEqual([]);
    expect(said()).toContain('warn outage');
    expect(await breakerItem()).toMatchObject({ failures: 1, dependency: 'psp' });
    expect(waits()).toEqual([30, 30]);

    await deliver(options, down, ['a1']);
    expect(invoked()).toEqual([{ FunctionName: 'the-controller' }]);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'breaker open', dependency: 'psp' }),
    );
    expect(await breakerItem()).toMatchObject({ openUntil: START + 30_000 });
    expect((await itemsOf(TABLE)).filter(({ pk }) => String(pk).startsWith(`attempts!${name}`))).toEqual([]);
  });

  it('tries nothing while it is open: what comes waits for the rest of the pause', async () => {
    await deliver(options, down, ['a1']);
    await deliver(options, down, ['a1']);
    handled = [];
    calls = [];
    now += 10_000;
    expect(await deliver(options, fine, ['a1', 'b1'])).toEqual(['a1', 'b1']);
    expect(handled).toEqual([]);
    expect(waits()).toEqual([20, 20]);
  });

  it('tries one message when the pause has passed, and closes with it', async () => {
    await deliver(options, down, ['a1']);
    await deliver(options, down, ['a1']);
    handled = [];
    calls = [];
    now += 30_000;
    expect(await deliver(options, fine, ['a1', 'b1', 'c1'])).toEqual(['b1', 'c1']);
    expect(handledTickets()).toEqual(['a1']);
    expect(await breakerItem()).toBe(undefined);
    expect(said()).toContain('info breaker closed');
    expect(invoked()).toHaveLength(1);
  });

  it('stops at the first outage of a trial, and pauses for longer', async () => {
    await deliver(options, down, ['a1']);
    await deliver(options, down, ['a1']);
    handled = [];
    now += 30_000;
    expect(await deliver(options, down, ['a1', 'b1'])).toEqual(['a1', 'b1']);
    expect(handledTickets()).toEqual(['a1']);
    expect(await breakerItem()).toMatchObject({ openUntil: now + 60_000 });
  });

  it('forgets single outages with the next success, and has nothing to tell the controller', async () => {
    await deliver(options, down, ['a1']);
    await deliver(options, fine, ['a1']);
    expect(await breakerItem()).toBe(undefined);
    expect(invoked()).toEqual([]);
    expect(said()).not.toContain('info breaker closed');
  });

  it('does not take a failure of another kind for a success', async () => {
    await deliver(options, down, ['a1']);
    await deliver(options, () => {
      throw new Error('a bug');
    }, ['b1']);
    expect(await breakerItem()).toMatchObject({ failures: 1 });
  });

  it('calls nobody where there is no controller', async () => {
    controller = undefined;
    await deliver(options, down, ['a1']);
    await deliver(options, down, ['a1']);
    expect(said()).toContain('warn breaker open');
    expect(invoked()).toEqual([]);
  });

  it('goes on when the controller cannot be called: it looks by itself every minute', async () => {
    controllerIsGone = true;
    await deliver(options, down, ['a1']);
    expect(await deliver(options, down, ['a1'])).toEqual(['a1']);
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'the breaker controller could not be called',
        errorMessage: 'no such function',
      }),
    );
  });
});

describe('an ordered consumer', () => {
  const broken = (ticket: string) => {
    if (ticket === 'a') throw new Reject('broken', 'no good');
  };

  it('holds what follows a rejection: should it die before the dead letter is sent, the order still holds', async () => {
    expect(await deliver({}, broken, ['a1', 'b1', 'a2'])).toEqual(['a2']);
    expect(handledTickets().sort()).toEqual(['a1', 'b1']);
  });

  it('without order holds nothing, and does not handle a group one by one', async () => {
    expect(await deliver({ order: 'none' }, broken, ['a1', 'a2'])).toEqual([]);
    expect(handledTickets().sort()).toEqual(['a1', 'a2']);
    expect(
      await deliver(
        { order: 'none' },
        (_, id) => {
          if (id === 'c1') throw new Error('a bug');
        },
        ['c1', 'c2', 'd1'],
      ),
    ).toEqual(['c1']);
  });

  it('gets a message again when the table cannot count its attempt: nothing was decided', async () => {
    failing = 'UpdateItem';
    const fails = () => {
      throw new Error('a bug');
    };
    expect(await deliver({}, fails, ['a1'])).toEqual(['a1']);
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'will be tried again', errorMessage: 'UpdateItem is down' }),
    );
  });

  it('is not called with anything but a batch', async () => {
    const handler = consume(subscription('worker', { to: orderedQueue }), {} as never, {
      runtime: { ...lambda, env: () => 'x', write: () => undefined },
    });
    for (const event of [null, 'text', 7, {}]) {
      await expect(handler(event, lambdaContext())).rejects.toThrow('the event has no Records');
    }
    await expect(handler({ resume: { key: 'K' } }, lambdaContext())).rejects.toThrow(
      "subscription 'worker' parks nothing: it is declared without failedKey: 'park'",
    );
  });
});

describe('attempts', () => {
  const fails = () => {
    throw new Error('a bug');
  };
  const items = async () => (await itemsOf(TABLE)).filter(({ pk }) => String(pk).startsWith(`attempts!${name}#`));
  const tableCalls = () =>
    calls.splice(0).flatMap(({ service, operation }) => (service === 'dynamodb' ? operation : []));

  it('are tries: a message that was received behind a failed one has its first', async () => {
    await deliver({}, fails, ['a1', 'a2'], 1);
    expect(await deliver({}, fails, ['a1', 'a2'], 2)).toEqual(['a2']);
    await deliver({}, fails, ['a2'], 3);
    await deliver({}, fails, ['a2'], 4);
    expect(attempts).toEqual([1, 2, 1, 2]);
    const letters = (await drain(deadLetters)).map(
      ({ MessageAttributes }) => MessageAttributes?.deadLetter?.StringValue,
    );
    expect(letters.map((letter) => JSON.parse(letter ?? '{}').attempts)).toEqual([2, 2]);
  });

  it('are all there again for what is redriven, whatever its ids are', async () => {
    for (const receives of [1, 2]) await deliver({}, fails, ['a1'], receives);
    expect(await items()).toEqual([]);
    attempts = [];
    expect(await deliver({}, fails, ['a1'], 1)).toEqual(['a1']);
    expect(await deliver({}, fails, ['a1'], 2)).toEqual([]);
    expect(attempts).toEqual([1, 2]);
  });

  it('go with a success, and cost nothing where there was no failure', async () => {
    await deliver({}, () => undefined, ['a1'], 1);
    expect(tableCalls()).toEqual([]);
    await deliver({}, fails, ['b1'], 1);
    expect(tableCalls()).toEqual(['UpdateItem']);
    await deliver({}, () => undefined, ['b1'], 2);
    expect(tableCalls()).toEqual(['BatchGetItem', 'DeleteItem']);
    expect(await items()).toEqual([]);
  });

  it('are kept until the dead letter is acknowledged: should the function end before, it has no more', async () => {
    await deliver({}, fails, ['a1'], 1);
    failing = 'DeleteMessageBatch';
    await deliver({}, fails, ['a1'], 2);
    expect(await items()).toHaveLength(1);
  });
});

describe('while the dead-letter queue refuses', () => {
  const tries = async () => (await itemsOf(TABLE)).filter(({ pk }) => String(pk).startsWith(`attempts!${name}#`));
  const reasons = async () =>
    (await drain(deadLetters)).map(({ MessageAttributes }) => {
      const { reason, message, attempts: counted } = JSON.parse(MessageAttributes?.deadLetter?.StringValue ?? '{}');
      return [reason, message, counted];
    });
  const sent = () => calls.filter(({ operation }) => operation === 'SendMessage').length;

  it.each([
    ['with its tries used up', () => new Error('a bug'), 2, ['attempts-exhausted', 'a bug', 2]],
    ['rejected at once', () => new Reject('broken', 'no good'), 1, ['broken', 'no good', 1]],
  ] as const)(
    'a message %s is not handled again: its dead letter alone is tried again',
    async (_, error, runs, why) => {
      const fails = () => {
        throw error();
      };
      failing = 'SendMessage';
      for (const receives of [1, 2, 3, 4]) expect(await deliver({}, fails, ['a1'], receives)).toEqual(['a1']);
      expect(handled).toHaveLength(runs);
      expect(sent()).toBe(4 - runs + 1);
      failing = '';
      expect(await deliver({}, fails, ['a1'], 5)).toEqual([]);
      expect(handled).toHaveLength(runs);
      expect(await reasons()).toEqual([why]);
      expect(await tries()).toEqual([]);
    },
  );

  it('a message is handled no more when the function ended between its last try and its dead letter', async () => {
    const fails = () => {
      throw new Error('a bug');
    };
    failing = 'DeleteMessageBatch';
    for (const receives of [1, 2]) await deliver({}, fails, ['a1'], receives);
    failing = '';
    expect(await deliver({}, fails, ['a1'], 3)).toEqual([]);
    expect(handled).toHaveLength(2);
    expect(await tries()).toEqual([]);
  });
});

it('the last receive that a queue allows comes to a dead letter with a reason', async () => {
  const most = maxReceiveCountOf(subscription('worker', { to: orderedQueue, retry: immediate({ attempts: 2 }) }));
  const defers = () => {
    throw new Defer(seconds(1));
  };
  expect(await deliver({}, defers, ['a1'], most - 1)).toEqual(['a1']);
  expect(await deliver({}, defers, ['a1'], most)).toEqual([]);
  const [letter] = (await drain(deadLetters)).map(
    ({ MessageAttributes }) => MessageAttributes?.deadLetter?.StringValue,
  );
  expect(JSON.parse(letter ?? '{}')).toMatchObject({
    reason: 'receives-exhausted',
    message: `received ${most} times, as often as its queue allows, of which 0 were failed tries. The last time: deferred`,
  });
});

describe('a consumer that parks', () => {
  const options = { failedKey: 'park' as const };
  const broken = (ticket: string) => {
    if (ticket === 'a') throw new Reject('broken', 'no good');
  };
  const lot = async () =>
    (await itemsOf(TABLE))
      .filter(({ pk, body }) => String(pk).startsWith(`parked!${name}!`) && body !== undefined)
      .map(({ messageId, reason }) => [messageId, reason])
      .sort();

  it('sets a failed key aside with what follows it in the batch and later, and lets the others flow', async () => {
    expect(await deliver(options, broken, ['a1', 'b1'])).toEqual([]);
    expect(handledTickets().sort()).toEqual(['a1', 'b1']);
    expect(await deliver(options, broken, ['a2', 'b2', 'a3'])).toEqual([]);
    expect(handledTickets().sort()).toEqual(['a1', 'b1', 'b2']);
    expect(await lot()).toEqual([
      ['a1', 'broken'],
      ['a2', undefined],
      ['a3', undefined],
    ]);
    const measured = lines.filter((line) => '_aws' in line).map(({ Parked, Done }) => [Parked, Done]);
    expect(measured).toEqual([
      [[1], [1]],
      [[2], [1]],
    ]);
  });

  it('sends one dead letter for the failure, none for what waits behind it', async () => {
    await deliver(options, broken, ['a1', 'a2']);
    expect(lines).toContainEqual(expect.objectContaining({ message: 'parked', reason: 'broken', messageId: 'a1' }));
    const letters = await drain(deadLetters);
    expect(letters.map(({ Body = '' }) => JSON.parse(Body).id)).toEqual([`${name}/a1`]);
  });

  it('counts attempts in the table: the second failure parks', async () => {
    const fails = () => {
      throw new Error('a bug');
    };
    expect(await deliver(options, fails, ['a1'])).toEqual(['a1']);
    expect(await lot()).toEqual([]);
    expect(await deliver(options, fails, ['a1'])).toEqual([]);
    expect(await lot()).toEqual([['a1', 'attempts-exhausted']]);
  });
});
