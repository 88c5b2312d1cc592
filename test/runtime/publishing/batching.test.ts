import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inBatches, inParallel, inRounds } from '../../../lib/runtime/publishing/batching.ts';

const sized = (...sizes: number[]) => sizes.map((bytes) => ({ bytes }));

describe('inBatches', () => {
  const limits = { maxBatchEntries: 3, maxBatchBytes: 10 };

  it.each([
    ['nothing', [], []],
    ['the number of entries', [1, 1, 1, 1], [[1, 1, 1], [1]]],
    ['the bytes', [5, 5, 1], [[5, 5], [1]]],
    ['an entry that fills a batch', [10, 1], [[10], [1]]],
    ['an entry larger than any batch', [1, 99, 1], [[1], [99], [1]]],
  ])('cuts by %s', (_, sizes, expected) => {
    expect(inBatches(sized(...sizes), limits).map((batch) => batch.map(({ bytes }) => bytes))).toEqual(expected);
  });

  it('keeps everything, in order, within the limits', () => {
    const size = fc.record({ bytes: fc.integer({ min: 1, max: 30 }) });
    fc.assert(
      fc.property(
        fc.array(size, { size: 'medium' }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 40 }),
        (items, n, bytes) => {
          const batches = inBatches(items, { maxBatchEntries: n, maxBatchBytes: bytes });
          expect(batches.flat()).toEqual(items);
          for (const batch of batches) {
            expect(batch.length).toBeGreaterThan(0);
            expect(batch.length).toBeLessThanOrEqual(n);
            const total = batch.reduce((sum, item) => sum + item.bytes, 0);
            if (batch.length > 1) expect(total).toBeLessThanOrEqual(bytes);
          }
        },
      ),
    );
  });
});

describe('inRounds', () => {
  it('puts the n-th item of a key into the n-th round', () => {
    expect(inRounds(['a1', 'a2', 'b1', 'a3', 'b2'], (item) => item.slice(0, 1))).toEqual([
      ['a1', 'b1'],
      ['a2', 'b2'],
      ['a3'],
    ]);
  });

  it('loses nothing, repeats no key in a round and keeps the order of a key', () => {
    const items = fc.array(fc.record({ key: fc.constantFrom('a', 'b', '__proto__', ''), at: fc.nat() }));
    fc.assert(
      fc.property(items, (given) => {
        const rounds = inRounds(given, ({ key }) => key);
        expect(rounds.flat().length).toBe(given.length);
        for (const round of rounds) expect(new Set(round.map(({ key }) => key)).size).toBe(round.length);
        for (const key of ['a', 'b', '__proto__', '']) {
          const ofKey = (list: typeof given) => list.filter((item) => item.key === key);
          expect(ofKey(rounds.flat())).toEqual(ofKey(given));
        }
      }),
    );
  });
});

describe('inParallel', () => {
  it('has as many at once as allowed, and no more', async () => {
    let running = 0;
    let most = 0;
    await inParallel([1, 2, 3, 4, 5, 6], 3, async () => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running -= 1;
    });
    expect(most).toBe(3);
  });

  it('rejects with the first failure, after what is running has ended', async () => {
    const ended: number[] = [];
    const all = inParallel([1, 2, 3], 3, async (item) => {
      if (item === 1) throw new Error('first');
      await new Promise(setImmediate);
      ended.push(item);
    });
    await expect(all).rejects.toThrow('first');
    expect(ended).toEqual([2, 3]);
  });
});
