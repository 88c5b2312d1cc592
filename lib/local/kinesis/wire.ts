import { randomUUID } from 'node:crypto';
import { cbor, tag } from '@smithy/core/cbor';
import { jsonBody } from '../endpoint-request.ts';
import { isObject } from '../json.ts';
import type { ServiceRequest, ServiceResponse } from '../service.ts';
import type { KinesisError } from './errors.ts';
import { eventMessage } from './event-stream.ts';
import type { Input } from './input.ts';

/** A result before it is written. */
export type Result =
  | string
  | number
  | boolean
  | null
  | undefined
  | Date
  | Uint8Array
  | readonly Result[]
  | { readonly [name: string]: Result };
export type ResultObject = { readonly [name: string]: Result };

/** https://www.rfc-editor.org/rfc/rfc8949#section-3.4.2 */
const EPOCH_TAG = 1;

/** CBOR of the SDK for Java counts epoch time in milliseconds, that of Smithy's RPC v2 in seconds. */
type Protocol = 'json' | 'cbor' | 'rpc-v2-cbor';

function protocolOf(headers: ServiceRequest['headers']): Protocol {
  if (headers['smithy-protocol'] === 'rpc-v2-cbor') return 'rpc-v2-cbor';
  return String(headers['content-type'] ?? '').includes('cbor') ? 'cbor' : 'json';
}

const CONTENT_TYPES: Readonly<Record<Protocol, string>> = {
  json: 'application/x-amz-json-1.1',
  cbor: 'application/x-amz-cbor-1.1',
  'rpc-v2-cbor': 'application/cbor',
};

const readBodies = new WeakMap<Buffer, Input>();

/**
 * The parameters of a request, whichever protocol it speaks; read once, so that policies, metrics and the service can all look.
 * @throws SyntaxError when the body cannot be read
 */
export function kinesisInput(request: Pick<ServiceRequest, 'headers' | 'body'>): Input {
  const protocol = protocolOf(request.headers);
  if (protocol === 'json') return jsonBody(request);
  const known = readBodies.get(request.body);
  if (known !== undefined) return known;
  const input = fromCbor(request.body, protocol);
  readBodies.set(request.body, input);
  return input;
}

function fromCbor(body: Buffer, protocol: Protocol): Input {
  let value: unknown;
  try {
    value = body.length === 0 ? {} : untagged(cbor.deserialize(body), protocol === 'cbor' ? 1_000 : 1);
  } catch (error) {
    throw new SyntaxError(`the request body is not CBOR: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(value)) throw new SyntaxError('the request body is not a CBOR map');
  return value;
}

/** Tagged timestamps as epoch seconds. */
function untagged(value: unknown, perSecond: number): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map((item) => untagged(item, perSecond));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if ('tag' in value && 'value' in value) return Number(value.value) / perSecond;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, untagged(member, perSecond)]));
}

const results = new WeakMap<ServiceResponse, ResultObject>();

/** What a response says, so that nobody has to read it again; undefined for errors, and for what others have made of it. */
export const resultIn = (response: ServiceResponse): ResultObject | undefined => results.get(response);

/** Writes a result in the protocol of the request. Operations without one answer an empty body. */
export function kinesisAnswer(headers: ServiceRequest['headers'], result: ResultObject | undefined): ServiceResponse {
  const protocol = protocolOf(headers);
  const response = {
    status: 200,
    headers: headersFor(protocol),
    body: result === undefined && protocol !== 'rpc-v2-cbor' ? '' : encoded(result ?? {}, protocol),
  };
  if (result !== undefined) results.set(response, result);
  return response;
}

/**
 * Answers an event stream in the protocol of the request.
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html
 */
export function kinesisEvents(
  headers: ServiceRequest['headers'],
  events: (gone: AbortSignal) => AsyncIterable<ResultObject>,
): ServiceResponse {
  const protocol = protocolOf(headers);
  const message = (type: string, result: ResultObject): Buffer =>
    eventMessage(
      { ':message-type': 'event', ':event-type': type, ':content-type': CONTENT_TYPES[protocol] },
      Buffer.from(encoded(result, protocol)),
    );
  return {
    status: 200,
    headers: { ...headersFor(protocol), 'content-type': 'application/vnd.amazon.eventstream' },
    body: message('initial-response', {}),
    async *more(gone) {
      for await (const event of events(gone)) yield message('SubscribeToShardEvent', event);
    },
  };
}

export const kinesisRefusal = (
  headers: ServiceRequest['headers'],
  { code, message }: KinesisError,
): ServiceResponse => {
  const protocol = protocolOf(headers);
  return {
    status: 400,
    headers: headersFor(protocol),
    body: encoded({ __type: code, message }, protocol),
  };
};

const headersFor = (protocol: Protocol): Record<string, string> => ({
  'content-type': CONTENT_TYPES[protocol],
  'x-amzn-requestid': randomUUID(),
  ...(protocol === 'rpc-v2-cbor' ? { 'smithy-protocol': 'rpc-v2-cbor' } : {}),
});

function encoded(result: ResultObject, protocol: Protocol): Buffer | string {
  if (protocol === 'json') return jsonOf(result);
  const perSecond = protocol === 'cbor' ? 1 : 1_000;
  const time = (date: Date) => tag({ tag: EPOCH_TAG, value: date.getTime() / perSecond });
  return Buffer.from(cbor.serialize(written(result, time, (bytes) => bytes)));
}

export const jsonOf = (result: ResultObject): string =>
  JSON.stringify(written(result, (date) => date.getTime() / 1_000, base64Of));

export const base64Of = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');

/** The result with its dates and bytes written one way, and members that are undefined left out. */
function written(value: Result, date: (value: Date) => unknown, bytes: (value: Uint8Array) => unknown): unknown {
  if (value instanceof Date) return date(value);
  if (value instanceof Uint8Array) return bytes(value);
  if (Array.isArray(value)) return value.map((item: Result) => written(item, date, bytes));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([name, member]) => [name, written(member as Result, date, bytes)]));
}
