import { randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { cbor, dateToTag } from '@smithy/core/cbor';
import { escapeXml } from '../../endpoint-errors.ts';
import { formParameters, jsonBody } from '../../endpoint-request.ts';
import type { Json, JsonObject } from '../../json.ts';
import { isObject } from '../../json.ts';
import type { ServiceRequest, ServiceResponse } from '../../service.ts';
import type { CloudWatchError } from './errors.ts';
import { nestedParameters, xmlOf } from './query-protocol.ts';

/** A result before it is written: JSON with dates in it. */
export type Result =
  | string
  | number
  | boolean
  | null
  | undefined
  | Date
  | readonly Result[]
  | { readonly [name: string]: Result };

/** How one client speaks with CloudWatch. */
export interface Wire {
  /** The parameters of the request: timestamps as epoch seconds or ISO 8601 text. */
  input(): JsonObject;
  answer(result: { readonly [name: string]: Result }): ServiceResponse;
  refuse(error: CloudWatchError): ServiceResponse;
}

const NAMESPACE = 'http://monitoring.amazonaws.com/doc/2010-08-01/';

/**
 * The protocol of a request. CloudWatch has three: JSON 1.0 (the JavaScript SDK), RPC v2 CBOR (botocore, the CLI) and
 * Query (SDKs and CLIs from before 2025).
 * https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
 */
export function wireOf(request: ServiceRequest): Wire {
  const type = String(request.headers['content-type'] ?? '');
  const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(request.body) : request.body;
  if (type.includes('cbor') || request.headers['smithy-protocol'] === 'rpc-v2-cbor') return cborWire(body);
  if (request.headers['x-amz-target'] !== undefined) return jsonWire(body);
  return queryWire(body, request.operation ?? '');
}

const jsonWire = (body: Buffer): Wire => ({
  input: () => jsonBody({ body }) as JsonObject,
  answer: (result) => ({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID() },
    body: JSON.stringify(written(result, (date) => date.getTime() / 1_000)),
  }),
  refuse: ({ status, code, type, message }) => ({
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0', ...errorHeaders(code, status) },
    body: JSON.stringify({ __type: `com.amazonaws.cloudwatch#${type}`, message }),
  }),
});

const CBOR_HEADERS = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' };

const cborWire = (body: Buffer): Wire => ({
  input: () => (body.length === 0 ? {} : (untagged(cbor.deserialize(body)) as JsonObject)),
  answer: (result) => ({
    status: 200,
    headers: { ...CBOR_HEADERS, 'x-amzn-requestid': randomUUID() },
    body: Buffer.from(cbor.serialize(written(result, dateToTag))),
  }),
  refuse: ({ status, code, type, message }) => ({
    status,
    headers: { ...CBOR_HEADERS, ...errorHeaders(code, status) },
    body: Buffer.from(cbor.serialize({ __type: `com.amazonaws.cloudwatch#${type}`, message })),
  }),
});

const queryWire = (body: Buffer, operation: string): Wire => ({
  input: () => nestedParameters(formParameters(body)),
  answer: (result) => ({
    status: 200,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': randomUUID() },
    body: `<${operation}Response xmlns="${NAMESPACE}"><${operation}Result>${xmlOf(written(result, (date) => date.toISOString()) as JsonObject)}</${operation}Result><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${operation}Response>`,
  }),
  refuse: ({ status, code, message }) => ({
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': randomUUID() },
    body: `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>${fault(status)}</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
  }),
});

const fault = (status: number): string => (status < 500 ? 'Sender' : 'Receiver');

/** Clients of the newer protocols show the code that the Query protocol would have. */
const errorHeaders = (code: string, status: number) => ({
  'x-amzn-query-error': `${code};${fault(status)}`,
  'x-amzn-requestid': randomUUID(),
});

/** The result with its dates written one way, and members that are undefined left out. */
function written(value: Result, date: (value: Date) => unknown): unknown {
  if (value instanceof Date) return date(value);
  if (Array.isArray(value)) return value.map((item: Result) => written(item, date));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([name, member]) => [name, written(member as Result, date)]));
}

/** CBOR values as JSON: tagged timestamps as their seconds. */
function untagged(value: unknown): Json {
  if (Array.isArray(value)) return value.map(untagged);
  if (typeof value === 'bigint') return Number(value);
  if (!isObject(value)) return (value ?? null) as Json;
  if ('tag' in value && 'value' in value && Object.keys(value).length === 2) return untagged(value.value);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, untagged(member)]));
}
