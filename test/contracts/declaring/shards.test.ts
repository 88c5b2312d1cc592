import { expect, it } from 'vitest';
import { shardNeeds, shardsFor } from '../../../lib/contracts/declaring/shards.ts';

it('a need is counted in shards: records, bytes in, and bytes out to everybody who shares the reading', () => {
  expect(shardNeeds(2_000, 1_048_576, 4)).toEqual({ records: 2, bytes: 2_000, read: 4_000 });
});

it.each([
  ['records fill them first', { peakPerSecond: 1_000, averageBytes: 100 }, 1, 2],
  ['bytes do', { peakPerSecond: 1, averageBytes: 1_048_576 }, 1, 2],
  [
    'reading does: four consumers read four times what comes in, and a shard gives twice',
    { peakPerSecond: 1, averageBytes: 1_048_576 },
    4,
    4,
  ],
  ['two consumers read no more than a shard gives', { peakPerSecond: 1, averageBytes: 1_048_576 }, 2, 2],
  ['the usual rate counts three times', { peakPerSecond: 1_000, averageBytes: 100, usualPerSecond: 1_000 }, 1, 3],
  [
    'where that is more than twice the peak',
    { peakPerSecond: 10_000, averageBytes: 100, usualPerSecond: 1_000 },
    1,
    20,
  ],
])('%s', (_, load, consumers, shards) => {
  expect(shardsFor(load, consumers)).toBe(shards);
});
