import { errorResponse } from '../endpoint-errors.ts';
import { inTurn } from '../in-turn.ts';
import { restOperation } from '../rest-operations.ts';
import type { ServiceHandler, ServiceRequest, ServiceResponse } from '../service.ts';
import type { State } from '../state/state.ts';
import type { Fauxqs } from './fauxqs/fauxqs.ts';
import type { S3Store } from './messages/fauxqs-types.ts';
import { type Access, type BucketPolicies, policyRefusal } from './resource-policies.ts';

const INJECTABLE = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] as const;
type Method = (typeof INJECTABLE)[number];

/** Operations that change an object; they run one at a time, so that a condition holds until its write is done. */
const OBJECT_WRITES = new Set(['PutObject', 'CopyObject', 'CompleteMultipartUpload', 'DeleteObject', 'DeleteObjects']);
/** Settings of a bucket that change nothing here: accepted, not kept. */
const IGNORED_SETTINGS =
  /^Put(BucketEncryption|PublicAccessBlock|BucketVersioning|BucketTagging|BucketNotificationConfiguration|BucketOwnershipControls|BucketLogging|BucketCors|BucketAcl)$/;
const UNKEPT_SETTINGS =
  /^Get(BucketEncryption|PublicAccessBlock|BucketVersioning|BucketTagging|BucketNotificationConfiguration|BucketOwnershipControls|BucketLogging|BucketCors|BucketAcl|BucketLocation)$/;

/** fauxqs' S3 plus conditional writes (`If-None-Match: *`, `If-Match`), and settings of buckets that are accepted. */
/** @param state keeps policies of buckets that are set by request over a restart; fauxqs' part is kept by s3-state.ts */
export function createS3({ s3App, s3Store }: Fauxqs, access: Access, state?: State): ServiceHandler {
  const policies = keptPolicies(access.bucketPolicies, state);
  const writes = inTurn();

  const forward = async (request: ServiceRequest): Promise<ServiceResponse> => {
    const app = await s3App();
    const response = await app.inject({
      method: request.method as Method,
      url: request.url,
      headers: injectable(request.headers),
      payload: request.body,
    });
    return { status: response.statusCode, headers: responseHeaders(response.headers), body: response.rawPayload };
  };

  return async (request) => {
    const operation = restOperation(request);
    if (!(INJECTABLE as readonly string[]).includes(request.method) || operation === undefined) {
      const message = `s3: ${request.method} ${request.url} is not available in the engine`;
      return errorResponse('s3', { status: 501, code: 'NotImplemented', message });
    }
    if (operation.endsWith('BucketPolicy')) return bucketPolicy(request, operation, access, policies);
    if (IGNORED_SETTINGS.test(operation)) return { status: 200, headers: {}, body: '' };
    if (UNKEPT_SETTINGS.test(operation)) {
      const message = `s3: ${operation} is not available in the engine: it accepts the setting but does not keep it`;
      return errorResponse('s3', { status: 501, code: 'NotImplemented', message });
    }
    if (operation === 'CreateBucket' && request.body.length === 0) return createBucket(request, s3Store);
    const response = await (OBJECT_WRITES.has(operation)
      ? writes(() => unmetCondition(request, operation, s3Store) ?? forward(request))
      : forward(request));
    return response.status === 404 ? (hidden(request, operation, s3Store, access) ?? response) : response;
  };
}

/**
 * Whether an object is there is told only to who may list its bucket; others are refused, as if it might be.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_RequestSyntax (Permissions)
 */
