import type { IncomingHttpHeaders } from 'node:http';
import type { ServiceRequest } from './service.ts';

/** A request as it came off the wire, before anybody knows which service it is for. */
export interface WireRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Aborted when nobody is there any more to take the answer. */
  readonly gone?: AbortSignal;
}

/** Who signed, for which service and region. */
export interface CredentialScope {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

const HEADER_SCOPE = /Credential=([^/,\s]+)\/\d+\/([^/,\s]*)\/([^/,\s]+)\/aws4_request/;

/**
 * Reads the credential scope (`AKID/date/region/service/aws4_request`) of a SigV4 request, from the header or from the
 * query of a presigned URL. The signature itself is not checked.
 */
export function credentialScope(wire: WireRequest): CredentialScope | undefined {
  const header = wire.headers.authorization;
  if (header !== undefined) return scopeOf(HEADER_SCOPE.exec(header));
  if (!wire.url.includes('X-Amz-Credential=')) return undefined;
  const credential = new URL(wire.url, 'http://engine').searchParams.get('X-Amz-Credential');
  return scopeOf(HEADER_SCOPE.exec(`Credential=${credential}`));
}

function scopeOf(match: RegExpExecArray | null): CredentialScope | undefined {
  const [, accessKeyId, region, service] = match ?? [];
  if (accessKeyId === undefined || region === undefined || service === undefined) return undefined;
  return { accessKeyId, region, service };
}

/** Services whose SDK signs with another name than the one they are registered under. */
const SIGNING_ALIASES: Readonly<Record<string, string>> = { s3express: 's3', email: 'ses' };

/** Prefix of x-amz-target -> service, for requests without a signature. */
const TARGETS: Readonly<Record<string, string>> = {
  AmazonSQS: 'sqs',
  Kinesis_20131202: 'kinesis',
  DynamoDB_20120810: 'dynamodb',
  DynamoDBStreams_20120810: 'dynamodb',
  AWSEvents: 'events',
  Logs_20140328: 'logs',
  GraniteServiceVersion20100801: 'monitoring',
  AWSStepFunctions: 'states',
};

/** Start of the path -> service, for REST requests without a signature. */
const PATHS: readonly (readonly [string, string])[] = [
  ['/2015-03-31/', 'lambda'],
  ['/2021-10-31/functions/', 'lambda'],
  ['/v2/email/', 'ses'],
  ['/schedules', 'scheduler'],
];

/** Signing name of the service a request is for: by signature, else by target, else by path; S3 is what is left. */
export function serviceOf(wire: WireRequest, scope: CredentialScope | undefined): string {
  if (scope !== undefined) return SIGNING_ALIASES[scope.service] ?? scope.service;
  const target = wire.headers['x-amz-target'];
  if (typeof target === 'string') {
    const prefix = target.slice(0, target.indexOf('.'));
    return TARGETS[prefix] ?? prefix;
  }
  const byPath = PATHS.find(([start]) => wire.url.startsWith(start));
  if (byPath !== undefined) return byPath[1];
  if (isForm(wire.headers)) return formParameters(wire.body).has('TopicArn') ? 'sns' : 'sts';
  return 's3';
}

const CBOR_PATH = /^\/service\/[^/]+\/operation\/([^/?]+)/;

/** API operation of AWS JSON (x-amz-target), AWS query (Action) and RPC v2 requests; undefined for REST. */
export function operationOf(wire: WireRequest): string | undefined {
  const target = wire.headers['x-amz-target'];
  if (typeof target === 'string') return target.slice(target.lastIndexOf('.') + 1);
  if (isForm(wire.headers)) return formParameters(wire.body).get('Action') ?? undefined;
  return CBOR_PATH.exec(wire.url)?.[1];
}

function isForm(headers: IncomingHttpHeaders): boolean {
  return headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
}

const parsedForms = new WeakMap<Buffer, URLSearchParams>();

/** Parameters of an AWS query request; parsed once per request body. */
export function formParameters(body: Buffer): URLSearchParams {
  const known = parsedForms.get(body);
  if (known !== undefined) return known;
  const parameters = new URLSearchParams(body.toString('utf8'));
  parsedForms.set(body, parameters);
  return parameters;
}

const parsedBodies = new WeakMap<Buffer, Record<string, unknown>>();

/**
 * The JSON object in a request's body; parsed once per request, so that policies and services can both look.
 * An empty body is an empty object.
 * @throws SyntaxError when the body is not a JSON object.
 */
export function jsonBody(request: Pick<ServiceRequest, 'body'>): Record<string, unknown> {
  const known = parsedBodies.get(request.body);
  if (known !== undefined) return known;
  const value: unknown = request.body.length === 0 ? {} : JSON.parse(request.body.toString('utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SyntaxError('the request body is not a JSON object');
  }
  const object = value as Record<string, unknown>;
  parsedBodies.set(request.body, object);
  return object;
}
