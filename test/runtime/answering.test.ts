import { setImmediate as turn } from 'node:timers/promises';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Context, DynamoDBStreamEvent } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { outbox } from '../../lib/contracts/channels/outbox.ts';
import { minutes } from '../../lib/contracts/declaring/duration.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { aggregate } from '../../lib/runtime/aggregation/aggregate.ts';
import { archive } from '../../lib/runtime/archive/archive.ts';
import { OutOfTime } from '../../lib/runtime/aws/calls/call.ts';
import { answering } from '../../lib/runtime/invocation/deadline.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { relayOutbox, sweepOutbox } from '../../lib/runtime/outbox/relay-handlers.ts';
import { opened, orderedQueue, ticketLog } from '../contracts/sample-declarations.ts';
import { kinesisEvent, lambdaContext } from './lambda-events.ts';

/** Of the functions here, in milliseconds. */
const TIMEOUT = 500;
const NEVER = new Promise<never>(() => undefined);
const VARIABLES: Readonly<Record<string, string>> = {
  ...{ [ENV.inboxTable]: 'inbox', [ENV.outboxTable]: 'outbox', [ENV.deadLetterQueue]: 'dead' },
  ...{ [ENV.archive]: 'archive', SLUICE_CHANNEL_ORDERED_WORK: 'work.fifo' },
};
const ROW = {
  ...{ aggregateId: 'A', sequence: 1, createdAt: '2026-11-20T08:00:00.000Z', unpublished: '0' },
  body: JSON.stringify(opened('A', 'ticket-outbox/A/1')),
};

/** What AWS answers when all is well, as far as these handlers ask. */
function answerOf(operation: string, input: object): unknown {
  const {
    RequestItems,
    Entries = [],
    ExclusiveStartKey,
    IndexName,
    ExpressionAttributeValues,
  } = input as {
    readonly RequestItems?: Readonly<Record<string, unknown>>;
    readonly Entries?: readonly { readonly Id: string; readonly MessageBody: string }[];
    readonly ExclusiveStartKey?: object;
    readonly IndexName?: string;
    readonly ExpressionAttributeValues?: Readonly<Record<string, { readonly S?: string }>>;
  };
  if (operation === 'BatchGetItem')
    return {
      Responses: Object.fromEntries(Object.keys(RequestItems ?? {}).map((table) => [table, []])),
      UnprocessedKeys: {},
    };
  if (operation === 'Query') {
    const shown = IndexName === undefined || ExpressionAttributeValues?.[':bucket']?.S === '0';
    return { Items: shown && ExclusiveStartKey === undefined ? [marshall(ROW)] : [] };
  }
  if (operation === 'SendMessageBatch')
    return { Successful: Entries.map(({ Id }) => ({ Id, MessageId: Id, MD5OfMessageBody: '' })), Failed: [] };
  return {};
}

// The functions' time passes when nothing else is left to happen, so that a busy machine makes none of them late.
beforeEach(
  () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] }),
);
afterEach(() => void vi.useRealTimers());

const pause = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis));

/** Lets time pass until it is done, once it waits for time. */
async function inTime<T>(work: Promise<T>, waits: () => boolean = () => true): Promise<T> {
  let done = false;
  const end = () => {
    done = true;
  };
  work.then(end, end);
  while (!done) {
    await turn();
    if (waits()) await vi.advanceTimersByTimeAsync(1);
  }
  return work;
}

/** AWS whose call of this number, from 0, is never answered. */
function world(hangs: number) {
  const calls: string[] = [];
  const lines: string[] = [];
  const runtime: Runtime = {
    ...lambda,
    env: (name) => VARIABLES[name],
    sleep: pause,
    write: (line) => void lines.push(line),
    aws: async (_, operation, input) => {
      calls.push(operation);
      return calls.length - 1 === hangs ? NEVER : answerOf(operation, input);
    },
  };
  return { calls, lines, runtime };
}

const box = outbox('ticket-outbox', { publishes: [orderedQueue] });
const exact = { to: ticketLog, guarantee: 'exactly-once-aggregation' } as const;
const records = kinesisEvent([
  { sequenceNumber: '1', body: JSON.stringify(opened('A', 'a')) },
  { sequenceNumber: '2', body: '{' },
]);
const changes = {
  Records: [{ eventName: 'INSERT', dynamodb: { SequenceNumber: '7', NewImage: marshall(ROW) } }],
} as unknown as DynamoDBStreamEvent;

type Run = (runtime: Runtime, context: Context) => Promise<unknown>;
const HANDLERS: Readonly<Record<string, Run>> = {
  aggregate: (runtime, context) => aggregate(subscription('counting', exact), () => [], runtime)(records, context),
  archive: (runtime, context) => archive(subscription('keep', exact), runtime)(records, context),
  relay: (runtime, context) => relayOutbox(box, runtime)(changes, context),
  sweeper: (runtime, context) => sweepOutbox(box, minutes(1), runtime)({}, context),
};

async function answered(run: Run, hangs: number) {
  const { calls, lines, runtime } = world(hangs);
  const end = Date.now() + TIMEOUT;
  const context = lambdaContext(() => end - Date.now());
  const answer = await inTime(run(runtime, context), () => hangs >= 0 && calls.length > hangs).catch(
    (error: unknown) => error,
  );
  const left = end - Date.now();
  const at = [calls.length, lines.length];
  return { answer, left, calls, lines, at };
}

describe.each(Object.entries(HANDLERS))('%s', (_, run) => {
  it('answers in time whichever call hangs, and does nothing afterwards', async () => {
    const well = await answered(run, -1);
    expect(well.answer).not.toBeInstanceOf(Error);
    expect(well.calls.length).toBeGreaterThan(1);
    for (let hangs = 0; hangs < well.calls.length; hangs++) {
      const { answer, left, calls, lines, at } = await answered(run, hangs);
      expect([calls[hangs], left]).toEqual([well.calls[hangs], expect.toSatisfy((millis: number) => millis > 5)]);
      // Either an error, which names the call, or an answer that tells it: the batch comes again.
      const told = answer instanceof OutOfTime ? answer.message : `${JSON.stringify(answer)} ${lines.join(' ')}`;
      expect(told).toMatch(new RegExp(`${calls[hangs]} of |no time was left to wait and try again`));
      await vi.advanceTimersByTimeAsync(1_000);
      expect([calls.length, lines.length]).toEqual(at);
    }
  });
});

describe('answering', () => {
  const context = (millis: number) => {
    const end = Date.now() + millis;
    return lambdaContext(() => end - Date.now());
  };

  it('begins no call and no wait behind its end', async () => {
    const { calls, runtime } = world(-1);
    let late: Promise<unknown> | undefined;
    const work = answering(runtime, context(100), async (limited) => {
      await pause(97);
      late = limited.aws('dynamodb', 'GetItem', {}).catch((error: unknown) => error);
      await late;
      return 'done';
    });
    expect(await inTime(work).catch((error: unknown) => error)).toBeInstanceOf(OutOfTime);
    await vi.advanceTimersByTimeAsync(10);
    expect(await late).toBeInstanceOf(OutOfTime);
    expect(calls).toEqual([]);
  });

  it('waits no longer than it may for work that makes no calls', async () => {
    await expect(inTime(answering(world(-1).runtime, context(100), () => NEVER))).rejects.toThrow(
      'the function had to answer before it was done',
    );
    await expect(inTime(answering(world(-1).runtime, context(100), ({ sleep: wait }) => wait(5_000)))).rejects.toThrow(
      'no time was left to wait and try again',
    );
  });
});
