import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import {
  DEAD_LETTER_ATTRIBUTE,
  type MessageAttribute,
  type MessageAttributes,
  type Wrapped,
  type WrappedMessage,
  type WrappedReference,
} from '../../contracts/agreed/dead-letter.ts';
import { CLAIM_CHECK, SQS } from '../../contracts/declaring/limits.ts';
import { Reject } from '../invocation/outcomes.ts';
import { bytesOf, type Message } from './message.ts';

/**
 * Messages that something narrower than their source has to take: a dead-letter queue, an item of the inbox table. What fits stays as it is;
 * the rest travels in a `WrappedMessage`, which gives every byte and attribute back. No requests are made here.
 */
export interface Room {
  /** Body and attributes together, counted as SQS does. */
  readonly maxBytes: number;
  readonly maxAttributes: number;
  /** Whether it takes this text, whatever its size. */
  readonly takes: (text: string) => boolean;
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const REFUSED_BY_SQS = /[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

export const SQS_ROOM: Room = {
  maxBytes: SQS.maxMessageBytes,
  maxAttributes: SQS.maxAttributes,
  takes: (text) => text !== '' && !REFUSED_BY_SQS.test(text),
};

/** JSON that SQS takes: what it refuses is escaped. JSON.stringify does that for control characters and lone surrogates. */
export const sqsJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[\uFFFE\uFFFF]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);

export const text = (stringValue: string): MessageAttribute => ({ dataType: 'String', stringValue });

/** Bytes of attributes: names, types and values count. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html */
const sizeOf = (attributes: MessageAttributes): number =>
  Object.entries(attributes).reduce(
    (sum, [name, { dataType, stringValue = '', binaryValue = '' }]) =>
      sum + Buffer.byteLength(name + dataType + stringValue) + Buffer.byteLength(binaryValue, 'base64'),
    0,
  );

/** A message as it fits into a room. */
export interface Fitted {
  readonly body: string;
  readonly attributes: MessageAttributes;
}

/**
 * Fits a message into a room.
 * @param beside attributes that must stand beside it, such as the reason
 * @param keep puts the JSON of a whole somewhere where there is room, and says where; asked for only when needed
 */
export async function fitted(
  message: Message,
  { maxBytes, maxAttributes, takes }: Room,
  beside: MessageAttributes,
  keep: (whole: Buffer) => Promise<WrappedReference>,
): Promise<Fitted> {
  const { body, bytes } = message;
  const own = ownAttributes(message.attributes);
  const attributes = { ...own, ...beside };
  const taken =
    bytes === undefined && takes(body) && Object.values(own).every(({ stringValue: s }) => s === undefined || takes(s));
  const size = () => Buffer.byteLength(body) + sizeOf(attributes);
  if (taken && Object.keys(attributes).length <= maxAttributes && size() <= maxBytes) return { body, attributes };
  const room = maxBytes - sizeOf(beside);
  const whole = wrap(bytesOf(message), own, room);
  if (Buffer.byteLength(whole) <= room) return { body: whole, attributes: beside };
  return { body: JSON.stringify({ wrappedMessage: await keep(Buffer.from(whole)) }), attributes: beside };
}

/** As they came, but for the reason of an earlier time, and without the lists that Lambda adds. */
function ownAttributes(attributes: MessageAttributes): MessageAttributes {
  const own: Record<string, MessageAttribute> = {};
  for (const [name, { dataType, stringValue, binaryValue }] of Object.entries(attributes)) {
    if (name === DEAD_LETTER_ATTRIBUTE) continue;
    own[name] = binaryValue === undefined ? { dataType, stringValue: stringValue ?? '' } : { dataType, binaryValue };
  }
  return own;
}

export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Loaded by the first message that needs it, not by every cold start. */
const zlib = () => process.getBuiltinModule('node:zlib');

/** In the form that people read most easily and that has room. */
function wrap(body: Buffer, attributes: MessageAttributes, room: number): string {
  const common = { bytes: body.length, sha256: sha256(body) };
  const json = (encoding: Wrapped['encoding'], content: string) =>
    sqsJson({ wrappedMessage: { encoding, ...common, content, attributes } } satisfies WrappedMessage);
  if (body.length <= room && isUtf8(body)) {
    const readable = json('utf8', body.toString('utf8'));
    if (Buffer.byteLength(readable) <= room) return readable;
  }
  const packed = zlib().gzipSync(body);
  return packed.length < body.length
    ? json('gzip', packed.toString('base64'))
    : json('base64', body.toString('base64'));
}

/** What is in a wrapped message. */
export type Unwrapped = Pick<Message, 'attributes'> & { readonly content: Buffer };

/** Whether a body, parsed, is that of a wrapped message. */
export const isWrapped = (value: unknown): value is WrappedMessage =>
  typeof value === 'object' &&
  value !== null &&
  Object.hasOwn(value, 'wrappedMessage') &&
  Object.keys(value).length === 1;

const isReference = (inner: Partial<Wrapped & WrappedReference>): inner is WrappedReference =>
  inner.bucket !== undefined || inner.key !== undefined;

/** What the body of a message refers to, when it does. */
export function referenceIn(body: string): WrappedReference | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (!isWrapped(value)) return undefined;
    const inner: Partial<Wrapped & WrappedReference> = value.wrappedMessage ?? {};
    return isReference(inner) ? inner : undefined;
  } catch {
    return undefined; // Not JSON: it refers to nothing.
  }
}

