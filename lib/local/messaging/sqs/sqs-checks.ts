import type { ServiceResponse } from '../../service.ts';
import type { SqsQueue } from '../messages/fauxqs-types.ts';
import { sqsError } from '../messages/sqs-errors.ts';
import { roomFor } from './in-flight-limit.ts';

type Body = Readonly<Record<string, unknown>>;
interface Entry {
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

const MAX_BATCH_ENTRIES = 10;
const MAX_RECEIVED = 10;

/** What AWS refuses and fauxqs does not, or not in AWS's words, by operation. */
const CHECKS: Readonly<Record<string, (body: Body, queue: SqsQueue) => ServiceResponse | undefined>> = {
  SendMessageBatch(body, queue) {
    const entries = entriesOf(body) as Entry[];
    for (const entry of entries) {
      const problem = queue.isFifo() ? checkFifoEntry(entry, queue) : undefined;
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