function hidden(
  request: ServiceRequest,
  operation: string,
  store: S3Store,
  { listingRefused }: Access,
): ServiceResponse | undefined {
  const source = operation === 'CopyObject' ? String(request.headers['x-amz-copy-source']) : request.url;
  if (operation !== 'CopyObject' && operation !== 'GetObject' && operation !== 'HeadObject') return undefined;
  const [bucket = ''] = decodeURIComponent(source.replace(/^\//, '')).split('/');
  if (!store.hasBucket(bucket)) return undefined;
  const message = listingRefused(request.caller, bucket);
  if (message === undefined) return undefined;
  const refusal = errorResponse('s3', { status: 403, code: 'AccessDenied', message });
  return operation === 'HeadObject' ? { ...refusal, body: '' } : refusal;
}

/** As fauxqs does it, without its application: that is not to be loaded for the buckets of a template. */
function createBucket({ url }: ServiceRequest, store: S3Store): ServiceResponse {
  const bucket = decodeURIComponent(new URL(url, 'http://engine').pathname).replaceAll('/', '');
  try {
    store.createBucket(bucket);
    return { status: 200, headers: { location: `/${bucket}` }, body: '' };
  } catch (error) {
    const { code, statusCode = 400, message } = error as Error & { code?: string; statusCode?: number };
    if (code === undefined) throw error;
    return errorResponse('s3', { status: statusCode, code, message });
  }
}

function keptPolicies(policies: BucketPolicies, state: State | undefined): BucketPolicies {
  const kept = state?.store('s3-bucket-policies');
  for (const [bucket, text] of kept?.entries() ?? []) policies.put(bucket, String(text));
  return {
    ...policies,
    put(bucket, text) {
      policies.put(bucket, text);
      kept?.put(bucket, text);
    },
    remove(bucket) {
      policies.remove(bucket);
      kept?.delete(bucket);
    },
  };
}

function bucketPolicy(
  request: ServiceRequest,
  operation: string,
  access: Access,
  policies: BucketPolicies,
): ServiceResponse {
  const bucket = decodeURIComponent(new URL(request.url, 'http://engine').pathname).replaceAll('/', '');
  if (operation === 'DeleteBucketPolicy') {
    policies.remove(bucket);
    return { status: 204, headers: {}, body: '' };
  }
  if (operation === 'PutBucketPolicy') {
    const text = request.body.toString('utf8');
    const refusal = policyRefusal('s3', 'MalformedPolicy', text, access);
    if (refusal !== undefined) return refusal;
    policies.put(bucket, text);
    return { status: 204, headers: {}, body: '' };
  }
  const body = policies.get(bucket);
  if (body !== undefined) return { status: 200, headers: { 'content-type': 'application/json' }, body };
  const message = 'The bucket policy does not exist';
  return errorResponse('s3', { status: 404, code: 'NoSuchBucketPolicy', message });
}

/**
 * Conditional writes.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
function unmetCondition(request: ServiceRequest, operation: string, store: S3Store): ServiceResponse | undefined {
  const ifNoneMatch = request.headers['if-none-match'];
  const ifMatch = request.headers['if-match'];
  if (operation === 'DeleteObjects' || (ifNoneMatch === undefined && ifMatch === undefined)) return undefined;
  const path = decodeURIComponent(new URL(request.url, 'http://engine').pathname).slice(1);
  const slash = path.indexOf('/');
  const etag = etagOf(store, path.slice(0, slash), path.slice(slash + 1));
  if (ifNoneMatch === '*' && etag !== undefined) return preconditionFailed();
  if (ifMatch !== undefined && etag === undefined) {
    return errorResponse('s3', { status: 404, code: 'NoSuchKey', message: 'The specified key does not exist.' });
  }
  const wanted = String(ifMatch).replaceAll('"', '');
  if (ifMatch !== undefined && wanted !== '*' && wanted !== etag?.replaceAll('"', '')) return preconditionFailed();
  return undefined;
}

const preconditionFailed = () =>
  errorResponse('s3', {
    status: 412,
    code: 'PreconditionFailed',
    message: 'At least one of the pre-conditions you specified did not hold',
  });

/** Undefined when there is no such object; a missing bucket is left to the write itself to report. */
function etagOf(store: S3Store, bucket: string, key: string): string | undefined {
  try {
    return store.headObject(bucket, key).etag;
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === 'NoSuchKey' || code === 'NoSuchBucket') return undefined;
    throw error;
  }
}

function injectable(headers: ServiceRequest['headers']): Record<string, string | string[]> {
  const passed: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !name.startsWith(':') && name !== 'expect') passed[name] = value;
  }
  return passed;
}

function responseHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && name !== 'connection' && name !== 'transfer-encoding') passed[name] = String(value);
  }
  return passed;
}
