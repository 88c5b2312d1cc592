import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reject } from '../../../lib/runtime/invocation/outcomes.ts';
import { MIN_SAVED_SHARE, PACK_FROM_BYTES, pack, unpack } from '../../../lib/runtime/messages/packing.ts';

const lines = (bytes: number): string => JSON.stringify({ lines: 'A LANTERN '.repeat(bytes / 10) }).slice(0, bytes);
describe('pack', () => {
  it.each([
    ['just below the size', lines(PACK_FROM_BYTES - 1), false],
    ['at the size', lines(PACK_FROM_BYTES), true],
    ['large and repetitive', lines(200_000), true],
  ])('%s', (_, data, pays) => {
    expect(pack(data) !== undefined).toBe(pays);
  });

  it('leaves data as it is when not enough is saved', () => {
    const random = Buffer.from(crypto.getRandomValues(new Uint8Array(40_000))).toString('base64');
    expect(pack(JSON.stringify(random))).toBeUndefined();
  });

  it('saves at least the share it promises, base64 included', () => {
    const data = lines(100_000);
    const packed = pack(data);
    expect((packed?.content.toString('base64').length ?? data.length) / data.length).toBeLessThan(1 - MIN_SAVED_SHARE);
  });

  it('pays exactly as far as the share is saved, base64 included, whatever part of the data repeats itself', () => {
    const bytes = 40_000;
    const paid: boolean[] = [];
    for (let percent = 0; percent <= 100; percent += 1) {
      const random = randomBytes(bytes)
        .toString('base64')
        .slice(0, (bytes * percent) / 100);
      const data = random.padEnd(bytes, 'A');
      const sent = (gzipSync(data).length * 4) / 3;
      paid.push(pack(data) !== undefined);
      expect([percent, paid.at(-1)]).toEqual([percent, sent <= bytes * (1 - MIN_SAVED_SHARE)]);
    }
    // Both, on either side of one border.
    expect([paid[0], paid[100], paid.lastIndexOf(true) + 1]).toEqual([true, false, paid.indexOf(false)]);
  });

  it('gives back what it was given, in any language', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 50 }).filter((text) => text.isWellFormed()),
        (text) => {
          const data = JSON.stringify(text.repeat(2_000) + lines(PACK_FROM_BYTES));
          const packed = pack(data);
          expect(packed && unpack(packed)).toBe(data);
        },
      ),
      { numRuns: 30 },
    );
  });
});

it('unpack takes a single byte', () => {
  expect(unpack({ encoding: 'gzip', bytes: 1, content: gzipSync('1') })).toBe('1');
});

it('pack leaves alone what unpack would not take', () => {
  expect(pack('x'.repeat(67_108_865))).toBeUndefined();
  const largest = pack('x'.repeat(67_108_864));
  expect(largest && unpack(largest)).toHaveLength(67_108_864);
});

describe('unpack refuses', () => {
  const content = gzipSync('hello');
  it('with what zlib said', () => {
    const broken = () => unpack({ encoding: 'gzip', bytes: 5, content: Buffer.from('hello') });
    expect(broken).toThrow(expect.objectContaining({ cause: expect.any(Error) }));
  });

  it.each([
    [
      'another encoding',
      { encoding: 'zstd', bytes: 5, content },
      "the data is packed with 'zstd'; only 'gzip' can be read",
    ],
    ['no size', { encoding: 'gzip', bytes: 0, content }, 'announces 0 bytes; 1 to 67108864 are read'],
    ['a size that is no number', { encoding: 'gzip', bytes: Number.NaN, content }, 'announces NaN bytes'],
    ['a size beyond memory', { encoding: 'gzip', bytes: 67_108_865, content }, 'announces 67108865 bytes'],
    ['more than was announced', { encoding: 'gzip', bytes: 4, content }, 'the packed data cannot be read: '],
    ['less than was announced', { encoding: 'gzip', bytes: 6, content }, 'has 5 bytes where 6 were announced'],
    ['what is not packed', { encoding: 'gzip', bytes: 5, content: Buffer.from('hello') }, 'cannot be read: '],
  ])('%s', (_, packed, message) => {
    const unpacking = () => unpack(packed);
    expect(unpacking).toThrow(Reject);
    expect(unpacking).toThrow(message);
    expect(unpacking).toThrow(expect.objectContaining({ reason: 'broken-body' }));
  });

  it('stops a small message that would become a large one', () => {
    const bomb = gzipSync('0'.repeat(10_000_000));
    expect(() => unpack({ encoding: 'gzip', bytes: 1_000, content: bomb })).toThrow('cannot be read');
  });
});
