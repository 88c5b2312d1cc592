import { createHash } from 'node:crypto';
import type { ServiceResponse } from '../../service.ts';
import type { Fauxqs } from '../fauxqs/fauxqs.ts';
import type { SqsQueue } from '../messages/fauxqs-types.ts';
import { contentProblem, type MessageAttributes, messageBytes, type Refusal } from '../messages/message-checks.ts';
import { sqsError } from '../messages/sqs-errors.ts';

/** A message as SendMessage takes it, and as an entry of SendMessageBatch. */
export interface Sent {
  readonly MessageBody?: string;
  readonly MessageAttributes?: MessageAttributes;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
  readonly DelaySeconds?: number;
}
interface Entry extends Sent {
  readonly Id: string;
}

/** Bytes of all messages of a batch, attributes included. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
const MAX_BATCH_BYTES = 1_048_576;
const MAX_DELAY_SECONDS = 900;
const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

/**
 * SendMessage and SendMessageBatch in place of fauxqs' own, which take no characters above U+FFFF, count binary attributes as base64, and
 * drop the message group on standard queues (fair queues).
 * @param inGroup lets the queue see the group of the message that is being sent
 */
export function createSending(
  { createMessage }: Pick<Fauxqs, 'createMessage'>,
  inGroup: <T>(group: string | undefined, send: () => T) => T,
): {
  readonly send: (queue: SqsQueue, message: Sent) => ServiceResponse;
  readonly sendBatch: (queue: SqsQueue, entries: readonly Entry[]) => ServiceResponse;
} {
  function put(queue: SqsQueue, message: Sent): object {
    const { MessageBody: body = '', MessageAttributes = {}, MessageGroupId: group } = message;
    const attributes = MessageAttributes as Parameters<typeof createMessage>[1];
    const id = queue.isFifo() ? deduplicationId(queue, message) : undefined;
    const delay = Number(message.DelaySeconds ?? queue.attributes.DelaySeconds);
    const made = createMessage(body, attributes, delay > 0 ? delay : undefined, group, id);
    const answer = {
      MD5OfMessageBody: made.md5OfBody,
      ...(made.md5OfMessageAttributes ? { MD5OfMessageAttributes: made.md5OfMessageAttributes } : {}),
    };
    if (!queue.isFifo() || id === undefined) {
      queue.enqueue(made);
      return { MessageId: made.messageId, ...answer };
    }
    const earlier = queue.checkDeduplication(id);
    if (earlier.isDuplicate) {
      const { originalMessageId: MessageId, originalSequenceNumber: SequenceNumber } = earlier;
      return { MessageId, ...answer, SequenceNumber };
    }
    made.sequenceNumber = queue.nextSequenceNumber();
    queue.recordDeduplication(id, made.messageId, made.sequenceNumber);
    queue.enqueue(made);
    return { MessageId: made.messageId, ...answer, SequenceNumber: made.sequenceNumber };
  }

  const take = (queue: SqsQueue, message: Sent): object => inGroup(message.MessageGroupId, () => put(queue, message));

  return {
    send(queue, message) {
      const problem = messageProblem(queue, message);
      return problem === undefined ? json(take(queue, message)) : sqsError(problem.code, problem.message);
    },
    sendBatch(queue, entries) {
      const whole = batchProblem(entries);
      if (whole !== undefined) return sqsError(whole.code, whole.message);
      const Successful: object[] = [];
      const Failed: object[] = [];
      for (const entry of entries) {
        const { Id } = entry;
        const problem = messageProblem(queue, entry);
        if (problem === undefined) Successful.push({ Id, ...take(queue, entry) });
        else Failed.push({ Id, SenderFault: true, Code: problem.code, Message: problem.message });
      }
      return json({ Successful, Failed });
    },
  };
}

function batchProblem(entries: readonly Entry[]): Refusal | undefined {
  if (entries.length === 0)
    return { code: 'EmptyBatchRequest', message: "The batch request doesn't contain any entries." };
  const malformed = entries.find(({ Id }) => !ENTRY_ID.test(Id));
  if (malformed !== undefined)
    return {
      code: 'InvalidBatchEntryId',
      message:
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    };
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length)
    return {
      code: 'BatchEntryIdsNotDistinct',
      message: 'Two or more batch entries in the request have the same Id.',
    };
  const bytes = entries.reduce((sum, entry) => sum + messageBytes(entry.MessageBody ?? '', entry.MessageAttributes), 0);
  if (bytes <= MAX_BATCH_BYTES) return undefined;
  return {
    code: 'BatchRequestTooLong',
    message: `Batch requests cannot be longer than ${MAX_BATCH_BYTES} bytes. You have sent ${bytes} bytes.`,
  };
}

function messageProblem(queue: SqsQueue, message: Sent): Refusal | undefined {
  const { MessageBody: body = '', MessageAttributes: attributes, MessageGroupId, DelaySeconds = 0 } = message;
  if (body === '') return missing('MessageBody');
  if (DelaySeconds < 0 || DelaySeconds > MAX_DELAY_SECONDS)
    return invalid(
      `Value ${DelaySeconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= ${MAX_DELAY_SECONDS}.`,
    );
  const problem = contentProblem(body, attributes);
  if (problem !== undefined) return problem;
  const maxBytes = Number(queue.attributes.MaximumMessageSize);
  if (messageBytes(body, attributes) > maxBytes)
    return invalid(`One or more parameters are invalid. Reason: Message must be shorter than ${maxBytes} bytes.`);
  if (!queue.isFifo()) return undefined;
  if (!MessageGroupId) return missing('MessageGroupId');
  if (DelaySeconds !== 0)
    return invalid(
      `Value ${DelaySeconds} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.`,
    );
  if (deduplicationId(queue, message) !== undefined) return undefined;
  return invalid(
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
}

function deduplicationId({ attributes }: SqsQueue, message: Sent): string | undefined {
  const { MessageDeduplicationId: id, MessageBody: body = '' } = message;
  if (id) return id;
  return attributes.ContentBasedDeduplication === 'true' ? createHash('sha256').update(body).digest('hex') : undefined;
}

const invalid = (message: string): Refusal => ({ code: 'InvalidParameterValue', message });
const missing = (parameter: string): Refusal => ({
  code: 'MissingParameter',
  message: `The request must contain the parameter ${parameter}.`,
});

const json = (body: object): ServiceResponse => ({
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify(body),
});
