import { createCipheriv, createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';

const KINDS = [
  'random',
  'ascii',
  'latin-1',
  'control',
  'zeros',
  'gzip',
  'noncharacters',
  'emoji',
  'wrapped',
  'magic',
] as const;

/** Bytes are made from a seed, so that ten megabytes shrink as fast as ten. */
export interface Blob {
  readonly kind: (typeof KINDS)[number];
  readonly size: number;
  readonly seed: number;
}

function noise(size: number, seed: number): Buffer {
  const key = createHash('sha256').update(String(seed)).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

const MAKERS: Readonly<Record<Blob['kind'], (size: number, seed: number) => Buffer>> = {
  random: noise,
  ascii: (size, seed) => noise(size, seed).map((byte) => 0x20 + (byte % 0x5f)) as Buffer,
  'latin-1': (size, seed) => noise(size, seed).map((byte) => 0x80 | byte) as Buffer,
  control: (size, seed) => noise(size, seed).map((byte) => byte & 0x1f) as Buffer,
  zeros: (size) => Buffer.alloc(size),
  gzip: (size, seed) => gzipSync(Buffer.alloc(size, seed & 0xff)),
  noncharacters: (size, seed) => Buffer.from('\uFFFE\uFFFFx'.repeat(size / 7 + 1) + seed),
  emoji: (size, seed) => Buffer.from('🙂\u2028é'.repeat(size / 9 + 1) + seed),
  wrapped: (size, seed) => Buffer.from(JSON.stringify({ wrappedMessage: { content: 'x'.repeat(size), bytes: seed } })),
  magic: (size, seed) => Buffer.concat([Buffer.from([0xf3, 0x89, 0x9a, 0xc2]), noise(size, seed)]),
};
export const bytesOf = ({ kind, size, seed }: Blob): Buffer => Buffer.from(MAKERS[kind](size, seed));

export const blobOf = (size: fc.Arbitrary<number>): fc.Arbitrary<Blob> =>
  fc.record({ kind: fc.constantFrom(...KINDS), size, seed: fc.nat() });
