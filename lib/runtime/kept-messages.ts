import { DEAD_LETTERS_PREFIX, PARKED_PREFIX, type WrappedReference } from '../contracts/dead-letter.ts';
import { ENV } from '../contracts/environment.ts';
import type { Subscription } from '../contracts/subscription.ts';
import { isAwsError } from './aws/call.ts';
import type { S3Object } from './aws/s3-protocol.ts';
import { requiredEnv } from './environment.ts';
import { bodyOfBytes, type Message } from './message.ts';
import { Reject } from './outcomes.ts';
import { jsonOf } from './read-message.ts';
import type { Runtime } from './runtime.ts';
import type { Batch } from './sources.ts';
import { isWrapped, sha256, unwrap } from './wrapped-message.ts';

/**
 * The bucket for messages that neither a dead letter nor an item can hold. An object is named by its contents, so that trying again writes it
 * again, which also makes it live longer.
 */
export interface KeptMessages {
  /** @throws MissingEnvironment when the consumer was deployed without the bucket */
  keep(prefix: typeof DEAD_LETTERS_PREFIX | typeof PARKED_PREFIX, whole: Buffer): Promise<WrappedReference>;
  /** @throws Reject 'wrapped-elsewhere' for another bucket or consumer: a message does not decide what is read; 'wrapped-missing' */
  fetch(reference: WrappedReference): Promise<Buffer>;
  /** Deletes what a parked message referred to. */
  forget(reference: WrappedReference): Promise<void>;
}

export function keptMessages(s: Pick<Subscription, 'name'>, { aws, env }: Pick<Runtime, 'aws' | 'env'>): KeptMessages {
  const bucketOf = () =>
    requiredEnv(ENV.deadLetterBucket, 'which bucket keeps messages too large for dead letters', env);
  const folders = [DEAD_LETTERS_PREFIX, PARKED_PREFIX].map((prefix) => `${prefix}${s.name}/`);
  return {
    async keep(prefix, whole) {
      const hash = sha256(whole);
      const reference = { bucket: bucketOf(), key: `${prefix}${s.name}/${hash}`, bytes: whole.length, sha256: hash };
      const { bucket: Bucket, key: Key } = reference;
      await aws('s3', 'PutObject', { Bucket, Key, Body: whole, ContentType: 'application/json' });
      return reference;
    },
    async fetch({ bucket, key }) {
      const own = bucketOf();
      if (bucket !== own || !folders.some((folder) => key.startsWith(folder))) {
        throw new Reject(
          'wrapped-elsewhere',
          `'${bucket}/${key}' is in none of ${own}'s folders ${folders.join(', ')}`,
        );
      }
      try {
        return ((await aws('s3', 'GetObject', { Bucket: bucket, Key: key })) as S3Object).Body;
      } catch (cause) {
        if (!isAwsError(cause, 'NoSuchKey')) throw cause;
        throw new Reject('wrapped-missing', `the message '${bucket}/${key}' is gone: expired or deleted`, { cause });
      }
    },
    async forget({ bucket: Bucket, key: Key }) {
      await aws('s3', 'DeleteObject', { Bucket, Key });
    },
  };
}

/**
 * What is in a wrapped message, as if it had come so; any other message as it is.
 * @throws Reject, see unwrap() and fetch(); any other error is worth a retry
 */
export async function unwrapped(message: Message, kept: KeptMessages): Promise<Message> {
  const value = parsedOrNothing(message);
  if (!isWrapped(value)) return message;
  const { content, attributes } = await unwrap(value, kept.fetch);
  const { bytes: _, body: __, ...rest } = message;
  return { ...rest, ...bodyOfBytes(content), attributes };
}

/** A batch in which dead letters that came back are as they first came. What cannot be opened stays as it is: whoever reads it says why. */
export async function openBatch(batch: Batch, kept: KeptMessages): Promise<Batch> {
  if (!batch.messages.some((message) => isWrapped(parsedOrNothing(message)))) return batch;
  const open = (message: Message) => unwrapped(message, kept).catch(() => message);
  return { ...batch, messages: await Promise.all(batch.messages.map(open)) };
}

function parsedOrNothing(message: Message): unknown {
  try {
    return jsonOf(message);
  } catch {
    return undefined; // Not JSON: no wrapped message, and whoever reads it says so.
  }
}
