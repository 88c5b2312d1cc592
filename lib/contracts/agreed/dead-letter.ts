/** What is known about a message that was given up. Travels beside its body as one message attribute. */
export interface DeadLetter {
  /** Short and stable, for grouping: the error's name or the reader's reason. */
  readonly reason: string;
  readonly message: string;
  /** Where the error was thrown, the innermost place first, as the logs say it: of the source, for what `bundleFunctions()` made. */
  readonly frames?: readonly string[] | undefined;
  /** The same for failures of the same kind: hash of consumer, reason and message without its numbers and ids. */
  readonly fingerprint: string;
  readonly consumer: string;
  /** ARN of the queue or stream it came from. */
  readonly source: string;
  /** Logs and tables' streams: the record it came in, which stays readable there for as long as the stream keeps it. */
  readonly record?: RecordReference | undefined;
  readonly attempts: number;
  /** ISO 8601. */
  readonly firstReceived: string;
  readonly failedAt: string;
  readonly traceId?: string | undefined;
  readonly eventId?: string | undefined;
  readonly eventType?: string | undefined;
  /** It was parked, and somebody took it out so that what waits behind it can go on. */
  readonly skipped?: { readonly by: string; readonly at: string } | undefined;
}

/** Where a record is in its stream. */
export interface RecordReference {
  /** Logs only: Lambda does not tell the shard of a table's stream. */
  readonly shard?: string;
  readonly sequenceNumber: string;
  /** Which event of an aggregated record, from 0. */
  readonly part?: number;
  /** Of the record or the event in it: to be put back under. For a table, the item's key. */
  readonly partitionKey?: string;
}

/** Name of the message attribute that carries the dead letter as JSON. */
export const DEAD_LETTER_ATTRIBUTE = 'deadLetter';

/** Reasons longer than this are cut: an attribute shares the message's size limit with the body. */
export const MAX_REASON_CHARACTERS = 1_000;

/** Places that a dead letter names at most, all in all of so many characters. */
export const MAX_FRAMES = 5;
export const MAX_FRAMES_CHARACTERS = 1_000;

/** A message attribute as Lambda hands it to a function, lists left out: SQS knows none. */
export interface MessageAttribute {
  /** `String`, `Number`, `Binary`, or one of them with a name of one's own: `Number.int`. */
  readonly dataType: string;
  readonly stringValue?: string;
  /** base64. */
  readonly binaryValue?: string;
}

/** A message's attributes by their names. */
export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/**
 * The body of a dead letter, or of a parked message, whose own body could not stay as it was: it is no text that SQS takes (binary,
 * control characters, nothing at all), too large with its reason, or has no attribute free for it. JSON of one member:
 *
 * - whole:        {"wrappedMessage":{"encoding":"gzip","bytes":54321,"sha256":"<hex>","content":"<base64>","attributes":{...}}}
 * - by reference: {"wrappedMessage":{"bucket":...,"key":...,"bytes":...,"sha256":"<hex>"}}, the object is the JSON of the whole
 *
 * A consumer that gets such a message handles what is in it, as if that had come: so a dead letter can be sent back as it is.
 */
export interface WrappedMessage {
  readonly wrappedMessage: Wrapped | WrappedReference;
}

/** A message, whole: its body in one of three encodings, and its attributes. */
export interface Wrapped {
  /** Of `content`: `utf8` is text as it is, `base64` bytes, `gzip` compressed bytes as base64. */
  readonly encoding: 'utf8' | 'base64' | 'gzip';
  /** Size of the body. */
  readonly bytes: number;
  /** Of the body, hex. */
  readonly sha256: string;
  readonly content: string;
  /** All that the message had, but for an earlier reason. */
  readonly attributes: MessageAttributes;
}

/** Where the JSON of a whole is, when a message cannot hold it. */
export interface WrappedReference {
  readonly bucket: string;
  readonly key: string;
  /** Of the object. */
  readonly bytes: number;
  /** Of the object, hex. */
  readonly sha256: string;
}

/** Keys of objects that dead letters refer to start so, and end with the name of the consumer and a hash. They expire. */
export const DEAD_LETTERS_PREFIX = 'dead-letters/';
/** The same for parked messages, which stay until they are resumed. */
export const PARKED_PREFIX = 'parked/';
