import { AwsError } from '../../runtime/aws/calls/call.ts';
import type { World } from '../world/world.ts';
import { type Attributes, MAX_SQS_BYTES, messageBytes, refusal } from './sizes.ts';

/** A FIFO queue or topic drops a second message with the same deduplication id within this time. */
export const DEDUPLICATION_MILLIS = 300_000;
const MAX_VISIBILITY_MILLIS = 43_200_000;
const MILLIS_PER_SECOND = 1_000;

export interface NewMessage {
  readonly body: string;
  readonly attributes: Attributes;
  readonly group?: string | undefined;
  readonly deduplicationId?: string | undefined;
  /** Until it can be received. @default 0 */
  readonly delaySeconds?: number | undefined;
  /** Put there by a service. @default by whoever calls SQS */
  readonly by?: 'queue' | 'mapping';
}

export interface StoredMessage extends NewMessage {
  readonly id: string;
  readonly number: number;
  readonly sentAt: number;
  firstReceived: number | undefined;
  visibleAt: number;
  receives: number;
  receipt: string;
}

export interface QueueSpec {
  readonly name: string;
  readonly fifo: boolean;
  readonly visibilityMillis: number;
  /** Messages received more often go to `deadLetters` by themselves. */
  readonly redrive?: { readonly maxReceives: number; readonly deadLetters: string };
}

export interface QueueEvents {
  /** A message was taken in (not one that was dropped as a duplicate). */
  readonly accepted: (queue: string, message: StoredMessage) => void;
  /** A message was received too often and went to the dead letters without a word. */
  readonly redriven: (queue: string, message: StoredMessage) => void;
  readonly received: (queue: string, message: StoredMessage) => void;
}

export interface MemoryQueue {
  readonly spec: QueueSpec;
  readonly url: string;
  readonly arn: string;
  readonly messages: readonly StoredMessage[];
  readonly send: (message: NewMessage) => StoredMessage | undefined;
  /** The same message once more, as a standard queue may. */
  readonly duplicate: (message: StoredMessage) => void;
  readonly receive: (max: number) => StoredMessage[];
  /** Whether `receive` would find something now. */
  readonly hasVisible: () => boolean;
  /** Takes it out, as a redrive does. */
  readonly moveOut: (message: StoredMessage) => void;
  readonly acknowledge: (message: StoredMessage, receipt: string) => void;
  /** Deletes under a receipt handle; one that is not the newest deletes nothing. */
  readonly remove: (receipt: string) => void;
  readonly changeVisibility: (receipt: string, seconds: number) => void;
  /** Told when a message may have become visible. */
  onVisible: (atMillis: number) => void;
}

export interface MemorySqs {
  readonly call: (operation: string, input: object) => unknown;
  readonly queue: (name: string) => MemoryQueue;
}

export const queueUrl = (name: string): string => `https://sqs.simulated/${name}`;
export const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;

export function memorySqs(world: World, specs: readonly QueueSpec[], events: QueueEvents): MemorySqs {
  const queues = new Map<string, MemoryQueue>();
  const queue = (name: string): MemoryQueue => {
    const found = queues.get(name);
    if (found === undefined) throw new AwsError('QueueDoesNotExist', `there is no queue '${name}'`, 400);
    return found;
  };
  for (const spec of specs) queues.set(spec.name, createQueue(world, spec, events, queue));
  const at = (url: string): MemoryQueue => queue(url.slice(url.lastIndexOf('/') + 1));

  return {
    queue,
    call(operation, input) {
      switch (operation) {
        case 'SendMessage': {
          const message = input as SendInput & { QueueUrl: string };
          return { MessageId: at(message.QueueUrl).send(taken(read(message)))?.id ?? 'dropped' };
        }
        case 'SendMessageBatch': {
          const { QueueUrl, Entries } = input as { QueueUrl: string; Entries: (SendInput & { Id: string })[] };
          return sendBatch(at(QueueUrl), Entries);
        }
        case 'ChangeMessageVisibility': {
          const { QueueUrl, ReceiptHandle, VisibilityTimeout } = input as Record<string, string> & {
            VisibilityTimeout: number;
          };
          at(QueueUrl ?? '').changeVisibility(ReceiptHandle ?? '', VisibilityTimeout);
          return {};
        }
        case 'DeleteMessage': {
          const { QueueUrl = '', ReceiptHandle = '' } = input as Record<string, string>;
          at(QueueUrl).remove(ReceiptHandle);
          return {};
        }
        case 'DeleteMessageBatch': {
          const { QueueUrl, Entries } = input as { QueueUrl: string; Entries: { Id: string; ReceiptHandle: string }[] };
          for (const { ReceiptHandle } of Entries) at(QueueUrl).remove(ReceiptHandle);
          return { Successful: Entries.map(({ Id }) => ({ Id })) };
        }
        default:
          throw new Error(`sluice/testing does not know SQS's ${operation}`);
      }
    },
  };
}

