import { createHash } from 'node:crypto';
import { deaggregateSync, type UserRecord } from 'aws-kinesis-agg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aggregated,
  deaggregated,
  EVENT_OVERHEAD_BYTES,
  recordOverhead,
} from '../../../lib/runtime/messages/aggregated-record.ts';
import { theirAggregation } from '../kpl-aggregation.ts';

/** The published library of the format, the other way round each time. */
function theirDeaggregation(record: Buffer): readonly { key: string; data: string }[] {
  let found: UserRecord[] = [];
  const payload = { data: record.toString('base64'), sequenceNumber: '1', partitionKey: 'outer' };
  deaggregateSync(payload as never, true, (error, records) => {
    if (error) throw error;
    found = records ?? [];
  });
  return found.map(({ partitionKey, data }) => ({
    key: partitionKey,
    data: Buffer.from(data, 'base64').toString('utf8'),
  }));
}

const texts = fc.array(
  fc.string({ unit: 'binary', maxLength: 400 }).filter((text) => text.isWellFormed()),
  {
    minLength: 1,
    maxLength: 40,
  },
);
const keys = fc.string({ minLength: 1, maxLength: 200 });
/** The library keeps its table of keys in an object, which puts keys that look like numbers first: not those. */
const theirKeys = keys.map((key) => `k${key}`);

describe('aggregated records', () => {
  it('are read by the published library, in order', () => {
    fc.assert(
      fc.property(keys, texts, (key, data) => {
        const record = aggregated(
          key,
          data.map((text) => Buffer.from(text)),
        );
        expect(theirDeaggregation(record)).toEqual(data.map((text) => ({ key, data: text })));
      }),
      { numRuns: 50 },
    );
  });

  it('are read here when the published library made them, with several keys', async () => {
    const records = fc.array(fc.record({ key: theirKeys, data: fc.string({ minLength: 1, maxLength: 300 }) }), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(records, async (given) => {
        const read = deaggregated(await theirAggregation(given));
        expect(read?.map(({ key, data }) => ({ key, data: data.toString('utf8') }))).toEqual(given);
      }),
      { numRuns: 50 },
    );
  });

  it('are never larger than was reckoned', () => {
    fc.assert(
      fc.property(keys, texts, (key, data) => {
        const buffers = data.map((text) => Buffer.from(text));
        const reckoned = buffers.reduce((sum, { length }) => sum + length + EVENT_OVERHEAD_BYTES, recordOverhead(key));
        expect(aggregated(key, buffers).length).toBeLessThanOrEqual(reckoned);
      }),
    );
  });

  it('are reckoned with their header, a key of any length and its bytes', () => {
    expect(recordOverhead('ü')).toBe(4 + 16 + 6 + 2);
    for (const length of [1, 127, 128, 20_000]) {
      const key = 'k'.repeat(length);
      expect(aggregated(key, []).length).toBeLessThanOrEqual(recordOverhead(key));
    }
  });

  it('carry an event of a megabyte', () => {
    const large = 'x'.repeat(1_000_000);
    expect(deaggregated(aggregated('k', [Buffer.from(large)]))?.[0]?.data.toString()).toBe(large);
  });
});

describe('what is no aggregated record', () => {
  const good = aggregated('k', [Buffer.from('one'), Buffer.from('two')]);
  const message = good.subarray(4, -16);
  const sealed = (content: Buffer) =>
    Buffer.concat([good.subarray(0, 4), content, createHash('md5').update(content).digest()]);

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('{"specversion":"1.0"}')],
    ['the magic alone', good.subarray(0, 4)],
    ['another magic', Buffer.concat([Buffer.from([0]), good.subarray(1)])],
    ['a damaged byte', Buffer.concat([good.subarray(0, 10), Buffer.from([0xff]), good.subarray(11)])],
    ['a damaged hash', Buffer.concat([good.subarray(0, -1), Buffer.from([(good.at(-1) ?? 0) ^ 1])])],
    ['a message cut short', sealed(message.subarray(0, -1))],
    ['a number without an end', sealed(Buffer.from([0x08, 0xff]))],
    ['a field that is longer than the message', sealed(Buffer.from([0x0a, 0x7f, 0x61]))],
    ['a field of a group', sealed(Buffer.from([0x0b]))],
    ['a record without a key in the table', sealed(Buffer.from([0x1a, 0x05, 0x08, 0x07, 0x1a, 0x01, 0x61]))],
    ['a record without an index', sealed(Buffer.from([0x0a, 0x01, 0x6b, 0x1a, 0x03, 0x1a, 0x01, 0x61]))],
    ['an index that is text', sealed(Buffer.from([0x0a, 0x01, 0x6b, 0x1a, 0x06, 0x0a, 0x01, 0x30, 0x1a, 0x01, 0x61]))],
    ['a record cut short', sealed(Buffer.from([0x0a, 0x01, 0x6b, 0x1a, 0x06, 0x08, 0x00, 0x1a, 0x01, 0x61, 0x1a]))],
    ['a tag without an end', sealed(Buffer.from([0x0a, 0x01, 0x6b, 0xff]))],
    ['the magic and a hash of nothing', sealed(Buffer.alloc(0))],
    ['a record without data', sealed(Buffer.from([0x0a, 0x01, 0x6b, 0x1a, 0x02, 0x08, 0x00]))],
  ])('is left as it is: %s', (_, bytes) => {
    expect(deaggregated(bytes)).toBeUndefined();
  });

  it('passes over fields it does not know, of every wire type', () => {
    const extra = Buffer.from([
      0x12, 0x01, 0x30, 0x78, 0x05, 0x7d, 1, 2, 3, 4, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7a, 0x01, 0x61,
    ]);
    expect(deaggregated(sealed(Buffer.concat([extra, message])))?.map(({ data }) => data.toString())).toEqual([
      'one',
      'two',
    ]);
  });

  it('passes over fields it does not know inside a record, and takes no other for index or data', () => {
    const inner = Buffer.from([
      0x08, 0x00, 0x10, 0x07, 0x12, 0x01, 0x78, 0x1a, 0x01, 0x61, 0x22, 0x01, 0x79, 0x28, 0x09,
    ]);
    const record = Buffer.concat([Buffer.from([0x0a, 0x01, 0x6b, 0x1a, inner.length]), inner]);
    expect(deaggregated(sealed(record))).toEqual([{ key: 'k', data: Buffer.from('a') }]);
  });

  it('survives any bytes after the magic', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const read = deaggregated(sealed(Buffer.from(bytes)));
        expect(read === undefined || Array.isArray(read)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
