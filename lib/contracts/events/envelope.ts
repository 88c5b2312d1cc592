import { nextTraceparent } from '../agreed/trace.ts';
import { EVENT } from '../declaring/limits.ts';
import { type AnyEventType, type EventType, schemaUri } from './event.ts';
import { isTooDeep } from './json-depth.ts';
import { UpcastFailed, upcast } from './upcast.ts';

/**
 * What travels: a CloudEvents 1.0 event in structured JSON (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md)
 * with the extensions for tracing, ordering and partitioning.
 */
export interface Envelope<Data = unknown, Type extends string = string> {
  readonly specversion: '1.0';
  /** The idempotency key of the event, unless a subscription says otherwise. */
  readonly id: string;
  readonly source: string;
  readonly type: Type;
  /** The entity: what the event type's `key` gave. */
  readonly subject: string;
  /** When it happened, ISO 8601. */
  readonly time: string;
  readonly dataschema: string;
  readonly datacontenttype: 'application/json';
  readonly data: Data;
  /** W3C trace context of the hop that sent it. */
  readonly traceparent: string;
  /** The request or process this belongs to; the same through every event it causes. */
  readonly correlationid: string;
  /** Id of the event or request that caused this one. */
  readonly causationid?: string;
  /** Position within the subject, zero-padded so that it also sorts as text (CloudEvents sequence extension). */
  readonly sequence?: string;
  readonly partitionkey: string;
}

/** Names of the routing attributes repeated on SQS and SNS messages so that filters can use them. */
export const ATTRIBUTE = { type: 'type', version: 'version', traceparent: 'traceparent' } as const;

const SEQUENCE_DIGITS = 10;
/** A sequence number as the envelope carries it. */
export const formatSequence = (sequence: number): string => String(sequence).padStart(SEQUENCE_DIGITS, '0');
/** The number in an envelope's sequence. */
export const parseSequence = (sequence: string | undefined): number | undefined =>
  sequence === undefined ? undefined : Number.parseInt(sequence, 10);

/** What an envelope needs beside its data. */
export interface EnvelopeContext {
  readonly id: string;
  readonly source: string;
  readonly time: Date;
  readonly sequence?: number;
  /** traceparent of the request or event that causes this one. */
  readonly traceparent?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
}

/** Wraps data for sending. The data is taken as it is: check it with `validate` first where it comes from outside. */
export function envelope<Data, Type extends string>(
  event: EventType<Data, Type>,
  data: Data,
  context: EnvelopeContext,
): Envelope<Data, Type> {
  const subject = event.key(data);
  return {
    specversion: '1.0',
    id: context.id,
    source: context.source,
    type: event.type,
    subject,
    time: context.time.toISOString(),
    dataschema: schemaUri(event),
    datacontenttype: 'application/json',
    traceparent: nextTraceparent(context.traceparent),
    correlationid: context.correlationId ?? context.id,
    ...(context.causationId === undefined ? {} : { causationid: context.causationId }),
    ...(context.sequence === undefined ? {} : { sequence: formatSequence(context.sequence) }),
    partitionkey: subject,
    data,
  };
}

/** Why a message cannot be understood. `reason` is stable and short: it groups dead letters and is the dimension of metrics. */
export type UnreadableReason =
  | 'broken-json'
  | 'not-an-event'
  | 'unknown-type'
  | 'wrong-version'
  | 'invalid-data'
  /** The data was good in its own version, but the way to the newest one failed: mend the upcaster, then redrive. */
  | 'upcast-failed';

/** A message that is no event that its reader knows; the reason says in which way. */
export class UnreadableMessage extends Error {
  override readonly name = 'UnreadableMessage';
  readonly reason: UnreadableReason;