interface SendInput {
  readonly MessageBody: string;
  readonly MessageAttributes?: Attributes;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
  readonly DelaySeconds?: number;
}

const read = (input: SendInput): NewMessage => ({
  body: input.MessageBody,
  attributes: input.MessageAttributes ?? {},
  group: input.MessageGroupId,
  deduplicationId: input.MessageDeduplicationId,
  delaySeconds: input.DelaySeconds,
});

/** Entries that are wrong fail one by one; too many bytes together are refused as a whole. An answer without failures has no `Failed`. */
function sendBatch(queue: MemoryQueue, entries: readonly (SendInput & { readonly Id: string })[]): object {
  const messages = entries.map(read);
  const bytes = messages.reduce((sum, { body, attributes }) => sum + messageBytes(body, attributes), 0);
  if (bytes > MAX_SQS_BYTES) throw new AwsError('BatchRequestTooLong', `${bytes} bytes, at most ${MAX_SQS_BYTES}`, 400);
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const [i, message] of messages.entries()) {
    const Id = entries[i]?.Id;
    const wrong = refusal(message.body, message.attributes);
    if (wrong !== undefined) Failed.push({ Id, Code: wrong.code, Message: wrong.message, SenderFault: true });
    else Successful.push({ Id, MessageId: queue.send(message)?.id ?? 'dropped' });
  }
  return Failed.length === 0 ? { Successful } : { Successful, Failed };
}

/** @throws AwsError for what SQS refuses */
function taken(message: NewMessage): NewMessage {
  const wrong = refusal(message.body, message.attributes);
  if (wrong !== undefined) throw new AwsError(wrong.code, wrong.message, 400);
  const bytes = messageBytes(message.body, message.attributes);
  if (bytes > MAX_SQS_BYTES) {
    throw new AwsError('InvalidParameterValue', `the message has ${bytes} bytes, at most ${MAX_SQS_BYTES}`, 400);
  }
  return message;
}

