import { ENGINE_ACCESS_KEY } from '../../call.ts';
import { errorResponse } from '../../endpoint-errors.ts';
import { jsonBody } from '../../endpoint-request.ts';
import type { ServiceHandler, ServiceRequest, ServiceResponse } from '../../service.ts';
import { memoryOf } from '../../state/memory-of.ts';
import type { State } from '../../state/state.ts';
import { type Fauxqs, SQS_OPERATIONS } from '../fauxqs/fauxqs.ts';
import type { SqsQueue, SqsStore } from '../messages/fauxqs-types.ts';
import { withAwsCodes } from '../messages/sqs-errors.ts';
import { type Access, policyRefusal } from '../resource-policies.ts';
import { createDeletedNames } from './deleted-names.ts';
import type { SqsOperation } from './queue-operations.ts';
import { createSending, type Sent } from './sending.ts';
import { refusalOf } from './sqs-checks.ts';

type Attributes = Record<string, string>;

/** Attributes of FIFO queues that fauxqs keeps at creation but refuses to change. */
const LATE_ATTRIBUTES = ['DeduplicationScope', 'FifoThroughputLimit'];
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html */
const DEDUPLICATION_MS = 5 * 60 * 1_000;

/**
 * fauxqs' SQS plus: sending as AWS documents it (sending.ts), redrive targets are checked, high-throughput FIFO attributes can be changed,
 * deduplication per message group, several messages of a FIFO group in one receive.
 * The name of a deleted queue is taken for a minute.
 * @param more operations that fauxqs lacks or that go before its own (see queue-operations.ts)
 */
export function createSqs(
  fauxqs: Fauxqs,
  access: Pick<Access, 'problemIn'>,
  more: Readonly<Record<string, SqsOperation>>,
  { state, timeScale }: { readonly state: State | undefined; readonly timeScale: number },
): ServiceHandler {
  const { sqsStore } = fauxqs;
  const groups = rememberGroups(sqsStore, state);
  const deleted = createDeletedNames(timeScale, state);
  const policyRefused = ({ Policy }: Attributes) => policyRefusal('sqs', 'InvalidAttributeValue', Policy, access);

  const sending = createSending(fauxqs, groups.within);

  const operations: Readonly<
    Record<string, (request: ServiceRequest, body: Record<string, unknown>) => Promise<ServiceResponse>>
  > = {
    ...more,
    CreateQueue: async (request, body) => {
      const attributes = (body.Attributes ?? {}) as Attributes;
      const name = String(body.QueueName);
      const isFifo = name.endsWith('.fifo');
      return (
        deleted.refusal(name) ??
        policyRefused(attributes) ??
        redriveProblem(sqsStore, attributes, isFifo) ??
        fauxqs.callSqs({ headers: request.headers, body })
      );
    },
    DeleteQueue: async (request, body) => {
      const queue = sqsStore.getQueue(String(body.QueueUrl));
      const response = await fauxqs.callSqs({ headers: request.headers, body });
      // CloudFormation takes a minute over the deletion of a queue: when it has done, the name is free.
      if (queue !== undefined && request.caller.accessKeyId !== ENGINE_ACCESS_KEY) deleted.note(queue.name);
      return response;
    },
    SetQueueAttributes: async (request, body) => {
      const queue = sqsStore.getQueue(String(body.QueueUrl));
      const attributes = { ...(body.Attributes as Attributes | undefined) };
      if (queue === undefined) return fauxqs.callSqs({ headers: request.headers, body });
      const problem = policyRefused(attributes) ?? redriveProblem(sqsStore, attributes, queue.isFifo());
      if (problem !== undefined) return problem;
      const late: Attributes = {};
      for (const name of LATE_ATTRIBUTES) {
        const value = attributes[name];
        if (value === undefined || !queue.isFifo()) continue;
        late[name] = value;
        delete attributes[name];
      }
      const response = await fauxqs.callSqs({ headers: request.headers, body: { ...body, Attributes: attributes } });
      if (response.status === 200) {
        // What is set to nothing is gone, as on AWS; fauxqs knows it of the redrive policy only.
        for (const [name, value] of Object.entries(queue.attributes)) if (value === '') delete queue.attributes[name];
        queue.setAttributes(late);
      }
      return response;
    },
    SendMessage: async (request, body) => {
      const queue = sqsStore.getQueue(String(body.QueueUrl));
      return queue === undefined
        ? fauxqs.callSqs({ headers: request.headers, body })
        : sending.send(queue, body as Sent);
    },
    SendMessageBatch: async (request, body) => {
      const queue = sqsStore.getQueue(String(body.QueueUrl));
      if (queue === undefined) return fauxqs.callSqs({ headers: request.headers, body });
      return sending.sendBatch(queue, Array.isArray(body.Entries) ? body.Entries : []);
    },
  };

  const known = new Set<string>([...SQS_OPERATIONS, ...Object.keys(operations)]);

  return async (request) => {
    const operation = request.operation ?? '';
    if (!known.has(operation) || request.headers['x-amz-target'] === undefined) return unavailable(request, known);
    const body = jsonBody(request);
    const refusal = refusalOf(operation, body, sqsStore.getQueue(String(body.QueueUrl)));
    if (refusal !== undefined) return refusal;
    const own = operations[operation];
    const response = await (own === undefined
      ? fauxqs.callSqs({ headers: request.headers, body })
      : own(request, body));
    return withAwsCodes(response.body === undefined ? { ...response, body: '{}' } : response);
  };
}

