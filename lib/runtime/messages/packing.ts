import { CLAIM_CHECK } from '../../contracts/declaring/limits.ts';
import { Reject } from '../invocation/outcomes.ts';

/**
 * Compression of an event's data. gzip rather than brotli or zstd: every language reads it, and on orders of 54 KB the three
 * are within 2 % of each other (19 % of the size, 0.6 ms).
 */

/** Loaded by the first large message, not by every cold start. */
const zlib = () => process.getBuiltinModule('node:zlib');

/** Smaller data is left as it is: SQS and SNS charge by 64 KB and Kinesis by 25 KB, so that nothing would be saved. */
export const PACK_FROM_BYTES = 16_384;
/** Share of the size that must be saved, base64 included; less does not pay for the reader's work and for bodies nobody can read. */
export const MIN_SAVED_SHARE = 0.3;

/** base64 writes 4 characters for 3 bytes. */
const BASE64_GROWTH = 4 / 3;

export const ENCODING = 'gzip';

export interface Packed {
  readonly encoding: typeof ENCODING;
  /** Size before compression. */
  readonly bytes: number;
  readonly content: Buffer;
}

/** @param data JSON. @returns undefined when it does not pay */
export function pack(data: string): Packed | undefined {
  const bytes = Buffer.byteLength(data);
  if (bytes < PACK_FROM_BYTES || bytes > CLAIM_CHECK.maxDataBytes) return undefined;
  const content = zlib().gzipSync(data);
  const pays = content.length * BASE64_GROWTH <= bytes * (1 - MIN_SAVED_SHARE);
  return pays ? { encoding: ENCODING, bytes, content } : undefined;
}

/**
 * Takes at most as much memory as was announced.
 * @throws Reject 'broken-body' when the content is not what was announced
 */
export function unpack({ encoding, bytes, content }: { encoding: string; bytes: number; content: Buffer }): string {
  if (encoding !== ENCODING) {
    throw new Reject('broken-body', `the data is packed with '${encoding}'; only '${ENCODING}' can be read`);
  }
  if (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > CLAIM_CHECK.maxDataBytes) {
    throw new Reject(
      'broken-body',
      `the packed data announces ${bytes} bytes; 1 to ${CLAIM_CHECK.maxDataBytes} are read`,
    );
  }
  let data: Buffer;
  try {
    data = zlib().gunzipSync(content, { maxOutputLength: bytes });
  } catch (cause) {
    throw new Reject('broken-body', `the packed data cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (data.length !== bytes) {
    throw new Reject('broken-body', `the packed data has ${data.length} bytes where ${bytes} were announced`);
  }
  return data.toString('utf8');
}
