import type { Sending } from '../../contracts/channels/sending.ts';
import { CLAIM_CHECK, EVENT } from '../../contracts/declaring/limits.ts';
import type { Envelope } from '../../contracts/events/envelope.ts';
import { isTooDeep } from '../../contracts/events/json-depth.ts';
import { Reject } from '../invocation/outcomes.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { type ClaimCheck, type ClaimedData, claimFor, fetchClaim } from './claim-check.ts';
import { PACK_FROM_BYTES, pack, unpack } from './packing.ts';

/**
 * A message's body is an envelope in JSON in one of three forms, told apart by their members, so that logs, which have no
 * attributes, work as queues do. The envelope's header is readable in each: keys, consoles and dead letters still tell what it is.
 *
 * - plain:   {"specversion":"1.0", ..., "data":{...}}
 * - packed:  {"packed":{"encoding":"gzip","bytes":54321,"data":"<base64>"}, "specversion":"1.0", ...}
 * - claimed: {"claimCheck":{"bucket":...,"key":...,"bytes":...,"sha256":...}, "specversion":"1.0", ...}
 */
/** What an envelope says about its data. */
export type Header = Omit<Envelope, 'data'>;

/** An envelope whose data has been stored already, as the outbox hands it on. */
export type ClaimedEnvelope = Header & {
  readonly claimCheck: ClaimCheck & {
    /** By channel: the message group or tenant, decided while the data was at hand. Not sent. */
    readonly keys?: Readonly<Record<string, string>>;
  };
};

export const isClaimed = (event: object): event is ClaimedEnvelope => 'claimCheck' in event && !('data' in event);

/** An event is larger than what has to take it; nothing of the call was sent or written. */
export class MessageTooLarge extends Error {
  override readonly name = 'MessageTooLarge';
  readonly eventId: string;

  constructor(event: Pick<Envelope, 'id' | 'type'>, bytes: number, where: string, limit: number, fix: string) {
    super(`event '${event.id}' (${event.type}) is ${bytes} bytes; ${where} takes ${limit}. ${fix}.`);
    this.eventId = event.id;
  }
}

/**
 * Bytes of a message as its service counts them.
 * @param beside what counts beside the body: attributes, or a partition key
 */
export const sizeOf = (body: string, beside = 0): number => Buffer.byteLength(body) + beside;

/** SQS and SNS take no noncharacters; as JSON escapes they mean the same. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const NONCHARACTERS = /[\uFFFE\uFFFF]/g;
const jsonOf = (value: unknown): string =>
  JSON.stringify(value).replace(NONCHARACTERS, (c) => `\\u${c.charCodeAt(0).toString(16)}`);

/** @throws RangeError for what no consumer could read */
function readableJsonOf(event: Envelope): string {
  const tooDeep = () =>
    new RangeError(
      `event '${event.id}' (${event.type}) is nested deeper than ${EVENT.maxDepth} levels, its envelope included: no consumer could read it. Make its data flatter`,
    );
  let text: string;
  try {
    text = jsonOf(event);
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    throw error;
  }
  if (isTooDeep(event, text.length)) throw tooDeep();
  return text;
}

/** What takes the body: a channel, or a row of the outbox. */
export interface Carrier extends Pick<Sending, 'oversized' | 'compress'> {
  /** For errors: `topic 'order-topic'`. */
  readonly where: string;
  readonly maxBytes: number;
  /** Bytes that count beside the body. @default none */
  readonly beside?: (event: Header) => number;
  /** What to do about an event that is too large. @default a smaller event, or claim check */
  readonly fix?: string;
}

export interface Body {
  readonly text: string;
  readonly bytes: number;
  /** Must be stored before the text is sent. */
  readonly claimed?: ClaimedData;
}

/**
 * Makes the body of an event for a carrier: as it is, packed when that pays, claimed when it does not fit.
 * @param bucket where claims go; asked for only when needed
 * @throws MessageTooLarge when the carrier does not take claims, or the data is larger than any claim; RangeError for data nested too deep
 */