/**
 * Opens a wrapped message. Takes at most as much memory as it announces.
 * @param fetch brings the object that it refers to
 * @throws Reject 'wrapped-damaged' for what is not what was wrapped; what `fetch` throws
 */
export async function unwrap(
  { wrappedMessage }: WrappedMessage,
  fetch: (reference: WrappedReference) => Promise<Buffer>,
): Promise<Unwrapped> {
  const inner: Partial<Wrapped & WrappedReference> = wrappedMessage ?? {};
  if (!isReference(inner)) return open(inner);
  const { bucket, key, bytes, sha256: hash } = inner;
  if (typeof bucket !== 'string' || typeof key !== 'string' || !isSize(bytes))
    throw damaged('its reference is no bucket, key and size');
  const object = await fetch(inner);
  if (object.length !== bytes || sha256(object) !== hash)
    throw damaged(`the object '${bucket}/${key}' is not the one that was stored`);
  const whole = (parsed(object) as Partial<WrappedMessage> | null)?.wrappedMessage;
  return open((whole ?? {}) as Partial<Wrapped>);
}

function open({ encoding, bytes, sha256: hash, content, attributes = {} }: Partial<Wrapped>): Unwrapped {
  if (typeof content !== 'string' || !isSize(bytes))
    throw damaged(`it must have content, and bytes of at most ${CLAIM_CHECK.maxDataBytes}`);
  const body = decoded(encoding, content, bytes);
  if (body.length !== bytes || sha256(body) !== hash)
    throw damaged(`its content is not the ${bytes} bytes that were wrapped`);
  if (!areAttributes(attributes)) throw damaged('its attributes are none');
  return { content: body, attributes };
}

function decoded(encoding: string | undefined, content: string, bytes: number): Buffer {
  if (encoding === 'utf8') return Buffer.from(content);
  const raw = Buffer.from(content, 'base64');
  if (encoding === 'base64') return raw;
  if (encoding !== 'gzip') throw damaged(`its encoding is '${encoding}'; utf8, base64 and gzip can be read`);
  try {
    return zlib().gunzipSync(raw, { maxOutputLength: Math.max(1, bytes) });
  } catch (cause) {
    throw damaged((cause as Error).message);
  }
}

function parsed(object: Buffer): unknown {
  try {
    return JSON.parse(object.toString('utf8'));
  } catch (cause) {
    throw damaged((cause as Error).message);
  }
}

const isSize = (bytes: unknown): bytes is number =>
  Number.isSafeInteger(bytes) && Number(bytes) >= 0 && Number(bytes) <= CLAIM_CHECK.maxDataBytes;

const areAttributes = (attributes: unknown): attributes is MessageAttributes =>
  typeof attributes === 'object' &&
  attributes !== null &&
  Object.values(attributes).every(
    (one: Partial<MessageAttribute> | null) =>
      typeof one?.dataType === 'string' && typeof (one.binaryValue ?? one.stringValue) === 'string',
  );

const damaged = (why: string): Reject => new Reject('wrapped-damaged', `the wrapped message cannot be opened: ${why}`);
