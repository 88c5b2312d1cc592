import { expect, test } from 'vitest';
import { immediate } from '../../../lib/contracts/declaring/retry.ts';
import { mappingRetriesOf } from '../../../lib/contracts/subscriptions/delivery-numbers.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import type { BatchOutcome, BatchPolicy, Discard } from '../../../lib/local/mappings/streams/stream-batch.ts';
import { processBatch } from '../../../lib/local/mappings/streams/stream-batch.ts';
import { ticketLog } from '../../contracts/sample-declarations.ts';

const FOREVER: BatchPolicy = { maximumRetries: -1, maximumAgeMs: -1, bisect: false };
const failed: BatchOutcome = { kind: 'failed', requestId: 'r', functionError: 'Unhandled' };

/** Runs a batch of numbers; record n arrived n seconds after the epoch, and it is 10 seconds past it. */
async function run(
  batch: number[],
  policy: Partial<BatchPolicy>,
  invoke: (records: readonly number[], call: number) => BatchOutcome,
  atMost = 20,
) {
  const invoked: number[][] = [];
  const discarded: Discard<number>[] = [];
  const advanced: number[] = [];
  const waits: number[] = [];
  await processBatch(
    batch,
    { ...FOREVER, ...policy },
    {
      invoke: async (records) => {
        invoked.push([...records]);
        return invoke(records, invoked.length);
      },
      discard: async (discard) => void discarded.push(discard),
      advance: (record) => void advanced.push(record),
      wait: async (failures) => void waits.push(failures),
      arrivedAt: (record) => record * 1000,
      now: () => 10_000,
      stopped: () => invoked.length > atMost,
    },
  );
  return { invoked, discarded, advanced, waits };
}

test('a success is one invocation and moves the position to the end', async () => {
  const { invoked, advanced, discarded } = await run([1, 2, 3], {}, () => ({ kind: 'success' }));
  expect({ invoked, advanced, discarded }).toEqual({ invoked: [[1, 2, 3]], advanced: [3], discarded: [] });
});

test('a failing batch is retried whole, then given up with its count', async () => {
  const { invoked, discarded, advanced, waits } = await run([1, 2], { maximumRetries: 2 }, () => failed);
  expect(invoked).toEqual([
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
  expect(discarded).toEqual([
    {
      condition: 'RetryAttemptsExhausted',
      records: [1, 2],
      requestId: 'r',
      approximateInvokeCount: 3,
      response: { functionError: 'Unhandled' },
    },
  ]);
  expect(advanced).toEqual([2]);
  expect(waits).toEqual([1, 2]);
});

test('the retry budget starts anew when the checkpoint advances: size 3, retries 3, the failing record is seen 5 times', async () => {
  const { invoked, discarded, advanced } = await run([1, 2, 3], { maximumRetries: 3 }, (records) => ({
    kind: 'from',
    index: records.indexOf(2),
    requestId: 'r',
  }));
  expect(invoked).toEqual([
    [1, 2, 3],
    [2, 3],
    [2, 3],
    [2, 3],
    [2, 3],
  ]);
  expect(discarded).toMatchObject([{ records: [2, 3], approximateInvokeCount: 4, response: { functionError: null } }]);
  expect(advanced).toEqual([1, 3]);
});

test('bisecting isolates the poison record, in order, and costs no attempts', async () => {
  const { invoked, discarded, advanced } = await run([1, 2, 3, 4], { maximumRetries: 1, bisect: true }, (records) =>
    records.includes(3) ? failed : { kind: 'success' },
  );
  expect(invoked).toEqual([[1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [4]]);
  expect(discarded).toMatchObject([{ records: [3], approximateInvokeCount: 2 }]);
  expect(advanced).toEqual([2, 3, 4]);
});

test('with bisect and a partial response only the remainder is tried again', async () => {
  const { invoked } = await run([1, 2, 3, 4], { bisect: true }, (_records, call) =>
    call === 1 ? { kind: 'from', index: 2, requestId: 'r' } : { kind: 'success' },
  );
  expect(invoked).toEqual([
    [1, 2, 3, 4],
    [3, 4],
  ]);
});

test('throttles cost no attempts', async () => {
  const { invoked, discarded } = await run([1], { maximumRetries: 0 }, (_records, call) =>
    call < 4 ? { kind: 'throttled' } : { kind: 'success' },
  );
  expect(invoked).toHaveLength(4);
  expect(discarded).toEqual([]);
});

test('only the records that are too old are given up, without having been invoked', async () => {
  const { invoked, discarded, advanced } = await run([4, 6, 8, 9], { maximumAgeMs: 3000 }, () => ({ kind: 'success' }));
  expect(discarded).toEqual([
    { condition: 'RecordAgeExceeded', records: [4, 6], requestId: '', approximateInvokeCount: 0, response: undefined },
  ]);
  expect(invoked).toEqual([[8, 9]]);
  expect(advanced).toEqual([6, 9]);
});

test('without a limit it goes on until it is stopped', async () => {
  const { invoked, discarded, advanced } = await run([1], {}, () => failed);
  expect(invoked).toHaveLength(21);
  expect([discarded, advanced]).toEqual([[], []]);
});

test.each([[[4]], [[1]], [[10]], [[4, 5]], [[1, 6, 10]]])(
  'with the settings of our consumers, records that end the function (%j of 1 to 10) leave alone; what is beside and behind them is handled in order',
  async (crashing) => {
    const batch = Array.from({ length: 10 }, (_, i) => i + 1);
    const worker = subscription('worker', { to: ticketLog, retry: immediate({ attempts: 1 }), batchSize: 10 });
    const handled: number[] = [];
    const { discarded, advanced } = await run(
      batch,
      { bisect: true, maximumRetries: mappingRetriesOf(worker) },
      (records) => {
        if (records.some((record) => crashing.includes(record))) return failed;
        handled.push(...records);
        return { kind: 'success' };
      },
      1_000,
    );
    expect(discarded.map(({ condition, records }) => [condition, records])).toEqual(
      crashing.map((record) => ['RetryAttemptsExhausted', [record]]),
    );
    expect(handled).toEqual(batch.filter((record) => !crashing.includes(record)));
    expect(advanced.at(-1)).toBe(10);
  },
);
