import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { log } from '../../lib/contracts/channels/log.ts';
import { minutes } from '../../lib/contracts/declaring/duration.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { aggregate } from '../../lib/runtime/aggregation/aggregate.ts';
import { AwsError } from '../../lib/runtime/aws/calls/call.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { events, opened, ticketLog } from '../contracts/sample-declarations.ts';
import { kinesisEvent, type LogEntry, lambdaContext } from './lambda-events.ts';
import {
  createBusinessTable,
  createInboxTable,
  createQueue,
  drain,
  itemsOf,
  useLocalServices,
} from './local-services.ts';

/** Aggregations whose events come late, or whose state cannot be kept. */
const INBOX = 'inbox';
const TOTALS = 'totals';
const SHARD = 'shardId-000000000007';
const counting = subscription('counting', {
  to: log('two-shards', { events, shards: 2 }),
  guarantee: 'exactly-once-aggregation',
  lateness: { allowed: minutes(1) },
});

useLocalServices();

let deadLetters: string;
let run = 0;
let lines: Record<string, unknown>[];

beforeAll(async () => {
  await createInboxTable(INBOX);
  await createBusinessTable(TOTALS);
  deadLetters = await createQueue('counting-dead-letters');
});

beforeEach(() => {
  run += 1;
  lines = [];
});

/** A stream that was never resharded. */
const unsplit: Runtime['aws'] = async (service, operation, input) =>
  operation === 'ListShards' ? { Shards: [] } : lambda.aws(service, operation, input);

const runtime = (aws: Runtime['aws'] = unsplit): Runtime => ({
  ...lambda,
  aws,
  env: (name) => ({ [ENV.inboxTable]: INBOX, [ENV.deadLetterQueue]: deadLetters, [ENV.stack]: 'test' })[name],
  write: (line) => void lines.push(JSON.parse(line)),
});

const count = (records: readonly LogEntry[], aws?: Runtime['aws']) =>
  aggregate(
    counting,
    (all) => [
      {
        Update: {
          TableName: TOTALS,
          Key: { pk: `run-${run}` },
          UpdateExpression: 'ADD seen :seen',
          ExpressionAttributeValues: { ':seen': all.length },
        },
      },
    ],
    runtime(aws),
  )(kinesisEvent(records, `${SHARD}-${run}`), lambdaContext());

const at = (sequenceNumber: number, time: string, id = `e-${sequenceNumber}`): LogEntry => ({
  sequenceNumber: String(sequenceNumber),
  body: JSON.stringify({ ...opened('T-1', `run-${run}/${id}`), time: `2025-11-20T${time}Z` }),
});
const seen = async () => (await itemsOf(TOTALS)).find(({ pk }) => pk === `run-${run}`)?.seen;
const metrics = () => lines.filter((line) => '_aws' in line);

describe('a late event', () => {
  it('is left out of the result, counted, and sent to the dead letters with the reason', async () => {
    await count([at(1, '07:00:00'), at(2, '07:02:00'), at(3, '07:00:59'), at(4, '07:01:00')]);
    expect(await seen()).toBe(3);
    const letters = await drain(deadLetters);
    expect(letters.map(({ Body = '' }) => JSON.parse(Body).id)).toEqual([`run-${run}/e-3`]);
    expect(JSON.parse(letters[0]?.MessageAttributes?.deadLetter?.StringValue ?? '')).toMatchObject({
      reason: 'late',
      message: 'happened at 2025-11-20T07:00:59.000Z, more than the allowed 60 s before the watermark of its shard',
    });
    expect(metrics()).toMatchObject([
      { stack: 'test', subscription: 'counting', Received: [4], Done: [3], Rejected: [0], LateDropped: [1] },
    ]);
  });

  it('is held against the watermark of earlier batches, and judged alike when its batch comes again', async () => {
    await count([at(1, '07:02:00')]);
    const batch = [at(2, '07:00:00'), at(3, '07:30:00'), at(4, '07:29:30')];
    await count(batch);
    expect(await seen()).toBe(3);
    await count(batch);
    expect(await seen()).toBe(3);
    expect((await drain(deadLetters)).length).toBe(1);
    expect(metrics().map(({ LateDropped }) => LateDropped)).toEqual([[0], [1], [0]]);
  });

  it('is a duplicate when it was counted in time before, in this batch or an earlier one', async () => {
    await count([at(1, '07:00:00', 'a')]);
    await count([at(2, '07:00:30', 'b'), at(3, '07:30:00', 'c'), at(4, '07:00:00', 'a'), at(5, '07:00:30', 'b')]);
    expect(await seen()).toBe(3);
    expect(await drain(deadLetters)).toEqual([]);
    expect(metrics().at(-1)).toMatchObject({ Done: [2], Duplicates: [2], LateDropped: [0] });
  });
});

