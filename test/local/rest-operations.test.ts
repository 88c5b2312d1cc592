import * as lambda from '@aws-sdk/client-lambda';
import * as s3 from '@aws-sdk/client-s3';
import * as scheduler from '@aws-sdk/client-scheduler';
import * as ses from '@aws-sdk/client-sesv2';
import { describe, expect, it } from 'vitest';
import { restOperation } from '../../lib/local/rest-operations.ts';

/** What the SDK asks; only that is seen of it. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** A client's settings, under which a request is made and goes nowhere. */
const seeing = (see: (request: Asked) => void) => ({
  region: 'us-east-1',
  endpoint: 'http://engine',
  credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  forcePathStyle: true,
  maxAttempts: 1,
  requestHandler: {
    handle: async (request: Asked) => {
      see(request);
      throw new Error('seen');
    },
  },
});
const SERVICES = {
  s3: { commands: s3, Client: s3.S3Client },
  lambda: { commands: lambda, Client: lambda.LambdaClient },
  ses: { commands: ses, Client: ses.SESv2Client },
  scheduler: { commands: scheduler, Client: scheduler.SchedulerClient },
} as const;
type Service = keyof typeof SERVICES;

/** The operation that is read from what the SDK asks for a command. */
async function readBack(service: Service, name: string, input: object): Promise<string | undefined> {
  let asked: Asked | undefined;
  const { commands, Client } = SERVICES[service];
  // biome-ignore lint/suspicious/noExplicitAny: clients and commands of four services, by name
  const client = new (Client as any)(
    seeing((request) => {
      asked = request;
    }),
  );
  // biome-ignore lint/suspicious/noExplicitAny: see above
  await client.send(new (commands as any)[`${name}Command`](input)).catch(() => undefined);
  if (asked === undefined) throw new Error(`${name} asks nothing`);
  const { method, path, query = {}, headers } = asked;
  const pairs = Object.entries(query).map(([key, value]) => (value === null || value === '' ? key : `${key}=${value}`));
  return restOperation({ service, method, url: `${path}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`, headers });
}

const Bucket = 'b';
const one = { Bucket, Key: 'k' };
const nested = { Bucket, Key: 'a/b' };
const part = { ...one, UploadId: 'u', PartNumber: 1, Body: 'x' };
const FunctionName = 'f';
const EmailIdentity = 'a@b.c';
const schedule = {
  ...{ Name: 's', ScheduleExpression: 'rate(1 hour)', FlexibleTimeWindow: { Mode: 'OFF' } },
  Target: { Arn: 'a', RoleArn: 'r' },
};

