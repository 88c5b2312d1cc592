import {
  DEAD_LETTER_ATTRIBUTE,
  type DeadLetter,
  type MessageAttributes,
} from '../../lib/contracts/agreed/dead-letter.ts';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { openDeadLetter } from '../../lib/operations/dead-letters/dead-letter-queue.ts';
import type { S3Object } from '../../lib/runtime/aws/protocols/s3-protocol.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { memoryS3 } from './memory-s3.ts';
import { checkAsSqs, type Sent } from './strict-sqs.ts';

const DEAD_BUCKET = 'dead-letter-bodies';

/** Services that take what AWS takes; a consumer's handler notes the events that it handled. */
export function letterWorld() {
  const letters: Sent[] = [];
  const handled: string[] = [];
  const s3 = memoryS3();
  const variables: Record<string, string> = {
    [ENV.deadLetterQueue]: 'dead',
    [ENV.queue]: 'work',
    [ENV.deadLetterBucket]: DEAD_BUCKET,
  };
  const runtime: Runtime = {
    ...lambda,
    env: (name) => variables[name],
    write: () => undefined,
    async aws(service, operation, input) {
      if (service === 's3') return s3.runtime.aws(service, operation, input);
      if (operation === 'ChangeMessageVisibility') return {};
      if (operation !== 'SendMessage') throw new Error(`unexpected call: ${service} ${operation}`);
      checkAsSqs(input as Sent);
      letters.push(input as Sent);
      return {};
    },
  };
  const fetch = async ({ bucket, key }: { bucket: string; key: string }) =>
    ((await s3.runtime.aws('s3', 'GetObject', { Bucket: bucket, Key: key })) as S3Object).Body;
  const open = (letter: Sent) => openDeadLetter({ body: letter.MessageBody, attributes: received(letter) }, fetch);
  return { letters, handled, runtime, open };
}
export type LetterWorld = ReturnType<typeof letterWorld>;

/** Attributes as Lambda hands them on. */
export const received = ({ MessageAttributes = {} }: Sent): MessageAttributes =>
  Object.fromEntries(
    Object.entries(MessageAttributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      BinaryValue === undefined
        ? { dataType: DataType, stringValue: StringValue ?? '' }
        : { dataType: DataType, binaryValue: BinaryValue },
    ]),
  );
export const letterIn = (letter: Sent): DeadLetter =>
  JSON.parse(letter.MessageAttributes?.[DEAD_LETTER_ATTRIBUTE]?.StringValue ?? '');
