import { isUtf8 } from 'node:buffer';
import type { MessageAttributes, RecordReference } from '../../contracts/agreed/dead-letter.ts';

/** A message as it arrived, whatever it came from. */
export interface Message {
  /** Unique: message id (queue), sequence number (log), sequence number and part (an event in an aggregated record). */
  readonly id: string;
  readonly body: string;
  /** What came, where the text does not give it back: logs carry any bytes. */
  readonly bytes?: Buffer;
  /** Within a unit, messages are handled one after the other in the order they came; units run side by side. */
  readonly unit: string | undefined;
  /** ARN of the queue or stream. */
  readonly source: string;
  /** How often it was received, this time included; undefined where the source does not count (logs). */
  readonly receives: number | undefined;
  /** Epoch milliseconds. */
  readonly firstReceived: number;
  /** Queues only: what changes its visibility. */
  readonly receiptHandle?: string;
  /** FIFO queues only. */
  readonly group?: string;
  /** Standard queues only: whose work it is, when the producer said so (fair queues). To be handed on, so that redriven messages stay fair. */
  readonly tenant?: string;
  /**
   * Logs only: the aggregated record it came in, and which of its events it is, from 0. A checkpoint cannot stand between the events
   * of a record: after a failure those before it come again, too.
   */
  readonly within?: { readonly sequenceNumber: string; readonly part: number };
  /** Logs and tables' streams: which record it is or came in. */
  readonly record?: RecordReference;
  /** As they came, to be handed on with a dead letter. */
  readonly attributes: MessageAttributes;
}

/** A body as a message has it. */
export const bodyOfBytes = (data: Buffer): Pick<Message, 'body' | 'bytes'> =>
  isUtf8(data) ? { body: data.toString('utf8') } : { body: data.toString('utf8'), bytes: data };

/** A body as it came. */
export const bytesOf = ({ body, bytes }: Pick<Message, 'body' | 'bytes'>): Buffer => bytes ?? Buffer.from(body);

/** Sequence numbers have up to 56 digits; padded, they compare as text. https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html */
const SEQUENCE_DIGITS = 60;
const PART_DIGITS = 6;

/** Where a message is in its shard, as text that sorts: two events of one aggregated record have different positions. */
export function positionOf({ id, within }: Pick<Message, 'id' | 'within'>): string {
  if (within === undefined) return id.padStart(SEQUENCE_DIGITS, '0');
  return `${within.sequenceNumber.padStart(SEQUENCE_DIGITS, '0')}.${String(within.part).padStart(PART_DIGITS, '0')}`;
}

/** What a partial batch response calls a message. */
export const checkpointOf = ({ id, within }: Pick<Message, 'id' | 'within'>): string => within?.sequenceNumber ?? id;

/** Whether all of a stream's batch is one record: Lambda cannot split it any more. */
export const isOneRecord = (messages: readonly Message[]): boolean =>
  messages.every(
    (message) => message.receives === undefined && checkpointOf(message) === checkpointOf(messages[0] ?? message),
  );

/** What became of a message. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'duplicate' }
  /** `attempts`: how many have failed, where they were counted. `sent`: its dead letter is sent already. */
  | {
      readonly kind: 'rejected';
      readonly reason: string;
      readonly error: Error;
      readonly attempts?: number;
      readonly sent?: true;
    }
  /** `attempt`: how many have failed by now. */
  | {
      readonly kind: 'retry';
      readonly error: Error;
      readonly attempt: number;
      /** Instead of the policy's backoff. */
      readonly afterSeconds?: number;
      /** No sooner than this, whatever the backoff: a lease runs until then. */
      readonly atLeastSeconds?: number;
    }
  /** Comes again later without having spent an attempt. `error`: a store was busy, and nobody has asked for it. */
  | { readonly kind: 'deferred'; readonly afterSeconds: number; readonly error?: Error }
  /** A dependency is down: comes again when it is asked again, without having spent an attempt. */
  | { readonly kind: 'outage'; readonly dependency: string; readonly error: Error }
  /** Set aside in the inbox table, to be resumed in order. */
  | { readonly kind: 'parked'; readonly error?: Error; readonly reason?: string; readonly attempts?: number }
  /** Handed back without a try: something before it in its unit failed, or the time was up. */
  | { readonly kind: 'held'; readonly afterSeconds?: number };

const COMES_AGAIN: ReadonlySet<Outcome['kind']> = new Set(['retry', 'deferred', 'outage', 'held']);

/** Given up. */
export type Rejected = Extract<Outcome, { kind: 'rejected' }>;

/** Whether the message will be delivered again. */
export const comesAgain = ({ kind }: Outcome): boolean => COMES_AGAIN.has(kind);
