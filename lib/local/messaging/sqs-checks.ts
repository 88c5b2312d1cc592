import type { ServiceResponse } from '../service.ts';
import type { SqsQueue } from './fauxqs-types.ts';
import { roomFor } from './in-flight-limit.ts';
import { sqsError } from './sqs-errors.ts';

type Body = Readonly<Record<string, unknown>>;
interface Entry {
  readonly MessageBody?: string;
  readonly MessageAttributes?: Readonly<Record<string, Attribute>>;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
  readonly DelaySeconds?: number;
}
interface Attribute {
  readonly DataType?: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

const MAX_BATCH_ENTRIES = 10;
const MAX_DELAY_SECONDS = 900;
const MAX_ATTRIBUTES = 10;
const MAX_RECEIVED = 10;

/** What AWS refuses and fauxqs does not, or not in AWS's words, by operation. */
const CHECKS: Readonly<Record<string, (body: Body, queue: SqsQueue) => ServiceResponse | undefined>> = {
  SendMessage: (body) => checkEntry(body as Entry),
  SendMessageBatch(body, queue) {
    const entries = entriesOf(body) as Entry[];
    for (const entry of entries) {
      const problem = checkEntry(entry) ?? (queue.isFifo() ? checkFifoEntry(entry, queue) : undefined);
      if (problem !== undefined) return problem;
    }
    return tooMany(entries);
  },
  DeleteMessageBatch: (body) => tooMany(entriesOf(body)),
  ChangeMessageVisibilityBatch: (body) => tooMany(entriesOf(body)),
  ReceiveMessage(body, queue) {
    const { MaxNumberOfMessages: count = 1, WaitTimeSeconds: wait } = body;
    if (Number(count) < 1 || Number(count) > MAX_RECEIVED)
      return invalid('MaxNumberOfMessages', count, `Must be between 1 and ${MAX_RECEIVED}, if provided.`);
    const short = Number(wait ?? queue.attributes.ReceiveMessageWaitTimeSeconds) === 0;
    // Long polls and FIFO queues answer nothing, and no error.
    return short && !queue.isFifo() && roomFor(queue) <= 0
      ? sqsError('OverLimit', 'Too many messages in flight: delete some, or wait for their visibility timeouts.', 403)
      : undefined;
  },
};

/** The refusal of a request, or undefined when fauxqs may have it. */
export function refusalOf(operation: string, body: Body, queue: SqsQueue | undefined): ServiceResponse | undefined {
  return queue && CHECKS[operation]?.(body, queue);
}

const entriesOf = ({ Entries }: Body): unknown[] => (Array.isArray(Entries) ? Entries : []);

function tooMany(entries: readonly unknown[]): ServiceResponse | undefined {
  if (entries.length <= MAX_BATCH_ENTRIES) return undefined;
  return sqsError(
    'TooManyEntriesInBatchRequest',
    `Maximum number of entries per request are ${MAX_BATCH_ENTRIES}. You have sent ${entries.length}.`,
  );
}

function checkEntry({ DelaySeconds = 0, MessageAttributes = {} }: Entry): ServiceResponse | undefined {
  if (DelaySeconds < 0 || DelaySeconds > MAX_DELAY_SECONDS)
    return invalid('DelaySeconds', DelaySeconds, `DelaySeconds must be >= 0 and <= ${MAX_DELAY_SECONDS}.`);
  const attributes = Object.entries(MessageAttributes);
  if (attributes.length > MAX_ATTRIBUTES)
    return sqsError(
      'InvalidParameterValue',
      `Number of message attributes [${attributes.length}] exceeds the allowed maximum [${MAX_ATTRIBUTES}].`,
    );
  const empty = attributes.find(([, value]) => !value.StringValue && !value.BinaryValue);
  if (empty === undefined) return undefined;
  const type = empty[1].DataType?.split('.')[0] ?? 'String';
  return sqsError(
    'InvalidParameterValue',
    `Message (user) attribute '${empty[0]}' must contain a non-empty value of type '${type}'.`,
  );
}

/** A whole batch is refused for one entry that no FIFO queue could take. */
function checkFifoEntry(entry: Entry, { attributes }: SqsQueue): ServiceResponse | undefined {
  if (!entry.MessageGroupId)
    return sqsError('InvalidParameterValue', 'The request must contain the parameter MessageGroupId.');
  if (entry.MessageDeduplicationId || attributes.ContentBasedDeduplication === 'true') return undefined;
  return sqsError(
    'InvalidParameterValue',
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
}

function invalid(name: string, value: unknown, reason: string): ServiceResponse {
  return sqsError('InvalidParameterValue', `Value ${value} for parameter ${name} is invalid. Reason: ${reason}`);
}
