import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import {
  DEAD_LETTER_ATTRIBUTE,
  type DeadLetter,
  type MessageAttributes,
  type WrappedReference,
} from '../../contracts/agreed/dead-letter.ts';
import { notTakenBySqs } from '../../runtime/aws/answers.ts';
import { isWrapped, unwrap } from '../../runtime/messages/wrapped-message.ts';

/** A message in a dead-letter queue. */
export interface DeadMessage extends OpenedDeadLetter {
  /** undefined: it came by the queue's own redrive or from Lambda, without a reason of ours. */
  readonly letter: DeadLetter | undefined;
  /** Lambda's word on records that a mapping gave up: they are in their stream for as long as that keeps them, and nowhere else. */
  readonly notice?: RecordsNotice | undefined;
}

/** What a dead letter holds, as its consumer first got it. */
export interface OpenedDeadLetter {
  /** As text; what is no UTF-8 is not in it as it came. */
  readonly body: string;
  readonly bytes: Buffer;
  /** Without the reason. */
  readonly attributes: MessageAttributes;
  /** Why it could not be opened: then the body is the wrapped message itself. */
  readonly problem?: string;
}

/** Which records of a stream a notice is about. https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html */
export interface RecordsNotice {
  readonly stream: string;
  readonly shard: string;
  readonly firstSequenceNumber: string;
  readonly lastSequenceNumber: string;
  readonly records: number;
  /** `RetryAttemptsExhausted`, `InvokePayloadTooLarge`, ... */
  readonly condition: string;
}

/**
 * Opens a dead letter, wrapped or not.
 * @param fetch brings the object that it refers to
 */
export async function openDeadLetter(
  { body, attributes }: { readonly body: string; readonly attributes: MessageAttributes },
  fetch: (reference: WrappedReference) => Promise<Buffer>,
): Promise<OpenedDeadLetter> {
  const { [DEAD_LETTER_ATTRIBUTE]: _, ...others } = attributes;
  const plain = { body, bytes: Buffer.from(body), attributes: others };
  const value = parse(body);
  if (!isWrapped(value)) return plain;
  try {
    const { content, attributes: own } = await unwrap(value, fetch);
    return { body: content.toString('utf8'), bytes: content, attributes: own };
  } catch (error) {
    return { ...plain, problem: (error as Error).message };
  }
}

/** What Lambda says in the place of records that it has given up. */
export function noticeIn(body: string): RecordsNotice | undefined {
  const notice = parse(body) as LambdaNotice | null | undefined;
  const batch = notice?.KinesisBatchInfo ?? notice?.DDBStreamBatchInfo;
  if (typeof batch?.streamArn !== 'string' || typeof batch.startSequenceNumber !== 'string') return undefined;
  return {
    stream: batch.streamArn,
    shard: String(batch.shardId),
    firstSequenceNumber: batch.startSequenceNumber,
    lastSequenceNumber: String(batch.endSequenceNumber),
    records: Number(batch.batchSize),
    condition: String(notice?.requestContext?.condition),
  };
}

interface BatchInfo {
  readonly streamArn?: unknown;
  readonly shardId?: unknown;
  readonly startSequenceNumber?: unknown;
  readonly endSequenceNumber?: unknown;
  readonly batchSize?: unknown;
}
interface LambdaNotice {
  readonly requestContext?: { readonly condition?: unknown };
  readonly KinesisBatchInfo?: BatchInfo;
  readonly DDBStreamBatchInfo?: BatchInfo;
}

/** Long enough to read all, and gone by itself when the tool dies. */
const LOOK_SECONDS = 120;
/** A receive asks all of SQS's servers only when it may wait. */
const WAIT_SECONDS = 1;
const BATCH = 10;

const DEPTHS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/** How many messages a queue holds, those in flight and delayed included: about so many, as SQS counts. */
export async function messagesIn(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...DEPTHS] }));
  return DEPTHS.reduce((sum, attribute) => sum + Number(Attributes?.[attribute] ?? 0), 0);
}

/**
 * Looks at the messages of a dead-letter queue and puts them back: nothing is consumed. A FIFO queue shows at most ten messages of a
 * group while they are in flight, so of each group the first ten are seen: compare with `messagesIn`.
 * @param atMost stops after about so many. @default 1,000
 * @param s3 for those that refer to an object. @default they come as they are, with a `problem`
 */
export async function lookAtDeadLetters(
  sqs: SQSClient,
  queueUrl: string,
  atMost = 1_000,
  s3?: S3Client,
): Promise<DeadMessage[]> {
  const seen = new Map<string, Message>();
  while (seen.size < atMost) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: BATCH,
        MessageAttributeNames: ['All'],
        VisibilityTimeout: LOOK_SECONDS,
        WaitTimeSeconds: WAIT_SECONDS,
      }),
    );
    const before = seen.size;
    for (const message of Messages) seen.set(message.MessageId ?? '', message);
    // Nothing new: the end, or messages that have become visible again meanwhile.
    if (seen.size === before) break;
  }
  const messages = [...seen.values()];
  for (let i = 0; i < messages.length; i += BATCH) {
    const batch = messages.slice(i, i + BATCH);
    await putBack(sqs, queueUrl, batch);
  }
  return Promise.all(messages.map((message) => deadMessage(message, s3)));
}

/** What SQS does not take back after a second try comes back by itself, after `LOOK_SECONDS`. */
async function putBack(sqs: SQSClient, QueueUrl: string, messages: readonly Message[], again = true): Promise<void> {
  const Entries = messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle, VisibilityTimeout: 0 }));
  const answer = await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
  const hidden = notTakenBySqs(messages, answer);
  if (again && hidden.length > 0)
    await putBack(
      sqs,
      QueueUrl,
      hidden.map(({ entry }) => entry),
      false,
    );
}

async function deadMessage(
  { Body = '', MessageAttributes = {} }: Message,
  s3: S3Client | undefined,
): Promise<DeadMessage> {
  const attributes = Object.fromEntries(
    Object.entries(MessageAttributes).map(([name, { DataType = 'String', StringValue, BinaryValue }]) => [
      name,
      BinaryValue === undefined
        ? { dataType: DataType, stringValue: StringValue ?? '' }
        : { dataType: DataType, binaryValue: Buffer.from(BinaryValue).toString('base64') },
    ]),
  );
  return {
    ...(await openDeadLetter({ body: Body, attributes }, (reference) => objectOf(reference, s3))),
    letter: parse(MessageAttributes[DEAD_LETTER_ATTRIBUTE]?.StringValue) as DeadLetter | undefined,
    notice: noticeIn(Body),
  };
}

async function objectOf({ bucket, key }: WrappedReference, s3: S3Client | undefined): Promise<Buffer> {
  if (s3 === undefined) throw new Error(`it is in the object s3://${bucket}/${key}`);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

function parse(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined; // Not JSON: neither a wrapped message nor a notice.
  }
}
