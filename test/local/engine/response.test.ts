import { expect, test } from 'vitest';
import { createBatcher } from '../../../lib/local/mappings/delivery/batcher.ts';
import { queueVerdict, streamVerdict } from '../../../lib/local/mappings/delivery/response.ts';

test.each([['null'], ['{}'], ['""'], ['[]'], [''], ['{"batchItemFailures":[]}'], ['{"batchItemFailures":null}']])(
  'the answer %s is a success',
  (payload) => {
    expect(queueVerdict(payload, ['a'])).toEqual({ kind: 'success' });
    expect(streamVerdict(payload, ['1'])).toEqual({ kind: 'success' });
  },
);

test.each([
  ['{"batchItemFailures":[{}]}'],
  ['{"batchItemFailures":[{"itemIdentifier":""}]}'],
  ['{"batchItemFailures":[{"itemIdentifier":null}]}'],
  ['{"batchItemFailures":[{"itemIdentifier":7}]}'],
  ['{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"z"}]}'],
  ['{"batchItemFailures":[{"id":"a"}]}'],
  ['{"batchItemFailures":"a"}'],
])('the answer %s fails the whole batch', (payload) => {
  expect(queueVerdict(payload, ['a', 'b'])).toEqual({ kind: 'all-failed' });
  expect(streamVerdict(payload, ['a', 'b'])).toEqual({ kind: 'all-failed' });
});

test('reported messages fail, a stream goes on at the lowest of them', () => {
  const payload = '{"batchItemFailures":[{"itemIdentifier":"c"},{"itemIdentifier":"b"}]}';
  expect(queueVerdict(payload, ['a', 'b', 'c'])).toEqual({ kind: 'partial', failed: new Set(['b', 'c']) });
  expect(streamVerdict(payload, ['a', 'b', 'c'])).toEqual({ kind: 'from', index: 1 });
});

test('a batch closes on its size, on 6 MB, and is due at the end of its window', () => {
  const batcher = createBatcher<number>({ size: 3, windowMs: 1000 }, (bytes) => bytes);
  expect(batcher.dueAt).toBeUndefined();
  expect(batcher.add([1, 1], 100)).toEqual([]);
  expect(batcher.dueAt).toBe(1100);
  expect(batcher.add([1, 1], 200)).toEqual([[1, 1, 1]]);
  expect(batcher.dueAt).toBe(1200);
  expect(batcher.add([6 * 1024 * 1024], 300)).toEqual([[1]]);
  expect(batcher.flush()).toEqual([6 * 1024 * 1024]);
  expect(batcher.waiting).toBe(0);
});

test('without a window nothing waits', () => {
  const batcher = createBatcher<number>({ size: 2, windowMs: 0 }, () => 1);
  expect(batcher.add([1, 2, 3], 0)).toEqual([[1, 2], [3]]);
  expect(batcher.dueAt).toBeUndefined();
});