/** The group of the message that is being sent right now, for the queues that need to know. */
interface CurrentGroup {
  /** Runs the sending of a message of a group. */
  readonly within: <T>(group: string | undefined, send: () => T) => T;
}

interface Original {
  readonly messageId: string;
  readonly sequenceNumber: string | undefined;
}

/**
 * Lets every queue see the group of the message being sent, which fauxqs drops when it deduplicates, and remembers deduplication ids
 * over a restart.
 */
function rememberGroups(store: SqsStore, state: State | undefined): CurrentGroup {
  const groups: { current: string | undefined } = { current: undefined };
  const originals = memoryOf<Original>('sqs-deduplication', DEDUPLICATION_MS, state);
  const prepare = (queue: SqsQueue) => {
    if (queue.isFifo()) {
      const scoped = (id: string) =>
        queue.attributes.DeduplicationScope === 'messageGroup'
          ? `${queue.name}/${groups.current ?? ''}|${id}`
          : `${queue.name}/${id}`;
      queue.checkDeduplication = (id) => {
        const original = originals.get(scoped(id));
        return original === undefined
          ? { isDuplicate: false }
          : {
              isDuplicate: true,
              originalMessageId: original.messageId,
              ...(original.sequenceNumber && { originalSequenceNumber: original.sequenceNumber }),
            };
      };
      queue.recordDeduplication = (id, messageId, sequenceNumber) =>
        originals.set(scoped(id), { messageId, sequenceNumber });
    }
  };
  for (const queue of store.allQueues()) prepare(queue);
  const create = store.createQueue.bind(store);
  store.createQueue = (...details) => {
    const queue = create(...details);
    // A queue of an earlier one's name owes it nothing.
    originals.forgetBelow(`${queue.name}/`);
    prepare(queue);
    return queue;
  };
  return {
    within(group, send) {
      groups.current = group;
      try {
        return send();
      } finally {
        groups.current = undefined;
      }
    },
  };
}

/** A dead-letter queue must exist and be of the same type as its source. */
function redriveProblem(store: SqsStore, attributes: Attributes, isFifo: boolean): ServiceResponse | undefined {
  const given = attributes.RedrivePolicy;
  if (given === undefined || given === '') return undefined;
  const refuse = (reason: string) =>
    errorResponse('sqs', {
      status: 400,
      code: 'InvalidParameterValue',
      message: `Value ${given} for parameter RedrivePolicy is invalid. Reason: ${reason}`,
    });
  let policy: { deadLetterTargetArn?: string; maxReceiveCount?: number | string };
  try {
    policy = JSON.parse(given);
  } catch {
    return refuse('Redrive policy is not a valid JSON map.');
  }
  const { deadLetterTargetArn, maxReceiveCount } = policy;
  const count = Number(maxReceiveCount);
  if (deadLetterTargetArn === undefined)
    return refuse('Redrive policy does not contain mandatory attribute: deadLetterTargetArn.');
  if (!Number.isInteger(count) || count < 1 || count > 1_000) return refuse('Invalid value for maxReceiveCount.');
  const target = store.getQueueByArn(deadLetterTargetArn);
  if (target === undefined) return refuse('Dead letter target does not exist.');
  if (target.isFifo() !== isFifo) return refuse('Dead-letter queue must be same type of queue as the source.');
  return undefined;
}

function unavailable({ operation, headers }: ServiceRequest, known: ReadonlySet<string>): ServiceResponse {
  const message =
    headers['x-amz-target'] === undefined
      ? 'sqs: the engine speaks the JSON protocol only (x-amz-target: AmazonSQS.OPERATION); use an SDK or CLI from 2024 or later'
      : `sqs: operation ${operation} is not available in the engine; available: ${[...known].join(', ')}`;
  return errorResponse('sqs', { status: 400, code: 'UnknownOperationException', message });
}
