import { createHash } from 'node:crypto';
import { CLAIMS_PREFIX, ENV } from '../../contracts/agreed/environment.ts';
import { CLAIM_CHECK } from '../../contracts/declaring/limits.ts';
import { isAwsError } from '../aws/calls/call.ts';
import type { S3Object } from '../aws/protocols/s3-protocol.ts';
import { requiredEnv } from '../invocation/environment.ts';
import { Reject } from '../invocation/outcomes.ts';
import type { Runtime } from '../invocation/runtime.ts';
import type { Packed } from './packing.ts';
import { unpack } from './packing.ts';

/** Where the data of an event is when it is not in the message. */
export interface ClaimCheck {
  readonly bucket: string;
  readonly key: string;
  /** Of the object. */
  readonly bytes: number;
  /** Of the object, hex. */
  readonly sha256: string;
  /** When the object is compressed: with what, and how large the data is. */
  readonly packed?: { readonly encoding: string; readonly bytes: number };
}

/** An object that has to be in the bucket before the message with its reference is sent. */
export interface ClaimedData {
  readonly claim: ClaimCheck;
  readonly content: Buffer;
}

const hashOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** The bucket of this function's claims. @throws MissingEnvironment */
export const claimsBucket = (env: Runtime['env']): string =>
  requiredEnv(ENV.claims, 'which bucket keeps the data of oversized events (ClaimCheckBucket)', env);

/**
 * Says where data would be. The key is the content's hash: storing the same data again, in a retry or for another event, writes
 * the same object and makes it live longer.
 */
export function claimFor(bucket: string, data: string, packed: Packed | undefined): ClaimedData {
  const content = packed?.content ?? Buffer.from(data);
  const sha256 = hashOf(content);
  const claim = { bucket, key: `${CLAIMS_PREFIX}${sha256}`, bytes: content.length, sha256 };
  return {
    content,
    claim: packed === undefined ? claim : { ...claim, packed: { encoding: packed.encoding, bytes: packed.bytes } },
  };
}

/** Stores claimed data. Always written, never "if it is not there": the object's age counts from its last writing. */
export async function storeClaim({ aws }: Pick<Runtime, 'aws'>, { claim, content }: ClaimedData): Promise<void> {
  await aws('s3', 'PutObject', {
    Bucket: claim.bucket,
    Key: claim.key,
    Body: content,
    ContentType: 'application/json',
    ...(claim.packed === undefined ? {} : { ContentEncoding: claim.packed.encoding }),
  });
}

/**
 * Fetches claimed data.
 * @returns the data as JSON
 * @throws Reject for what no retry mends: 'broken-body' (no proper reference), 'claim-elsewhere' (another bucket than this function's:
 *   a message does not decide what is read), 'claim-missing' (expired or deleted), 'claim-damaged' (not what was stored)
 */
export async function fetchClaim({ aws, env }: Pick<Runtime, 'aws' | 'env'>, claim: ClaimCheck): Promise<string> {
  const { bucket, key, bytes, sha256, packed } = claim;
  if (typeof key !== 'string' || typeof sha256 !== 'string' || !(bytes <= CLAIM_CHECK.maxDataBytes)) {
    throw new Reject(
      'broken-body',
      `the claim check must have bucket, key, sha256 and bytes of at most ${CLAIM_CHECK.maxDataBytes} (given ${bytes})`,
    );
  }
  const own = claimsBucket(env);
  if (bucket !== own || !key.startsWith(CLAIMS_PREFIX)) {
    throw new Reject('claim-elsewhere', `the claim '${bucket}/${key}' is not in '${own}/${CLAIMS_PREFIX}'`);
  }
  let content: Buffer;
  try {
    content = ((await aws('s3', 'GetObject', { Bucket: bucket, Key: key })) as S3Object).Body;
  } catch (error) {
    if (!isAwsError(error, 'NoSuchKey')) throw error;
    throw new Reject('claim-missing', `the claimed data '${bucket}/${key}' is gone: expired or deleted`, {
      cause: error,
    });
  }
  if (content.length !== bytes || hashOf(content) !== sha256) {
    throw new Reject(
      'claim-damaged',
      `the claimed data '${bucket}/${key}' has ${content.length} bytes and another hash than the ${bytes} bytes that were stored`,
    );
  }
  return packed === undefined ? content.toString('utf8') : unpack({ ...packed, content });
}
