import { type Documents, documents } from '../../state/documents.ts';
import type { State } from '../../state/state.ts';
import type { SqsMessage, SqsQueue, SqsStore } from '../messages/fauxqs-types.ts';
import { noteArrival } from './fifo-queue.ts';

/** What fauxqs tells of its queues; its own implementation loses receive counts and the messages of a queue that is tagged. */
type QueuePersistence = Pick<
  NonNullable<SqsQueue['persistence']>,
  | 'insertQueue'
  | 'deleteQueue'
  | 'updateQueueAttributes'
  | 'updateQueueSequenceCounter'
  | 'insertMessage'
  | 'deleteMessage'
  | 'updateMessageInflight'
  | 'updateMessageReady'
  | 'deleteQueueMessages'
>;

interface QueueDocument {
  readonly url: string;
  readonly arn: string;
  readonly attributes: Record<string, string>;
  readonly tags: Record<string, string>;
  /** Epoch seconds. */
  readonly created: number;
  /** Epoch seconds; undefined: as it was created. */
  readonly modified?: number;
}

/** What changes of a message while it is in a queue. */
interface Receives {
  readonly count: number;
  /** Epoch milliseconds. */
  readonly first: number | undefined;
  /** While it is in flight. */
  readonly inFlight?: { readonly receiptHandle: string; readonly visibilityDeadline: number };
}

interface Stores {
  readonly queues: Documents<QueueDocument>;
  readonly sequences: Documents<number>;
  /** By `QUEUE/MESSAGE ID`, in the order in which they came into their queues. */
  readonly messages: Documents<SqsMessage>;
  readonly receives: Documents<Receives>;
}

/** Brings back the queues of a state with their messages, and keeps every change from then on. */
export function keepQueues(store: SqsStore, state: State): void {
  const stores: Stores = {
    queues: documents(state, 'sqs-queues'),
    sequences: documents(state, 'sqs-sequences'),
    messages: documents(state, 'sqs-messages'),
    receives: documents(state, 'sqs-receives'),
  };
  load(store, stores);
  for (const queue of store.allQueues()) persist(queue, stores);
  const create = store.createQueue.bind(store);
  store.createQueue = (...details) => {
    const queue = create(...details);
    persist(queue, stores).insertQueue(queue);
    return queue;
  };
  const remove = store.deleteQueue.bind(store);
  store.deleteQueue = (url) => {
    const queue = store.getQueue(url);
    if (queue !== undefined) persistenceOf(queue.name, stores).deleteQueue(queue.name);
    return remove(url);
  };
}

function persist(queue: SqsQueue, stores: Stores): QueuePersistence {
  const persistence = persistenceOf(queue.name, stores);
  queue.persistence = persistence as unknown as NonNullable<SqsQueue['persistence']>;
  return persistence;
}

function persistenceOf(name: string, { queues, sequences, messages, receives }: Stores): QueuePersistence {
  const place = (messageId: string) => `${name}/${messageId}`;
  const deleteMessages = () => {
    messages.deleteBelow(`${name}/`);
    receives.deleteBelow(`${name}/`);
  };
  return {
    insertQueue: ({ url, arn, attributes, tags, createdTimestamp }) =>
      queues.put(name, { url, arn, attributes, tags: Object.fromEntries(tags), created: createdTimestamp }),
    deleteQueue() {
      queues.delete(name);
      sequences.delete(name);
      deleteMessages();
    },
    updateQueueAttributes(_name, attributes, modified) {
      const queue = queues.get(name);
      if (queue !== undefined) queues.put(name, { ...queue, attributes, modified });
    },
    updateQueueSequenceCounter: (_name, counter) => sequences.put(name, counter),
    insertMessage: (_name, message) => messages.put(place(message.messageId), message),
    deleteMessage(messageId) {
      messages.delete(place(messageId));
      receives.delete(place(messageId));
    },
    updateMessageInflight: (messageId, receiptHandle, visibilityDeadline, count, first) =>
      receives.put(place(messageId), { count, first, inFlight: { receiptHandle, visibilityDeadline } }),
    updateMessageReady(messageId) {
      const known = receives.get(place(messageId));
      if (known !== undefined) receives.put(place(messageId), { count: known.count, first: known.first });
    },
    deleteQueueMessages: deleteMessages,
  };
}

function load(store: SqsStore, { queues, sequences, messages, receives }: Stores): void {
  for (const [name, { url, arn, attributes, tags, created, modified = created }] of queues.entries()) {
    const queue = store.createQueue(name, url, arn, attributes, tags);
    Object.assign(queue, { createdTimestamp: created, lastModifiedTimestamp: modified });
  }
  for (const [name, counter] of sequences.entries()) {
    const queue = store.getQueueByName(name);
    if (queue !== undefined) queue.sequenceCounter = counter;
  }
  const received = new Map(receives.entries());
  for (const [key, message] of messages.entries()) {
    const queue = store.getQueueByName(key.slice(0, key.indexOf('/')));
    if (queue !== undefined) putBack(queue, message, received.get(key));
  }
}

function putBack(queue: SqsQueue, message: SqsMessage, receives: Receives | undefined): void {
  noteArrival(message);
  if (receives !== undefined) {
    message.approximateReceiveCount = receives.count;
    if (receives.first !== undefined) message.approximateFirstReceiveTimestamp = receives.first;
  }
  const group = message.messageGroupId ?? '';
  // What has become visible or due in the meantime is found by fauxqs itself at the next receive.
  if (receives?.inFlight !== undefined) {
    queue.inflightMessages.set(receives.inFlight.receiptHandle, { message, ...receives.inFlight });
    if (queue.isFifo()) queue.fifoLockedGroups.set(group, (queue.fifoLockedGroups.get(group) ?? 0) + 1);
  } else if (queue.isFifo()) {
    const groups = message.delayUntil === undefined ? queue.fifoMessages : queue.fifoDelayed;
    const messages = groups.get(group);
    if (messages === undefined) groups.set(group, [message]);
    else messages.push(message);
  } else {
    (message.delayUntil === undefined ? queue.messages : queue.delayedMessages).push(message);
  }
}
