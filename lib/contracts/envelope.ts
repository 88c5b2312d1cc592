import { type AnyEventType, type EventType, schemaUri } from './event.ts';
import { nextTraceparent } from './trace.ts';

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
export const formatSequence = (sequence: number): string => String(sequence).padStart(SEQUENCE_DIGITS, '0');
export const parseSequence = (sequence: string | undefined): number | undefined =>
  sequence === undefined ? undefined : Number.parseInt(sequence, 10);

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
export type UnreadableReason = 'broken-json' | 'not-an-event' | 'unknown-type' | 'wrong-version' | 'invalid-data';

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

/**
 * Reads an envelope from a message body and checks its data against the event types that are expected.
 * @throws UnreadableMessage when the body is not JSON, not an event, of a type or version nobody declared, or with invalid data
 */
export function readEnvelope(body: string, expected: readonly AnyEventType[]): Envelope {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new UnreadableMessage('broken-json', `the body is not JSON: ${(cause as Error).message}`, { cause });
  }
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
  const eventType = sameType.find((e) => schemaUri(e) === candidate.dataschema);
  if (eventType === undefined) {
    const known = sameType.map(schemaUri).join(', ');
    throw new UnreadableMessage(
      'wrong-version',
      `schema '${candidate.dataschema}' cannot be read here (known: ${known})`,
    );
  }
  return { ...candidate, data: validate(eventType, candidate.data) };
}

/**
 * Checks data against an event's schema and returns the parsed data.
 * @throws UnreadableMessage naming every field that is wrong
 */
export function validate<Data>(event: EventType<Data>, data: unknown): Data {
  const result = event.data['~standard'].validate(data);
  if (result instanceof Promise) {
    throw new TypeError(`the schema of '${event.type}' validates asynchronously; use a synchronous validator`);
  }
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(({ path, message }) => {
    const at = path?.map((step) => (typeof step === 'object' ? step.key : step)).join('.');
    return at ? `${at}: ${message}` : message;
  });
  throw new UnreadableMessage('invalid-data', `the data of '${event.type}' is invalid: ${issues.join('; ')}`);
}