describe('a shard that was made by a split or a merge', () => {
  type Parents = Record<string, readonly string[]>;
  const shardOf = (name: string) => `${name}-${run}`;
  /** Kinesis as it tells of the parents of shards, a shard a page. */
  const asked: object[] = [];
  const kinesis =
    (parents: Parents): Runtime['aws'] =>
    async (service, operation, input) => {
      if (service !== 'kinesis') return lambda.aws(service, operation, input);
      asked.push(input);
      const names = Object.keys(parents);
      const at = Number((input as { NextToken?: string }).NextToken ?? 0);
      const [one, other] = parents[names[at] ?? ''] ?? [];
      const Shard = {
        ShardId: shardOf(names[at] ?? ''),
        ...(one === undefined ? {} : { ParentShardId: shardOf(one) }),
        ...(other === undefined ? {} : { AdjacentParentShardId: shardOf(other) }),
      };
      return { Shards: [Shard], ...(at + 1 < names.length ? { NextToken: String(at + 1) } : {}) };
    };
  const on = async (shard: string, records: readonly LogEntry[], parents: Parents = { [shard]: [] }) => {
    lines = [];
    await aggregate(
      counting,
      () => [],
      runtime(kinesis(parents)),
    )(kinesisEvent(records, shardOf(shard)), lambdaContext());
    const { LateDropped, Done } = metrics().at(-1) ?? {};
    await drain(deadLetters);
    return { late: LateDropped, done: Done };
  };
  const late = { late: [1], done: [0] };
  const inTime = { late: [0], done: [1] };
  beforeEach(() => asked.splice(0));

  it('takes over the watermark of its parent, and asks for it once', async () => {
    await on('a', [at(7, '07:00:00')]);
    expect(await on('b', [at(1, '06:00:00', 'b')], { a: [], b: ['a'], c: ['a'] })).toEqual(late);
    const first = { StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/log', StreamName: 'log' };
    expect(asked).toEqual([first, first, { NextToken: '1' }, { NextToken: '2' }]);
    expect(await on('b', [at(2, '06:59:00', 'c')])).toEqual(inTime);
    expect(await on('b', [at(3, '06:58:59', 'd')])).toEqual(late);
    expect(asked).toHaveLength(4);
    expect(await on('c', [at(1, '06:00:00', 'e')], { a: [], b: ['a'], c: ['a'] })).toEqual(late);
  });

  it('takes over the lower one of two parents', async () => {
    await on('a', [at(1, '07:00:00', 'a')]);
    await on('b', [at(1, '09:00:00', 'b')]);
    const parents: Parents = { a: [], b: [], c: ['a', 'b'], d: ['b', 'a'] };
    expect(await on('c', [at(1, '07:30:00', 'c')], parents)).toEqual(inTime);
    expect(await on('d', [at(1, '06:58:00', 'd')], parents)).toEqual(late);
  });

  it('looks further back when a parent never had a record', async () => {
    await on('a', [at(1, '07:00:00', 'a')]);
    const parents: Parents = { b: ['a'], c: ['b'], d: ['b', 'empty'], empty: [] };
    expect(await on('c', [at(1, '06:00:00', 'c')], parents)).toEqual(late);
    expect(await on('d', [at(1, '06:00:00', 'd')], parents)).toEqual(late);
  });

  it('begins anew when nobody knows its parents any more', async () => {
    expect(await on('b', [at(1, '06:00:00', 'a')], { b: ['gone'] })).toEqual(inTime);
    expect(await on('c', [at(1, '06:00:00', 'b')], { other: [] })).toEqual(inTime);
  });

  it('comes again when Kinesis does not answer', async () => {
    const down: Runtime['aws'] = (service, operation, input) =>
      service === 'kinesis' ? Promise.reject(new Error('slow down')) : lambda.aws(service, operation, input);
    await expect(count([at(1, '07:00:00')], down)).rejects.toThrow('slow down');
    expect(metrics()[0]).toMatchObject({ StateFailures: [1] });
  });

  it('asks nobody where lateness is not declared', async () => {
    const plain = subscription('plain', { to: ticketLog, guarantee: 'exactly-once-aggregation' });
    await aggregate(
      plain,
      () => [],
      runtime(kinesis({})),
    )(kinesisEvent([at(1, '07:00:00')], shardOf('z')), lambdaContext());
    expect(asked).toEqual([]);
  });
});

describe('the state of an aggregation', () => {
  const failing =
    (operation: string, error: unknown, times = Number.POSITIVE_INFINITY): Runtime['aws'] =>
    async (service, called, input) => {
      if (called === operation && times-- > 0) throw error;
      return unsplit(service, called, input);
    };
  const throttled = new AwsError('ThrottlingException', 'slow down', 400);

  it.each(['GetItem', 'TransactWriteItems'])(
    'that fails at %s is counted, and the batch comes again',
    async (operation) => {
      const { batchItemFailures } = await count([at(1, '07:00:00')], failing(operation, throttled));
      expect(batchItemFailures).toEqual([{ itemIdentifier: '1' }]);
      expect(metrics()[0]).toMatchObject({ StateFailures: [1] });
      await count([at(1, '07:00:00')]);
      expect(await seen()).toBe(1);
      expect(metrics().at(-1)).toMatchObject({ StateFailures: [0] });
    },
  );

  it('bears a transaction that met another', async () => {
    const conflict = new AwsError('TransactionCanceledException', 'cancelled', 400, {
      CancellationReasons: [{ Code: 'None' }, { Code: 'None' }, { Code: 'TransactionConflict' }],
    });
    await count([at(1, '07:00:00')], failing('TransactWriteItems', conflict, 2));
    expect(await seen()).toBe(1);
    expect(metrics()).toMatchObject([{ Done: [1], StateFailures: [0] }]);
  });
});

it('the lag of a shard is reported for the subscription and for the shard', async () => {
  await count([at(1, '07:00:00')]);
  const [line] = metrics();
  expect(line).toMatchObject({ shard: `${SHARD}-${run}`, ShardLag: [expect.any(Number)], Consumed: [1] });
  const [all, shard] = [
    ['stack', 'subscription'],
    ['stack', 'subscription', 'shard'],
  ];
  expect(line?._aws).toMatchObject({
    CloudWatchMetrics: [
      { Dimensions: [all] },
      { Dimensions: [all, shard], Metrics: [{ Name: 'ShardLag', Unit: 'Milliseconds' }] },
    ],
  });
});
