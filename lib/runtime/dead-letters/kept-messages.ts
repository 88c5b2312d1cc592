import { DEAD_LETTERS_PREFIX, PARKED_PREFIX, type WrappedReference } from '../../contracts/agreed/dead-letter.ts';
import { ENV } from '../../contracts/agreed/environment.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { isAwsError } from '../aws/calls/call.ts';
import type { S3Object } from '../aws/protocols/s3-protocol.ts';
import { requiredEnv } from '../invocation/environment.ts';
import { Reject } from '../invocation/outcomes.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { bodyOfBytes, type Message } from '../messages/message.ts';
import { jsonOf } from '../messages/read-message.ts';
import type { Batch } from '../messages/sources.ts';
import { isWrapped, referenceIn, sha256, unwrap } from '../messages/wrapped-message.ts';

/** The item that a parked message lies in. */
export interface ParkedItem {
  readonly number: number;
  readonly messageId: string;
}

/**
 * The bucket for messages that neither a dead letter nor an item can hold. An object is named by its contents, so that trying again writes it
 * again, which also makes it live longer. One of a parked message is named by its item, too: two with the same contents must not share one, for
 * whichever is handled first takes it away.
 */
export interface KeptMessages {
  /**
   * @param item of the parked message that will refer to it. @default it is for a dead letter
   * @throws MissingEnvironment when the consumer was deployed without the bucket
   */
  keep(whole: Buffer, item?: ParkedItem): Promise<WrappedReference>;
  /** @throws Reject 'wrapped-elsewhere' for another bucket or consumer: a message does not decide what is read; 'wrapped-missing' */
  fetch(reference: WrappedReference): Promise<Buffer>;
  /** Deletes what the body in an item refers to, if it was kept for that item: nor does a message decide what is deleted. */
  forget(body: string, item: ParkedItem): Promise<void>;
}

const TAG_LENGTH = 32;
const tagOf = ({ number, messageId }: ParkedItem): string =>
  sha256(Buffer.from(`${number} ${messageId}`)).slice(0, TAG_LENGTH);

export function keptMessages(s: Pick<Subscription, 'name'>, { aws, env }: Pick<Runtime, 'aws' | 'env'>): KeptMessages {
  const bucketOf = () =>
    requiredEnv(ENV.deadLetterBucket, 'which bucket keeps messages too large for dead letters', env);
  const folders = [DEAD_LETTERS_PREFIX, PARKED_PREFIX].map((prefix) => `${prefix}${s.name}/`);
  return {
    async keep(whole, item) {
      const hash = sha256(whole);
      const key =
        item === undefined
          ? `${DEAD_LETTERS_PREFIX}${s.name}/${hash}`
          : `${PARKED_PREFIX}${s.name}/${hash}-${tagOf(item)}`;
      const reference = { bucket: bucketOf(), key, bytes: whole.length, sha256: hash };
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
    async forget(body, item) {
      const { bucket: Bucket, key: Key, sha256: hash } = referenceIn(body) ?? {};
      if (Key !== `${PARKED_PREFIX}${s.name}/${hash}-${tagOf(item)}` || Bucket !== bucketOf()) return;
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
  if (!batch.messages.some(isWrappedMessage)) return batch;
  const open = (message: Message) => unwrapped(message, kept).catch(() => message);
  return { ...batch, messages: await Promise.all(batch.messages.map(open)) };
}

/** Whether a message is a wrapped one: those that came as they are need not be waited for. */
export const isWrappedMessage = (message: Message): boolean => isWrapped(parsedOrNothing(message));

function parsedOrNothing(message: Message): unknown {
  try {
    return jsonOf(message);
  } catch {
    return undefined; // Not JSON: no wrapped message, and whoever reads it says so.
  }
}
