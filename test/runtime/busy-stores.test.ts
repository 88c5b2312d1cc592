import { marshall } from '@aws-sdk/util-dynamodb';
import type { Context, DynamoDBStreamEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { outbox } from '../../lib/contracts/channels/outbox.ts';
import { minutes } from '../../lib/contracts/declaring/duration.ts';
import { breaker, subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { aggregate } from '../../lib/runtime/aggregation/aggregate.ts';
import { archive } from '../../lib/runtime/archive/archive.ts';
import { AwsError, type AwsService, OutOfTime } from '../../lib/runtime/aws/calls/call.ts';
import { consume, type Handler } from '../../lib/runtime/consuming/consume.ts';
import { Outage, Reject } from '../../lib/runtime/invocation/outcomes.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { relayOutbox, sweepOutbox } from '../../lib/runtime/outbox/relay-handlers.ts';
import { opened, orderedQueue, ticketLog, workQueue } from '../contracts/sample-declarations.ts';
import { theirAggregation } from './kpl-aggregation.ts';
import { kinesisEvent, lambdaContext, sqsEvent } from './lambda-events.ts';

/** Of the functions here, in milliseconds. */
const TIMEOUT = 30_000;
const VARIABLES: Readonly<Record<string, string>> = {
  ...{ [ENV.inboxTable]: 'inbox', [ENV.outboxTable]: 'outbox', [ENV.deadLetterQueue]: 'dead', [ENV.queue]: 'work' },
  ...{ [ENV.archive]: 'archive', SLUICE_CHANNEL_ORDERED_WORK: 'work.fifo' },
};
const ROW = {
  ...{ aggregateId: 'A', sequence: 1, createdAt: '2026-11-20T08:00:00.000Z', unpublished: '0' },
  body: JSON.stringify(opened('A', 'ticket-outbox/A/1')),
};

interface Input {
  readonly RequestItems?: Readonly<Record<string, unknown>>;
  readonly Entries?: readonly { readonly Id: string }[];
  readonly ExclusiveStartKey?: object;
  readonly IndexName?: string;
  readonly ExpressionAttributeValues?: Readonly<Record<string, { readonly S?: string }>>;
}

/** What AWS answers when all is well, as far as these handlers ask. */
function answerOf(operation: string, input: Input): unknown {
  switch (operation) {
    case 'BatchGetItem':
      return {
        Responses: Object.fromEntries(Object.keys(input.RequestItems ?? {}).map((table) => [table, []])),
        UnprocessedKeys: {},
      };
    case 'Query': {
      const shown = input.IndexName === undefined || input.ExpressionAttributeValues?.[':bucket']?.S === '0';
      return { Items: shown && input.ExclusiveStartKey === undefined ? [marshall(ROW)] : [] };
    }
    case 'SendMessageBatch':
    case 'DeleteMessageBatch':
      return { Successful: input.Entries?.map(({ Id }) => ({ Id, MessageId: Id, MD5OfMessageBody: '' })), Failed: [] };
    case 'UpdateItem':
      return { Attributes: marshall({ attempts: new Set(['1']), failures: 9 }) };
    default:
      return {};
  }
}

const cancelled = (Code: string) =>
  new AwsError('TransactionCanceledException', `cancelled: ${Code}`, 400, {
    CancellationReasons: [{ Code: 'None' }, { Code }],
  });

/** What a busy store answers. */
const BUSY: Readonly<Record<string, readonly AwsError[]>> = {
  TransactWriteItems: [cancelled('TransactionConflict'), cancelled('ThrottlingError')],
  PutObject: [new AwsError('ConditionalRequestConflict', 'another write is under way', 409)],
  others: [
    new AwsError('ThrottlingException', 'slow down', 400),
    new AwsError('TransactionConflictException', 'ongoing', 400),
  ],
};
const busyAnswers = (operation: string): readonly AwsError[] => BUSY[operation] ?? BUSY.others ?? [];
const STORES: ReadonlySet<AwsService> = new Set(['dynamodb', 's3']);

interface Call {
  readonly service: AwsService;
  readonly operation: string;
  readonly attempt: boolean;
}

/** AWS whose stores are busy from the call of this number on, from 0, for so many calls. Time passes only by waiting. */
function world({ from = -1, times = 0, error }: { from?: number; times?: number; error?: AwsError }) {
  const calls: Call[] = [];
  const lines: string[] = [];
  const waits: number[] = [];
  let passed = 0;
  const runtime: Runtime = {
    ...lambda,
    now: () => Date.parse('2026-11-20T09:00:00.000Z') + passed,
    random: () => 0.999,
    sleep: async (millis) => {
      waits.push(millis);
      passed += millis;
    },
    env: (name) => VARIABLES[name],
    write: (line) => void lines.push(line),
    aws: async (service, operation, input, time) => {
      expect(time?.millisLeft(), `${operation} knows how much time there is`).toBeGreaterThan(0);
      const number = calls.length;
      calls.push({ service, operation, attempt: JSON.stringify(input).includes('ADD attempts') });
      const isBusy = number >= from && number < from + times && from >= 0 && STORES.has(service);
      if (isBusy) throw error ?? busyAnswers(operation)[0];
      return answerOf(operation, input as Input);
    },
  };
  return { calls, lines, waits, runtime, context: lambdaContext(() => TIMEOUT - passed) };
}

const exact = { to: ticketLog, guarantee: 'exactly-once-aggregation' } as const;
const records = kinesisEvent([
  { sequenceNumber: '1', body: JSON.stringify(opened('A', 'a')) },
  { sequenceNumber: '2', body: JSON.stringify(opened('A', 'b')) },
]);
const changes = {
  Records: [{ eventName: 'INSERT', dynamodb: { SequenceNumber: '7', NewImage: marshall(ROW) } }],
} as unknown as DynamoDBStreamEvent;
const box = outbox('ticket-outbox', { publishes: [orderedQueue] });
const body = JSON.stringify(opened('A', 'e-1'));

type Run = (runtime: Runtime, context: Context) => Promise<unknown>;
const handlersOf = (handle: Handler<unknown>) => ({
  'tickets.ticket-opened': handle,
  'tickets.ticket-closed': handle,
});
const fails = async () => {
  throw new Error('no');
};
const done = async () => undefined;

type Declared = Pick<Parameters<typeof subscription>[1], 'checkFirst' | 'inbox' | 'breaker' | 'failedKey'>;

/** @param receives how often its message has come */
const queued =
  (declared: Declared, handle: Handler<unknown>, receives = 1): Run =>
  (runtime, context) => {
    const to = declared.failedKey === 'park' ? orderedQueue : workQueue;
    const s = subscription('worker', { guarantee: 'effectively-once', ...declared, to });
    const group = to === orderedQueue ? { group: 'A' } : {};
    return consume(s, handlersOf(handle), { runtime })(sqsEvent([{ id: 'm', body, receives, ...group }]), context);
  };
const HANDLERS: Readonly<Record<string, Run>> = {
  'an aggregation': (runtime, context) =>
    aggregate(subscription('counting', exact), () => [], runtime)(records, context),
  'an archive': (runtime, context) => archive(subscription('keep', exact), runtime)(records, context),
  'a relay': (runtime, context) => relayOutbox(box, runtime)(changes, context),
  'a sweeper': (runtime, context) => sweepOutbox(box, minutes(1), runtime)({}, context),
  'an effect': queued({ checkFirst: true }, done),
  'a part of an effect': queued({}, async (_, { part }) => part('1', async () => [])),
  'a lease': queued({ inbox: 'lease' }, async (_, { step }) => {
    await step('1', async () => 1);
  }),
  'a failed try': queued({}, fails, 2),
  'a suspect': queued({}, done, 5),
  'a dead letter': queued(
    {},
    async () => {
      throw new Reject('bad', 'no');
    },
    2,
  ),
  'a parked message': queued({ failedKey: 'park' }, async () => {
    throw new Reject('bad', 'no');
  }),
  'a breaker': queued({ breaker: breaker({ failures: 1 }) }, async () => {
    throw new Outage('psp', 'down');
  }),
  'an event in a record': async (runtime, context) => {
    const data = await theirAggregation(['A', 'B'].map((key) => ({ key, data: JSON.stringify(opened(key, key)) })));
    const s = subscription('reader', { to: ticketLog, guarantee: 'effectively-once' });
    const handle = async (_: unknown, { event }: { event: { id: string } }) => {
      throw event.id === 'A' ? new Reject('bad', 'no') : new Error('no');
    };
    const event = kinesisEvent([{ sequenceNumber: '9', body: data }]);
    return consume(s, handlersOf(handle), { runtime })(event, context);
  },
};

async function ran(run: Run, trouble: Parameters<typeof world>[0]) {
  const { calls, lines, waits, runtime, context } = world(trouble);
  const answer = await run(runtime, context).catch((error: unknown) => error);
  const sent = calls.filter(({ operation }) => operation === 'SendMessage').length;
  return { answer, calls, lines, waits, sent, waited: waits.reduce((sum, wait) => sum + wait, 0) };
}

const FOREVER = Number.POSITIVE_INFINITY;
/** Messages that were told to have spent one. */
const tries = (lines: readonly string[]) => lines.filter((line) => line.includes('will be tried again')).length;
const names = (calls: readonly Call[]) => calls.map(({ operation }) => operation);

describe.each(Object.entries(HANDLERS))('%s', (name, run) => {
  it('waits for a store that is busy for a moment, whichever call finds it so', async () => {
    const well = await ran(run, {});
    expect(well.answer).not.toBeInstanceOf(Error);
    const stores = [...well.calls.entries()].filter(([, { service }]) => STORES.has(service));
    expect(stores.length).toBeGreaterThan(0);
    for (const [from, { operation }] of stores) {
      for (const error of busyAnswers(operation)) {
        const met = await ran(run, { from, times: 1, error });
        expect([operation, met.answer]).toEqual([operation, well.answer]);
        expect(names(met.calls).toSorted()).toEqual([...names(well.calls), operation].toSorted());
        expect(met.waited - well.waited).toBeGreaterThan(0);
        expect(met.waited - well.waited).toBeLessThanOrEqual(50);
      }
    }
  });

  it('is handed back by one that is busy for as long as there is time: no try is spent, nothing is given up for it', async () => {
    const well = await ran(run, {});
    for (const [from, { service, operation }] of well.calls.entries()) {
      if (!STORES.has(service)) continue;
      const met = await ran(run, { from, times: FOREVER });
      const [busy] = busyAnswers(operation);
      // A schedule brings the sweeper again.
      if (name === 'a sweeper' && met.answer instanceof Error) expect(met.answer.name).toBe(busy?.name);
      else {
        expect(met.answer).not.toBeInstanceOf(Error);
        expect([operation, met.lines.join('\n')]).toEqual([operation, expect.stringMatching(/busy|could not/)]);
      }
      expect(tries(met.lines)).toBeLessThanOrEqual(tries(well.lines));
      expect(met.sent).toBeLessThanOrEqual(well.sent);
      expect(met.waited).toBeLessThan(TIMEOUT);
      expect(met.calls.length).toBeLessThan(100);
    }
  });
});

/** Everything that a batch has is to come again, in the words of its source. */
const COMES_AGAIN: Readonly<Record<string, unknown>> = {
  'an aggregation': [{ itemIdentifier: '1' }],
  'an archive': [{ itemIdentifier: '1' }],
  'a relay': [{ itemIdentifier: '7' }],
  'an effect': [{ itemIdentifier: 'm' }],
  'a lease': [{ itemIdentifier: 'm' }],
  'a failed try': [{ itemIdentifier: 'm' }],
  'a suspect': [{ itemIdentifier: 'm' }],
  'a parked message': [{ itemIdentifier: 'm' }],
  'an event in a record': [{ itemIdentifier: '9' }],
};

it.each(Object.entries(COMES_AGAIN))(
  '%s comes again as a whole when its first call finds the store busy',
  async (name, batchItemFailures) => {
    const { answer, lines, calls } = await ran(HANDLERS[name] as Run, { from: 0, times: FOREVER });
    expect(answer).toEqual({ batchItemFailures });
    expect(lines.join('\n')).toContain('busy');
    expect(calls.filter(({ attempt }) => attempt)).toEqual([]);
  },
);

it('a call that had no answer in the time there was spends no try', async () => {
  const { runtime, context, lines } = world({});
  const silent: Runtime = {
    ...runtime,
    aws: async (service, operation, input, time) => {
      if (operation === 'TransactWriteItems') throw new OutOfTime('dynamodb did not answer');
      expect(operation).not.toBe('UpdateItem');
      return runtime.aws(service, operation, input, time);
    },
  };
  expect(await queued({}, done)(silent, context)).toEqual({
    batchItemFailures: [{ itemIdentifier: 'm' }],
  });
  expect(lines.join('\n')).toMatch(/a store was busy.*OutOfTime/);
});
