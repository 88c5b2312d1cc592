import type { ServiceRequest, ServiceResponse } from '../../service.ts';
import type { Fauxqs } from '../fauxqs/fauxqs.ts';
import { extendQueues } from '../fauxqs/queue-extensions.ts';
import { withAskedAttributes } from '../fauxqs/received-attributes.ts';
import type { SqsQueue } from '../messages/fauxqs-types.ts';
import { sqsError } from '../messages/sqs-errors.ts';
import { noteDeadLetters, sourcesOf } from '../redrive/dead-letters.ts';
import { createMoveTasks } from '../redrive/move-tasks.ts';
import { limitInFlight } from './in-flight-limit.ts';
import { createLateReceipts } from './late-receipts.ts';
import { createReceiving } from './receiving.ts';
import { expireMessages } from './retention.ts';
import { createReceiveTimes, VISIBILITY_LIMIT_SECONDS } from './visibility-limit.ts';

export type SqsBody = Readonly<Record<string, unknown>>;
export type SqsOperation = (request: ServiceRequest, body: SqsBody) => Promise<ServiceResponse>;

/** A queue can be purged once in this time. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html */
const PURGE_INTERVAL_MS = 60_000;

interface BatchEntry {
  readonly Id: string;
  readonly ReceiptHandle: string;
  readonly VisibilityTimeout?: number;
}
interface Failure {
  readonly code: string;
  readonly message: string;
  readonly status?: number;
}

/**
 * Operations on queues as AWS runs them, in place of fauxqs' own: late receipt handles, the limit on visibility, purges, attributes that
 * were not asked for, dead-letter sources and move tasks. Queues get retention, the limit on messages in flight and notes on dead letters.
 * @param timeScale divides retention and the time between purges
 */
