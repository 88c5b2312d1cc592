import { expect, it } from 'vitest';
import { loadOf, sumOfLoads, warmThroughputFor } from '../../../lib/contracts/declaring/table-capacity.ts';

it.each([
  [{}, undefined],
  [{ write: 2_000, read: 6_000 }, undefined],
  [{ write: 2_000.5 }, { write: 4_001 }],
  [{ write: 4_000, read: 6_000 }, { write: 8_000 }],
  [{ write: 1, read: 6_001 }, { read: 12_002 }],
  [
    { write: 10_000, read: 10_000 },
    { write: 20_000, read: 20_000 },
  ],
])('of %o at the peak a new table needs to be warmed to %o', (atPeak, warm) => {
  expect(warmThroughputFor(atPeak)).toEqual(warm);
});

it('adds up what all ask of a table', () => {
  expect(sumOfLoads([])).toEqual({ write: 0, read: 0 });
  expect(sumOfLoads([{ write: 1 }, { read: 2 }, loadOf(10, { write: 3 }), loadOf(5, { write: 1, read: 4 })])).toEqual({
    write: 36,
    read: 22,
  });
});
