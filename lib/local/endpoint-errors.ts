import { randomUUID } from 'node:crypto';
import { cbor } from '@smithy/core/cbor';
import type { ServiceRequest, ServiceResponse } from './service.ts';

/** An error as AWS names it: HTTP status, error code (`ResourceNotFoundException`) and a message for people. */
export interface AwsErrorShape {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

type Protocol = 'json' | 'sqs' | 'query' | 's3' | 'rest-json' | 'cbor';

/** Which error format the SDK of a service parses. Services not listed speak AWS JSON. */
const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  sqs: 'sqs',
  sns: 'query',
  sts: 'query',
  iam: 'query',
  cloudformation: 'query',
  s3: 's3',
  lambda: 'rest-json',
  ses: 'rest-json',
  scheduler: 'rest-json',
};

/**
 * Writes an AWS error in the wire format of the given service (signing name).
 * @param headers of the request, where the service speaks several protocols. @default its own one
 */
export function errorResponse(
  service: string,
  error: AwsErrorShape,
  headers: ServiceRequest['headers'] = {},
): ServiceResponse {
  return writers[protocolOf(service, String(headers['content-type'] ?? ''))](error);
}

/** CloudWatch speaks Query, JSON and CBOR, Kinesis JSON and CBOR. */
function protocolOf(service: string, contentType: string): Protocol {
  if (contentType.includes('cbor')) return 'cbor';
  if (service === 'monitoring' && contentType.startsWith('application/x-www-form-urlencoded')) return 'query';
  return PROTOCOLS[service] ?? 'json';
}

const writers: Readonly<Record<Protocol, (error: AwsErrorShape) => ServiceResponse>> = {
  json: ({ status, code, message }) => ({
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID() },
    body: JSON.stringify({ __type: `com.amazon.coral.service#${code}`, message }),
  }),
  cbor: ({ status, code, message }) => ({
    status,
    headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor', 'x-amzn-requestid': randomUUID() },
    body: Buffer.from(cbor.serialize({ __type: `com.amazon.coral.service#${code}`, message })),
  }),
  sqs: ({ status, code, message }) => ({
    status,
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amzn-requestid': randomUUID(),
      'x-amzn-query-error': `${code};${status < 500 ? 'Sender' : 'Receiver'}`,
    },
    body: JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message }),
  }),
  query: ({ status, code, message }) => ({
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': randomUUID() },
    body: `<ErrorResponse><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
  }),
  s3: ({ status, code, message }) => ({
    status,
    headers: { 'content-type': 'application/xml', 'x-amz-request-id': randomUUID() },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message><RequestId>${randomUUID()}</RequestId></Error>`,
  }),
  'rest-json': ({ status, code, message }) => ({
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': code, 'x-amzn-requestid': randomUUID() },
    body: JSON.stringify({ message, Message: message }),
  }),
};

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Answers in plain JSON, for the engine's own paths (`/_sluice/...`, `/_aws/...`). */
export function jsonResponse(value: unknown, status = 200): ServiceResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