export function createQueueOperations(
  { sqsStore, callSqs, digestOfAttributes }: Fauxqs,
  timeScale: number,
): { readonly operations: Readonly<Record<string, SqsOperation>>; close(): void } {
  const receipts = createLateReceipts();
  const times = createReceiveTimes();
  const tasks = createMoveTasks(sqsStore);
  const receiving = createReceiving(sqsStore, callSqs);
  const purged = new WeakMap<SqsQueue, number>();
  extendQueues(sqsStore, (queue) => {
    limitInFlight(queue);
    noteDeadLetters(queue);
    receipts.extend(queue);
    times.extend(queue);
    expireMessages(queue, timeScale);
  });

  const pass = (request: ServiceRequest, body: SqsBody) => callSqs({ headers: request.headers, body });
  const queueOf = ({ QueueUrl }: SqsBody) => sqsStore.getQueue(String(QueueUrl));

  /** Makes ready for a deletion; answers why it fails. Done when the handle was late. */
  function beforeDelete(queue: SqsQueue, handle: string): Failure | undefined {
    if (!RECEIPT_HANDLE.test(handle)) return invalidHandle(handle);
    const worth = receipts.worthOf(queue, handle);
    if (worth !== 'late') return undefined;
    if (queue.isFifo()) return expired(handle);
    receipts.remove(queue, handle);
    return undefined;
  }

  function beforeChange(queue: SqsQueue, handle: string, seconds: number): Failure | undefined {
    if (!RECEIPT_HANDLE.test(handle)) return invalidHandle(handle);
    const worth = receipts.worthOf(queue, handle);
    if (worth === 'late' && !queue.isFifo()) receipts.revive(queue, handle);
    if (seconds <= VISIBILITY_LIMIT_SECONDS && times.wouldPassLimit(queue, handle, seconds))
      return {
        code: 'InvalidParameterValue',
        message: `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [${VISIBILITY_LIMIT_SECONDS} seconds]`,
      };
    return undefined;
  }

  /** The entries that pass go on to fauxqs; the others are in its answer as failed. */
  async function batch(
    request: ServiceRequest,
    body: SqsBody,
    before: (queue: SqsQueue, entry: BatchEntry) => Failure | undefined,
  ): Promise<ServiceResponse> {
    const queue = queueOf(body);
    const entries = (Array.isArray(body.Entries) ? body.Entries : []) as BatchEntry[];
    const failed = new Map<string, Failure>();
    for (const entry of queue === undefined ? [] : entries) {
      const failure = queue && before(queue, entry);
      if (failure !== undefined) failed.set(entry.Id, failure);
    }
    if (failed.size === 0) return pass(request, body);
    const Failed = [...failed].map(([Id, { code, message }]) => ({
      Id,
      SenderFault: true,
      Code: code,
      Message: message,
    }));
    const rest = entries.filter(({ Id }) => !failed.has(Id));
    if (rest.length === 0) return json({ Successful: [], Failed });
    const response = await pass(request, { ...body, Entries: rest });
    if (response.status !== 200) return response;
    const answer = JSON.parse(String(response.body)) as { Successful: object[]; Failed: object[] };
    return json({ ...answer, Failed: [...answer.Failed, ...Failed] });
  }

  const operations: Readonly<Record<string, SqsOperation>> = {
    async DeleteMessage(request, body) {
      const queue = queueOf(body);
      const failure = queue && beforeDelete(queue, String(body.ReceiptHandle));
      return failure ? sqsError(failure.code, failure.message, failure.status) : pass(request, body);
    },
    DeleteMessageBatch: (request, body) =>
      batch(request, body, (queue, { ReceiptHandle }) => beforeDelete(queue, ReceiptHandle)),
    async ChangeMessageVisibility(request, body) {
      const queue = queueOf(body);
      const failure = queue && beforeChange(queue, String(body.ReceiptHandle), Number(body.VisibilityTimeout));
      return failure ? sqsError(failure.code, failure.message, failure.status) : pass(request, body);
    },
    ChangeMessageVisibilityBatch: (request, body) =>
      batch(request, body, (queue, { ReceiptHandle, VisibilityTimeout }) =>
        beforeChange(queue, ReceiptHandle, Number(VisibilityTimeout)),
      ),
    async ReceiveMessage(request, body) {
      return withAskedAttributes(await receiving.receive(request, body), body, digestOfAttributes);
    },
    async PurgeQueue(request, body) {
      const queue = queueOf(body);
      const last = queue && purged.get(queue);
      if (last !== undefined && Date.now() - last < PURGE_INTERVAL_MS / timeScale)
        return sqsError(
          'PurgeQueueInProgress',
          `Only one PurgeQueue operation on ${queue?.name} is allowed every 60 seconds.`,
          403,
        );
      if (queue !== undefined) purged.set(queue, Date.now());
      return pass(request, body);
    },
    GetQueueAttributes: (request, body) => pass(request, { ...body, AttributeNames: body.AttributeNames ?? [] }),
    async ListDeadLetterSourceQueues(_request, body) {
      const queue = queueOf(body);
      if (queue === undefined) return sqsError('QueueDoesNotExist', 'The specified queue does not exist.');
      return json({ queueUrls: sourcesOf(queue, sqsStore).map(({ url }) => url) });
    },
    ...Object.fromEntries(
      Object.entries(tasks.operations).map(([name, run]): [string, SqsOperation] => [
        name,
        async (_request, body) => run(body),
      ]),
    ),
  };
  return {
    operations,
    close() {
      receiving.close();
      tasks.close();
    },
  };
}

/** fauxqs' handles are UUIDs. */
const RECEIPT_HANDLE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const invalidHandle = (handle: string): Failure => ({
  code: 'ReceiptHandleIsInvalid',
  message: `The input receipt handle "${handle}" is not a valid receipt handle.`,
  status: 404,
});

const expired = (handle: string): Failure => ({
  code: 'InvalidParameterValue',
  message: `Value ${handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
});

const json = (body: object): ServiceResponse => ({
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify(body),
});