/** Every operation that the engine knows by path and method, as the SDK asks it. */
const KNOWN: Readonly<Record<Service, Readonly<Record<string, object>>>> = {
  s3: {
    ListBuckets: {},
    ...{ CreateBucket: { Bucket }, HeadBucket: { Bucket }, DeleteBucket: { Bucket } },
    ...{ ListObjects: { Bucket }, ListObjectsV2: { Bucket, Prefix: 'p' } },
    ...{ GetObject: one, HeadObject: nested, PutObject: { ...one, Body: 'x' }, DeleteObject: one },
    CopyObject: { ...one, CopySource: 'b/other' },
    DeleteObjects: { Bucket, Delete: { Objects: [{ Key: 'k' }] } },
    ...{ CreateMultipartUpload: one, UploadPart: part, CompleteMultipartUpload: part, AbortMultipartUpload: part },
    ...{ GetBucketPolicy: { Bucket }, PutBucketPolicy: { Bucket, Policy: '{}' }, DeleteBucketPolicy: { Bucket } },
    ...{
      GetBucketEncryption: { Bucket },
      PutBucketEncryption: { Bucket, ServerSideEncryptionConfiguration: { Rules: [] } },
    },
    ...{ GetPublicAccessBlock: { Bucket }, PutPublicAccessBlock: { Bucket, PublicAccessBlockConfiguration: {} } },
    ...{ GetBucketVersioning: { Bucket }, PutBucketVersioning: { Bucket, VersioningConfiguration: {} } },
    ...{ GetBucketTagging: { Bucket }, PutBucketTagging: { Bucket, Tagging: { TagSet: [] } } },
    GetBucketNotificationConfiguration: { Bucket },
    PutBucketNotificationConfiguration: { Bucket, NotificationConfiguration: {} },
    ...{
      GetBucketOwnershipControls: { Bucket },
      PutBucketOwnershipControls: { Bucket, OwnershipControls: { Rules: [] } },
    },
    ...{ GetBucketLogging: { Bucket }, PutBucketLogging: { Bucket, BucketLoggingStatus: {} } },
    ...{ GetBucketCors: { Bucket }, PutBucketCors: { Bucket, CORSConfiguration: { CORSRules: [] } } },
    GetBucketLifecycleConfiguration: { Bucket },
    PutBucketLifecycleConfiguration: { Bucket, LifecycleConfiguration: { Rules: [] } },
    ...{ GetBucketLocation: { Bucket }, GetBucketAcl: { Bucket }, PutBucketAcl: { Bucket, ACL: 'private' } },
  },
  lambda: {
    ...{ ListFunctions: {}, GetFunction: { FunctionName }, DeleteFunction: { FunctionName } },
    CreateFunction: { FunctionName, Role: 'r', Code: {} },
    Invoke: { FunctionName },
    ...{ GetFunctionConfiguration: { FunctionName }, UpdateFunctionConfiguration: { FunctionName } },
    ...{ GetFunctionConcurrency: { FunctionName }, DeleteFunctionConcurrency: { FunctionName } },
    PutFunctionConcurrency: { FunctionName, ReservedConcurrentExecutions: 1 },
    ...{ ListEventSourceMappings: { FunctionName }, CreateEventSourceMapping: { FunctionName } },
    ...{
      GetEventSourceMapping: { UUID: 'u' },
      UpdateEventSourceMapping: { UUID: 'u' },
      DeleteEventSourceMapping: { UUID: 'u' },
    },
    GetAccountSettings: {},
  },
  ses: {
    SendEmail: { Content: {} },
    GetAccount: {},
    ...{ ListEmailIdentities: {}, CreateEmailIdentity: { EmailIdentity } },
    ...{ GetEmailIdentity: { EmailIdentity }, DeleteEmailIdentity: { EmailIdentity } },
  },
  scheduler: {
    ListSchedules: {},
    ...{
      CreateSchedule: schedule,
      UpdateSchedule: schedule,
      GetSchedule: { Name: 's' },
      DeleteSchedule: { Name: 's' },
    },
  },
};

describe('the operation behind a request', () => {
  it.each(
    Object.entries(KNOWN).flatMap(([service, operations]) =>
      Object.entries(operations).map(([name, input]) => [service as Service, name, input] as const),
    ),
  )('of %s is the one that the SDK asks: %s', async (service, name, input) => {
    expect(await readBack(service, name, input)).toBe(name);
  });

  it('is told by older SDKs in another way', () => {
    const asked = (method: string, url: string) => restOperation({ service: 'ses', method, url, headers: {} });
    expect(asked('GET', '/v2/email/identities?PageSize=10')).toBe('ListEmailIdentities');
    expect(asked('GET', '/v2/email/list-identities')).toBeUndefined();
  });

  it.each<[string, string, string]>([
    ['s3', 'POST', '/'],
    ['s3', 'PATCH', '/b'],
    ['s3', 'PATCH', '/b/k'],
    ['lambda', 'GET', '/2015-03-31/functions/f/aliases'],
    ['lambda', 'PATCH', '/2015-03-31/functions/f'],
    ['lambda', 'PATCH', '/2015-03-31/event-source-mappings/u'],
    ['lambda', 'GET', '/2015-03-31/layers'],
    ['ses', 'PUT', '/v2/email/account'],
    ['ses', 'PUT', '/v2/email/identities/a'],
    ['ses', 'GET', '/v2/email/templates'],
    ['scheduler', 'PATCH', '/schedules/s'],
    ['scheduler', 'GET', '/schedule-groups'],
    ['elsewhere', 'GET', '/'],
  ])('is none that the engine knows: %s %s %s', (service, method, url) => {
    expect(restOperation({ service, method, url, headers: {} })).toBeUndefined();
  });
});