  constructor(reason: UnreadableReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

const REQUIRED = ['specversion', 'id', 'source', 'type', 'subject', 'time', 'dataschema', 'data'] as const;
const OPTIONAL = ['traceparent', 'correlationid', 'causationid', 'sequence', 'partitionkey'] as const;
const TEXT = [...REQUIRED.filter((name) => name !== 'data'), ...OPTIONAL];

/** An event as its handler gets it, and as it came. */
export interface ReadEvent {
  /** `data` is of the newest version, parsed: defaults are filled in. `dataschema` says what was sent. */
  readonly event: Envelope;
  /**
   * `data` as it was sent. Fingerprints are taken of this: what the parser or an upcaster makes of a message may change with a
   * deployment between two deliveries of it, and the second would be taken for another payload.
   */
  readonly sent: Envelope;
}

/** `readEvent()` without what was sent. */
export const readEnvelope = (body: string, expected: readonly AnyEventType[]): Envelope =>
  readEvent(body, expected).event;

/**
 * Reads an envelope from a message body and checks its data against the event types that are expected: data of an older version
 * with that version's schema, then, upcast, with the newest.
 * @throws UnreadableMessage when the body is not JSON, not an event, of a type or version nobody declared, or with invalid data
 */
export const readEvent = (body: string, expected: readonly AnyEventType[]): ReadEvent =>
  readParsed(parseJson(body, 'the body'), expected);

/**
 * JSON as a reader takes it.
 * @param what it is, for the error
 * @throws UnreadableMessage
 */
export function parseJson(text: string, what: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UnreadableMessage('broken-json', `${what} is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (isTooDeep(value, text.length))
    throw new UnreadableMessage('not-an-event', `${what} is nested deeper than ${EVENT.maxDepth} levels`);
  return value;
}

/**
 * `readEvent()` for a body that is parsed already.
 * @throws UnreadableMessage
 */
export function readParsed(value: unknown, expected: readonly AnyEventType[]): ReadEvent {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UnreadableMessage(
      'not-an-event',
      'the body is JSON but not an object; a CloudEvents 1.0 event is expected',
    );
  }
  const candidate = value as Envelope;
  const missing = REQUIRED.filter((name) => candidate[name] === undefined || candidate[name] === '');
  if (missing.length > 0) {
    throw new UnreadableMessage('not-an-event', `the CloudEvents attributes ${missing.join(', ')} are missing`);
  }
  // Ids become keys of the inbox and times become metrics: an object or a word in their place must not get that far.
  const notText = TEXT.filter((name) => candidate[name] !== undefined && typeof candidate[name] !== 'string');
  if (notText.length > 0) {
    throw new UnreadableMessage('not-an-event', `the CloudEvents attributes ${notText.join(', ')} are not text`);
  }
  const idBytes = Buffer.byteLength(candidate.id);
  if (idBytes > EVENT.maxIdBytes || !candidate.id.isWellFormed()) {
    throw new UnreadableMessage(
      'not-an-event',
      `the id has ${idBytes} bytes; it must be well-formed text of at most ${EVENT.maxIdBytes}`,
    );
  }
  if (candidate.specversion !== '1.0') {
    throw new UnreadableMessage(
      'not-an-event',
      `specversion '${candidate.specversion}' cannot be read; it must be '1.0'`,
    );
  }
  if (Number.isNaN(Date.parse(candidate.time))) {
    throw new UnreadableMessage('not-an-event', `time '${candidate.time}' is not an ISO 8601 timestamp`);
  }
  const sameType = expected.filter((e) => e.type === candidate.type);
  if (sameType.length === 0) {
    const known = expected.map((e) => e.type).join(', ');
    throw new UnreadableMessage(
      'unknown-type',
      `event type '${candidate.type}' is not consumed here (known: ${known})`,
    );
  }
  return { event: { ...candidate, data: newestData(sameType, candidate) }, sent: candidate };
}

function newestData(sameType: readonly AnyEventType[], { type, dataschema, data }: Envelope): unknown {
  const newest = sameType.find((e) => schemaUri(e) === dataschema);
  if (newest !== undefined) return validate(newest, data);
  for (const event of sameType) {
    const older = event.previous.find(({ version }) => schemaUri({ type, version }) === dataschema);
    if (older === undefined) continue;
    const valid = check(older.data, `'${type}' version ${older.version}`, data);
    try {
      return check(event.data, `'${type}', upcast from version ${older.version},`, upcast(event, older.version, valid));
    } catch (cause) {
      const isOurs = cause instanceof UpcastFailed || cause instanceof UnreadableMessage;
      throw isOurs ? new UnreadableMessage('upcast-failed', cause.message, { cause }) : cause;
    }
  }
  const known = sameType.flatMap((e) => [...e.previous.map(({ version }) => ({ type, version })), e]).map(schemaUri);
  throw new UnreadableMessage(
    'wrong-version',
    `schema '${dataschema}' cannot be read here (known: ${known.join(', ')})`,
  );
}

/**
 * Checks data against an event's schema and returns the parsed data.
 * @throws UnreadableMessage naming every field that is wrong
 */
export function validate<Data>(event: Pick<EventType<Data>, 'type' | 'data'>, data: unknown): Data {
  return check(event.data, `'${event.type}'`, data);
}

function check<Data>(schema: EventType<Data>['data'], whose: string, data: unknown): Data {
  const result = schema['~standard'].validate(data);
  if (result instanceof Promise) {
    throw new TypeError(`the schema of ${whose} validates asynchronously; use a synchronous validator`);
  }
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(({ path, message }) => {
    const at = path?.map((step) => (typeof step === 'object' ? step.key : step)).join('.');
    return at ? `${at}: ${message}` : message;
  });
  throw new UnreadableMessage('invalid-data', `the data of ${whose} is invalid: ${issues.join('; ')}`);
}
