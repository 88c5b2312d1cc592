import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { CLAIM_CHECK } from '../../lib/contracts/declaring/limits.ts';
import type { Envelope } from '../../lib/contracts/events/envelope.ts';
import { bodyOf, MessageTooLarge } from '../../lib/runtime/messages/body.ts';
import { claimFor, fetchClaim, storeClaim } from '../../lib/runtime/messages/claim-check.ts';
import { pack, unpack } from '../../lib/runtime/messages/packing.ts';
import { unwrap } from '../../lib/runtime/messages/wrapped-message.ts';
import { opened } from '../contracts/sample-declarations.ts';
import { memoryS3 } from './memory-s3.ts';

/** What is read is as large as what is written, to the byte: on each side the largest is taken, and one byte more refused. */
const MOST = CLAIM_CHECK.maxDataBytes;

/** JSON of so many bytes that packs to nearly nothing. */
const json = (bytes: number): string => `"${'x'.repeat(bytes - 2)}"`;
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

const carrier = (compress: 'never' | 'when-it-pays') =>
  ({ where: "queue 'work'", maxBytes: 1_000, oversized: 'claim-check', compress, beside: () => 0 }) as const;
/** An event whose data is JSON of so many bytes. */
function eventOf(bytes: number): Envelope {
  const event = opened('T-1', 'e-1', '');
  const empty = Buffer.byteLength(JSON.stringify(event.data));
  return { ...event, data: { ...(event.data as object), text: 'x'.repeat(bytes - empty) } };
}

describe.each(['never', 'when-it-pays'] as const)('an event that is compressed %s', (compress) => {
  const s3 = memoryS3();
  const runtime = { ...s3.runtime, env: (name: string) => (name === ENV.claims ? 'claims' : undefined) };

  it('of the most that a claim holds is stored and fetched again', async () => {
    const event = eventOf(MOST);
    const { claimed } = bodyOf(event, carrier(compress), () => 'claims');
    if (claimed === undefined) throw new Error('it is not claimed');
    expect(claimed.claim.packed?.bytes ?? claimed.claim.bytes).toBe(MOST);
    await storeClaim(runtime, claimed);
    const data = await fetchClaim(runtime, claimed.claim);
    expect(data === JSON.stringify(event.data)).toBe(true);
  });

  it('of one byte more is refused, with both numbers', () => {
    const make = () => bodyOf(eventOf(MOST + 1), carrier(compress), () => 'claims');
    expect(make).toThrow(MessageTooLarge);
    expect(make).toThrow(`is ${MOST + 1} bytes; a claim check takes ${MOST}.`);
  });
});

describe('a reader', () => {
  const env = () => 'claims';

  it('fetches a claim of the most, and refuses to ask for one byte more', async () => {
    const s3 = memoryS3();
    const runtime = { ...s3.runtime, env };
    const { claim } = claimFor('claims', json(10), undefined);
    await expect(fetchClaim(runtime, { ...claim, bytes: MOST })).rejects.toMatchObject({ reason: 'claim-missing' });
    await expect(fetchClaim(runtime, { ...claim, bytes: MOST + 1 })).rejects.toMatchObject({ reason: 'broken-body' });
  });

  it('unpacks the most, and refuses what announces one byte more', () => {
    const packed = pack(json(MOST));
    expect(packed?.bytes).toBe(MOST);
    expect(packed && unpack(packed).length).toBe(MOST);
    expect(pack(json(MOST + 1))).toBeUndefined();
    const content = gzipSync(json(MOST + 1));
    expect(() => unpack({ encoding: 'gzip', bytes: MOST + 1, content })).toThrow(`1 to ${MOST} are read`);
  });

  it('opens a wrapped message of the most, and refuses one byte more', async () => {
    const wrapped = (bytes: number) => {
      const body = Buffer.from(json(bytes));
      const content = gzipSync(body).toString('base64');
      return { wrappedMessage: { encoding: 'gzip', bytes, sha256: sha256(body), content, attributes: {} } } as const;
    };
    const none = () => Promise.reject(new Error('nothing is fetched'));
    expect((await unwrap(wrapped(MOST), none)).content).toHaveLength(MOST);
    await expect(unwrap(wrapped(MOST + 1), none)).rejects.toThrow(`bytes of at most ${MOST}`);
  });

  it('fetches the object of a wrapped message of the most, and refuses to ask for one byte more', async () => {
    const asked: number[] = [];
    const fetch = async ({ bytes }: { bytes: number }) => {
      asked.push(bytes);
      return Buffer.from('another');
    };
    const reference = (bytes: number) => ({ wrappedMessage: { bucket: 'b', key: 'k', bytes, sha256: 'x' } });
    await expect(unwrap(reference(MOST), fetch)).rejects.toThrow('is not the one that was stored');
    await expect(unwrap(reference(MOST + 1), fetch)).rejects.toThrow('no bucket, key and size');
    expect(asked).toEqual([MOST]);
  });
});