export function bodyOf(event: Envelope | ClaimedEnvelope, carrier: Carrier, bucket: () => string): Body {
  const beside = carrier.beside?.(event) ?? 0;
  if (isClaimed(event)) {
    const { claimCheck, ...header } = event;
    const { keys: _, ...claim } = claimCheck;
    const text = jsonOf({ claimCheck: claim, ...header });
    return fitting(event, { text, bytes: sizeOf(text, beside) }, carrier);
  }
  const plain = readableJsonOf(event);
  const bytes = sizeOf(plain, beside);
  const { data, ...header } = event;
  const json = () => jsonOf(data);
  const packed = carrier.compress === 'when-it-pays' && bytes >= PACK_FROM_BYTES ? pack(json()) : undefined;
  const text =
    packed === undefined
      ? plain
      : jsonOf({
          packed: { encoding: packed.encoding, bytes: packed.bytes, data: packed.content.toString('base64') },
          ...header,
        });
  const body = { text, bytes: sizeOf(text, beside) };
  if (body.bytes <= carrier.maxBytes || carrier.oversized !== 'claim-check') return fitting(event, body, carrier);
  const dataJson = json();
  const dataBytes = Buffer.byteLength(dataJson);
  if (dataBytes > CLAIM_CHECK.maxDataBytes) {
    throw new MessageTooLarge(
      event,
      dataBytes,
      'a claim check',
      CLAIM_CHECK.maxDataBytes,
      'Split the event, or store the document yourself and send its address',
    );
  }
  const claimed = claimFor(bucket(), dataJson, packed);
  const reference = jsonOf({ claimCheck: claimed.claim, ...header });
  return { ...fitting(event, { text: reference, bytes: sizeOf(reference, beside) }, carrier), claimed };
}

const SMALLER = `Make the event smaller, or declare oversized: 'claim-check' on its channels`;

function fitting(event: Envelope | ClaimedEnvelope, body: Body, carrier: Carrier): Body {
  if (body.bytes <= carrier.maxBytes) return body;
  throw new MessageTooLarge(event, body.bytes, carrier.where, carrier.maxBytes, carrier.fix ?? SMALLER);
}

/** An envelope without its data: packed, or elsewhere. */
export interface ClosedEnvelope extends Header {
  readonly packed?: { readonly encoding: string; readonly bytes: number; readonly data: string } | null;
  readonly claimCheck?: ClaimCheck | null;
}

/** Whether an envelope must be opened before its data can be read. One that has data is open, whatever else it has. */
export function isClosed(value: unknown): value is ClosedEnvelope {
  if (typeof value !== 'object' || value === null || Object.hasOwn(value, 'data')) return false;
  return Object.hasOwn(value, 'packed') || Object.hasOwn(value, 'claimCheck');
}

/**
 * The header and the data of a closed envelope.
 * @returns the data as JSON text
 * @throws Reject when the data is damaged, gone or elsewhere (see fetchClaim and unpack); any other error is worth a retry
 */
export async function openEnvelope(
  closed: ClosedEnvelope,
  runtime: Pick<Runtime, 'aws' | 'env'>,
): Promise<{ readonly header: object; readonly data: string }> {
  const { packed, claimCheck, ...header } = closed;
  if (claimCheck !== undefined && claimCheck !== null) return { header, data: await fetchClaim(runtime, claimCheck) };
  if (typeof packed?.data !== 'string') throw new Reject('broken-body', 'the packed body holds no data');
  return { header, data: unpack({ ...packed, content: Buffer.from(packed.data, 'base64') }) };
}

/**
 * Turns a body of any form into the plain one, numbers as they were written; plain bodies, and what is no envelope at all, come back as
 * they are.
 * @throws Reject as openEnvelope(), and when the data is not JSON
 */
export async function openBody(body: string, runtime: Pick<Runtime, 'aws' | 'env'>): Promise<string> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return body; // Whoever reads it says that it is not JSON.
  }
  if (!isClosed(value)) return body;
  const { header, data } = await openEnvelope(value, runtime);
  try {
    JSON.parse(data); // Put together as text below: what is no value of its own would become other members.
  } catch (cause) {
    throw new Reject('broken-body', `the data is not JSON: ${(cause as Error).message}`, { cause });
  }
  const members = JSON.stringify(header).slice(1, -1);
  return `{${members}${members === '' ? '' : ','}"data":${data}}`;
}
