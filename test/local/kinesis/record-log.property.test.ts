import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRecordLog, type KeptRecord } from '../../../lib/local/kinesis/record-log.ts';
import { temporaryFile } from '../../../lib/local/state/transactions.ts';

/** What can be done with the records of two shards. Times are few, so that records come together and clocks go back. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('append' as const), now: fc.nat(12), bytes: fc.nat(40) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('read' as const),
      ...{ number: fc.nat(30), since: fc.nat(13), count: fc.integer({ min: 1, max: 6 }), bytes: fc.nat(90) },
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('trim' as const), before: fc.nat(13), limit: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('skip' as const), number: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('since' as const), time: fc.nat(13) }) },
);

/** The same as a list. */
function model() {
  const records: KeptRecord[] = [];
  let next = 1;
  let latest = 0;
  return {
    records,
    append(record: Pick<KeptRecord, 'partitionKey' | 'data' | 'encrypted'>, now: number) {
      latest = Math.max(latest, now);
      records.push({ ...record, number: next++, arrivedAt: latest });
    },
    read(number: number, { since, count, bytes }: { since: number; count: number; bytes: number }) {
      const found: KeptRecord[] = [];
      let size = 0;
      for (const record of records) {
        if (record.number < number || record.arrivedAt < since || found.length === count) continue;
        size += record.data.length + record.partitionKey.length;
        if (size > bytes && found.length > 0) break;
        found.push(record);
      }
      return found;
    },
    /** How many could go, and the same without so many. */
    old: (before: number) => records.filter(({ arrivedAt }) => arrivedAt < before).length,
    drop: (count: number) => void records.splice(0, count),
    skip(number: number) {
      next = Math.max(next, number);
    },
    next: () => next,
  };
}

it('the log of records does what a list would, shard by shard', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(0, 1), step), { maxLength: 60 }), (steps) => {
      const file = temporaryFile();
      const log = createRecordLog(file);
      const shards = [model(), model()];
      for (const [shard, one] of steps) {
        const list = shards[shard] as ReturnType<typeof model>;
        if (one.what === 'append') {
          const record = {
            partitionKey: `k${one.now}`,
            data: new Uint8Array(one.bytes),
            encrypted: one.bytes % 2 === 1,
          };
          list.append(record, one.now);
          log.append(shard, record, one.now);
        } else if (one.what === 'read') {
          const plain = ({ data, ...record }: KeptRecord) => ({ ...record, bytes: data.length });
          expect(log.read(shard, one.number, one).map(plain)).toEqual(list.read(one.number, one).map(plain));
        } else if (one.what === 'trim') {
          const old = list.old(one.before);
          const gone = log.trim(shard, one.before, one.limit);
          expect(gone).toBeLessThanOrEqual(Math.min(old, one.limit));
          expect(gone > 0).toBe(old > 0 && one.limit > 0);
          list.drop(gone);
        } else if (one.what === 'skip') {
          list.skip(one.number);
          log.skipTo(shard, one.number);
        } else {
          // Where to begin: between the last that came before and the first that did not.
          const from = log.firstSince(shard, one.time);
          for (const { number, arrivedAt } of list.records) expect(number >= from).toBe(arrivedAt >= one.time);
          expect(from).toBeLessThanOrEqual(list.next());
        }
        expect(log.next(shard)).toBe(list.next());
        expect(log.shards()).toEqual([0, 1].filter((of) => (shards[of]?.records.length ?? 0) > 0));
      }
      file.close();
    }),
    { numRuns: 300 },
  );
});