function createQueue(
  world: World,
  spec: QueueSpec,
  events: QueueEvents,
  queueOf: (name: string) => MemoryQueue,
): MemoryQueue {
  const messages: StoredMessage[] = [];
  const recent = new Map<string, number>();
  let counter = 0;
  const url = queueUrl(spec.name);

  function remove(message: StoredMessage): void {
    const at = messages.indexOf(message);
    if (at >= 0) messages.splice(at, 1);
  }

  /** Received too often: moved instead of delivered. */
  function gaveUp(message: StoredMessage): boolean {
    if (spec.redrive === undefined || message.receives < spec.redrive.maxReceives) return false;
    remove(message);
    events.redriven(spec.name, message);
    const { body, attributes, group } = message;
    queueOf(spec.redrive.deadLetters).send({ body, attributes, group, deduplicationId: message.id, by: 'queue' });
    return true;
  }

  function take(message: StoredMessage): StoredMessage {
    message.receives += 1;
    message.firstReceived ??= world.now();
    message.receipt = `${message.id}:${message.number}:${message.receives}`;
    message.visibleAt = world.now() + spec.visibilityMillis;
    events.received(spec.name, message);
    queue.onVisible(message.visibleAt);
    return message;
  }

  function receiveStandard(max: number): StoredMessage[] {
    const visible = world.chance.shuffled(messages.filter(({ visibleAt }) => visibleAt <= world.now()));
    const batch: StoredMessage[] = [];
    for (const message of visible) {
      if (batch.length === max) break;
      // Two copies of one message in one batch could not be told apart in the answer.
      if (batch.some(({ id }) => id === message.id) || gaveUp(message)) continue;
      batch.push(take(message));
    }
    return batch;
  }

  /** A group is served from its head, and only when none of it is in flight. */
  function receiveFifo(max: number): StoredMessage[] {
    const now = world.now();
    const groups = Map.groupBy(messages, ({ group }) => group);
    const free = [...groups.values()].filter((group) => group.every(({ visibleAt }) => visibleAt <= now));
    const batch: StoredMessage[] = [];
    for (const group of world.chance.shuffled(free)) {
      const wanted = world.chance.some(Math.max(1, max - batch.length));
      for (const message of group) {
        if (batch.length === max || batch.filter((other) => other.group === message.group).length === wanted) break;
        if (!gaveUp(message)) batch.push(take(message));
      }
    }
    return batch;
  }

  const queue: MemoryQueue = {
    spec,
    url,
    arn: queueArn(spec.fifo ? `${spec.name}.fifo` : spec.name),
    messages,
    onVisible: () => undefined,
    send(message) {
      const { deduplicationId } = message;
      if (spec.fifo) {
        if (deduplicationId === undefined || message.group === undefined) {
          throw new AwsError('MissingParameter', 'a FIFO queue needs MessageGroupId and MessageDeduplicationId', 400);
        }
        const before = recent.get(deduplicationId);
        if (before !== undefined && world.now() - before < DEDUPLICATION_MILLIS) return undefined;
        recent.set(deduplicationId, world.now());
      }
      counter += 1;
      const stored: StoredMessage = {
        ...message,
        id: `${spec.name}-${counter}`,
        number: counter,
        sentAt: world.now(),
        firstReceived: undefined,
        visibleAt: world.now() + (message.delaySeconds ?? 0) * MILLIS_PER_SECOND,
        receives: 0,
        receipt: '',
      };
      messages.push(stored);
      events.accepted(spec.name, stored);
      queue.onVisible(stored.visibleAt);
      return stored;
    },
    duplicate(message) {
      counter += 1;
      messages.push({ ...message, number: counter, visibleAt: world.now(), receives: 0, receipt: '' });
      queue.onVisible(world.now());
    },
    moveOut: remove,
    hasVisible() {
      const isVisible = ({ visibleAt }: StoredMessage) => visibleAt <= world.now();
      if (!spec.fifo) return messages.some(isVisible);
      return [...Map.groupBy(messages, ({ group }) => group).values()].some((group) => group.every(isVisible));
    },
    receive: (max) => (spec.fifo ? receiveFifo(max) : receiveStandard(max)),
    acknowledge(message, receipt) {
      // Only the newest receipt deletes; on a FIFO queue only while the message is in flight.
      const current = message.receipt === receipt && messages.includes(message);
      if (!current || (spec.fifo && message.visibleAt <= world.now())) return;
      remove(message);
      queue.onVisible(world.now());
    },
    remove(receipt) {
      const message = messages.find((one) => one.receipt === receipt);
      if (message !== undefined) queue.acknowledge(message, receipt);
    },
    changeVisibility(receipt, seconds) {
      const message = messages.find((one) => one.receipt === receipt);
      if (message === undefined || message.visibleAt <= world.now()) {
        throw new AwsError('MessageNotInflight', 'the message is not in flight under this receipt handle', 400);
      }
      message.visibleAt = world.now() + Math.min(MAX_VISIBILITY_MILLIS, seconds * MILLIS_PER_SECOND);
      queue.onVisible(message.visibleAt);
    },
  };
  return queue;
}
