import type { ServiceRequest } from './service.ts';

/** Name of the API operation behind a REST request (S3, Lambda, SES, Scheduler); undefined when the engine does not know it. */
export function restOperation(
  request: Pick<ServiceRequest, 'service' | 'method' | 'url' | 'headers'>,
): string | undefined {
  return READERS[request.service]?.(request);
}

type Reader = (request: Pick<ServiceRequest, 'method' | 'url' | 'headers'>) => string | undefined;

const s3: Reader = ({ method, url, headers }) => {
  const { pathname, searchParams } = new URL(url, 'http://engine');
  const slash = pathname.indexOf('/', 1);
  const bucket = pathname.length > 1;
  const key = slash !== -1 && slash < pathname.length - 1;
  if (!bucket) return method === 'GET' ? 'ListBuckets' : undefined;
  if (!key) {
    if (method === 'GET') {
      const [first] = searchParams.keys();
      if (first !== undefined && BUCKET_SETTINGS[first] !== undefined) return `Get${BUCKET_SETTINGS[first]}`;
      return searchParams.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
    }
    if (method === 'PUT') {
      const setting = [...searchParams.keys()].map((name) => BUCKET_SETTINGS[name]).find((name) => name !== undefined);
      return setting === undefined ? 'CreateBucket' : `Put${setting}`;
    }
    if (method === 'POST') return searchParams.has('delete') ? 'DeleteObjects' : 'PostObject';
    if (method === 'DELETE' && searchParams.has('policy')) return 'DeleteBucketPolicy';
    return { HEAD: 'HeadBucket', DELETE: 'DeleteBucket' }[method];
  }
  if (method === 'PUT') {
    if (searchParams.has('uploadId')) return 'UploadPart';
    return headers['x-amz-copy-source'] === undefined ? 'PutObject' : 'CopyObject';
  }
  if (method === 'POST') return searchParams.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload';
  if (method === 'DELETE') return searchParams.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
  return { GET: 'GetObject', HEAD: 'HeadObject' }[method];
};

/** Sub-resource of a bucket in the query -> the noun in the operation's name. */
const BUCKET_SETTINGS: Readonly<Record<string, string>> = {
  policy: 'BucketPolicy',
  encryption: 'BucketEncryption',
  publicAccessBlock: 'PublicAccessBlock',
  versioning: 'BucketVersioning',
  tagging: 'BucketTagging',
  notification: 'BucketNotificationConfiguration',
  ownershipControls: 'BucketOwnershipControls',
  logging: 'BucketLogging',
  cors: 'BucketCors',
  lifecycle: 'BucketLifecycleConfiguration',
  location: 'BucketLocation',
  acl: 'BucketAcl',
};

const FUNCTIONS = /^\/\d{4}-\d{2}-\d{2}\/functions\/?([^/?]*)(?:\/([^/?]+))?/;

const lambda: Reader = ({ method, url }) => {
  const match = FUNCTIONS.exec(url);
  if (match !== null) {
    const [, name = '', part] = match;
    if (part === 'invocations') return 'Invoke';
    if (part === 'configuration') return method === 'GET' ? 'GetFunctionConfiguration' : 'UpdateFunctionConfiguration';
    if (part === 'concurrency')
      return { GET: 'GetFunctionConcurrency', PUT: 'PutFunctionConcurrency', DELETE: 'DeleteFunctionConcurrency' }[
        method
      ];
    if (part !== undefined) return undefined;
    if (name === '') return method === 'GET' ? 'ListFunctions' : 'CreateFunction';
    return { GET: 'GetFunction', DELETE: 'DeleteFunction' }[method];
  }
  if (url.includes('/account-settings')) return 'GetAccountSettings';
  if (url.includes('/event-source-mappings')) {
    const one = /\/event-source-mappings\/[^/?]/.test(url);
    if (one)
      return { GET: 'GetEventSourceMapping', PUT: 'UpdateEventSourceMapping', DELETE: 'DeleteEventSourceMapping' }[
        method
      ];
    return method === 'GET' ? 'ListEventSourceMappings' : 'CreateEventSourceMapping';
  }
  return undefined;
};

const ses: Reader = ({ method, url }) => {
  if (url.startsWith('/v2/email/outbound-emails')) return 'SendEmail';
  if (url.startsWith('/v2/email/account')) return method === 'GET' ? 'GetAccount' : undefined;
  // Newer SDKs list by POST to a path of its own, older ones by GET of the identities.
  if (url.startsWith('/v2/email/list-identities')) return method === 'POST' ? 'ListEmailIdentities' : undefined;
  if (!url.startsWith('/v2/email/identities')) return undefined;
  const one = /\/identities\/[^/?]/.test(url);
  if (one) return { GET: 'GetEmailIdentity', DELETE: 'DeleteEmailIdentity' }[method];
  return method === 'GET' ? 'ListEmailIdentities' : 'CreateEmailIdentity';
};

const scheduler: Reader = ({ method, url }) => {
  if (!/^\/schedules\/[^/?]+/.test(url))
    return method === 'GET' && url.startsWith('/schedules') ? 'ListSchedules' : undefined;
  return { POST: 'CreateSchedule', GET: 'GetSchedule', PUT: 'UpdateSchedule', DELETE: 'DeleteSchedule' }[method];
};

const READERS: Readonly<Record<string, Reader>> = { s3, lambda, ses, scheduler };
