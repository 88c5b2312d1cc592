import { wireOf } from '../cloudwatch/protocol/wire.ts';
import { formParameters, jsonBody } from '../endpoint-request.ts';
import { listAt, objectAt, textAt } from '../json.ts';
import { isKinesisOperation } from '../kinesis/api.ts';
import { streamOfIterator } from '../kinesis/iterators.ts';
import { kinesisInput } from '../kinesis/wire.ts';
import { restOperation } from '../rest-operations.ts';
import type { ServiceRequest } from '../service.ts';
import { type Demand, type DemandContext, present } from './demand.ts';
import { dynamodbDemands } from './dynamodb-demands.ts';

/** Everything a call needs; every demand must be allowed. */
export function demandsOf(request: ServiceRequest, context: DemandContext): readonly Demand[] {
  return (BY_SERVICE[request.service] ?? anyResource)(request, context);
}

type Rule = (request: ServiceRequest, context: DemandContext) => readonly Demand[];

const anyResource: Rule = (request) => [
  { action: `${request.service}:${request.operation ?? restOperation(request) ?? request.method}`, resources: ['*'] },
];

/** Batch calls are covered by the permission for the single call. */
const SQS_ACTIONS: Readonly<Record<string, string>> = {
  SendMessageBatch: 'SendMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
};

const sqs: Rule = (request, { account }) => {
  const { QueueUrl, QueueName, SourceArn } = jsonBody(request);
  const operation = request.operation ?? '';
  const name = typeof QueueUrl === 'string' ? QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1) : QueueName;
  // Move tasks are about their source.
  const other = typeof SourceArn === 'string' ? SourceArn : '*';
  const resource = typeof name === 'string' ? `arn:aws:sqs:${request.region}:${account}:${name}` : other;
  return [{ action: `sqs:${SQS_ACTIONS[operation] ?? operation}`, resources: [resource] }];
};

const sns: Rule = (request) => {
  const parameters = formParameters(request.body);
  const operation = request.operation === 'PublishBatch' ? 'Publish' : request.operation;
  const resource = parameters.get('TopicArn') ?? parameters.get('TargetArn') ?? parameters.get('ResourceArn') ?? '*';
  const values = present({
    'sns:protocol': parameters.get('Protocol') ?? undefined,
    'sns:endpoint': parameters.get('Endpoint') ?? undefined,
  });
  return [{ action: `sns:${operation}`, resources: [resource], values }];
};

const kinesis: Rule = (request, { account }) => {
  // Nothing can be granted that is not there: the service says so itself.
  if (!isKinesisOperation(request.operation ?? '')) return [];
  const { StreamARN, StreamName, ConsumerARN, ResourceARN, ShardIterator } = kinesisInput(request);
  const action = `kinesis:${request.operation}`;
  const arn = StreamARN ?? ConsumerARN ?? ResourceARN;
  if (typeof arn === 'string') return [{ action, resources: [arn] }];
  // The iterator names the source of a GetRecords; one that is none is refused by the service.
  const name = StreamName ?? streamOfIterator(ShardIterator);
  if (typeof name === 'string')
    return [{ action, resources: [`arn:aws:kinesis:${request.region}:${account}:stream/${name}`] }];
  return [{ action, resources: request.operation === 'GetRecords' ? [] : ['*'] }];
};

/** S3 names its permissions after what is touched, not after the operation. */
const S3_ACTIONS: Readonly<Record<string, string>> = {
  HeadObject: 'GetObject',
  HeadBucket: 'ListBucket',
  ListObjects: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  ListBuckets: 'ListAllMyBuckets',
  DeleteObjects: 'DeleteObject',
  CopyObject: 'PutObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
};

/** Headers and parameters that policies may ask for. */
const S3_HEADERS = [
  'x-amz-acl',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-storage-class',
];
const S3_PARAMETERS = ['delimiter', 'max-keys', 'prefix'];

const s3: Rule = (request) => {
  const operation = restOperation(request) ?? request.method;
  const { pathname, searchParams } = new URL(request.url, 'http://engine');
  const path = decodeURIComponent(pathname).slice(1);
  const slash = path.indexOf('/');
  const bucket = slash === -1 ? path : path.slice(0, slash);
  const key = slash === -1 ? '' : path.slice(slash + 1);
  const resource = bucket === '' ? '*' : key === '' ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${key}`;
  const values = present({
    ...Object.fromEntries(S3_HEADERS.map((name) => [`s3:${name}`, request.headers[name]])),
    ...Object.fromEntries(S3_PARAMETERS.map((name) => [`s3:${name}`, searchParams.get(name) ?? undefined])),
  });
  const demands: Demand[] = [{ action: `s3:${S3_ACTIONS[operation] ?? operation}`, resources: [resource], values }];
  const source = request.headers['x-amz-copy-source'];
  if (typeof source === 'string') {
    const from = decodeURIComponent(source).replace(/^\//, '');
    demands.push({ action: 's3:GetObject', resources: [`arn:aws:s3:::${from}`] });
  }
  if (operation === 'DeleteObjects') {
    // The keys are in the XML body; whoever may delete any object of the bucket may delete these.
    return [{ action: 's3:DeleteObject', resources: [`arn:aws:s3:::${bucket}/*`] }];
  }
  return demands;
};

const FUNCTION_PATH = /^\/\d{4}-\d{2}-\d{2}\/functions\/([^/?]+)/;

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html */
const MAPPING_PATH = /^\/\d{4}-\d{2}-\d{2}\/event-source-mappings\/([^/?]+)/;

const lambda: Rule = (request, { account }) => {
  const operation = restOperation(request) ?? request.method;
  const mapping = MAPPING_PATH.exec(request.url)?.[1];
  if (mapping !== undefined) {
    const resource = `arn:aws:lambda:${request.region}:${account}:event-source-mapping:${mapping}`;
    return [{ action: `lambda:${operation}`, resources: [resource] }];
  }
  const name = decodeURIComponent(FUNCTION_PATH.exec(request.url)?.[1] ?? '');
  const arn = name.startsWith('arn:') ? name : `arn:aws:lambda:${request.region}:${account}:function:${name}`;
  const action = operation === 'Invoke' || operation === 'InvokeAsync' ? 'InvokeFunction' : operation;
  return [{ action: `lambda:${action}`, resources: [name === '' ? '*' : arn] }];
};

const ses: Rule = (request, { account }) => {
  const operation = restOperation(request) ?? request.method;
  if (operation !== 'SendEmail') return [{ action: `ses:${operation}`, resources: ['*'] }];
  const from = String(jsonBody(request).FromEmailAddress ?? '');
  const address = /<([^>]+)>/.exec(from)?.[1] ?? from;
  const identity = (name: string) => `arn:aws:ses:${request.region}:${account}:identity/${name}`;
  const resources = [identity(address), identity(address.slice(address.indexOf('@') + 1))];
  const destination = objectAt(jsonBody(request), 'Destination');
  const recipients = ['ToAddresses', 'CcAddresses', 'BccAddresses'].flatMap((list) =>
    listAt(destination, list).map(String),
  );
  return [{ action: 'ses:SendEmail', resources, values: { 'ses:fromaddress': address, 'ses:recipients': recipients } }];
};

/** GetCallerIdentity needs no permission, not even against an explicit deny. */
const sts: Rule = (request, context) =>
  request.operation === 'GetCallerIdentity' ? [] : anyResource(request, context);

/** Whoever makes a schedule hands its role to Scheduler. */
const scheduler: Rule = (request, { account }) => {
  const operation = restOperation(request) ?? request.method;
  const url = new URL(request.url, 'http://engine');
  const name = decodeURIComponent(url.pathname.split('/')[2] ?? '*');
  const body = jsonBody(request);
  const group = url.searchParams.get('groupName') ?? (typeof body.GroupName === 'string' ? body.GroupName : 'default');
  const schedule = `arn:aws:scheduler:${request.region}:${account}:schedule/${group}/${name}`;
  const demands: Demand[] = [{ action: `scheduler:${operation}`, resources: [schedule] }];
  const role = (body.Target as { RoleArn?: unknown } | undefined)?.RoleArn;
  if (typeof role !== 'string') return demands;
  const values = { 'iam:passedtoservice': 'scheduler.amazonaws.com' };
  return [...demands, { action: 'iam:PassRole', resources: [role], values }];
};

/** There is one event bus. */
const events: Rule = ({ operation, region }, { account }) => [
  { action: `events:${operation}`, resources: [`arn:aws:events:${region}:${account}:event-bus/default`] },
];
/** CloudWatch signs as `monitoring`, and its permissions start with `cloudwatch`. Metrics have no ARN; their namespace is a condition. */
const monitoring: Rule = (request, { account }) => {
  const input = wireOf(request).input();
  const alarm = textAt(input, 'AlarmName');
  const resource = alarm === undefined ? '*' : `arn:aws:cloudwatch:${request.region}:${account}:alarm:${alarm}`;
  const values = present({ 'cloudwatch:namespace': textAt(input, 'Namespace') });
  return [{ action: `cloudwatch:${request.operation}`, resources: [resource], values }];
};

/** Policies name a log group with what is in it (`:*`), as its ARN does in CloudFormation, or without. */
const logs: Rule = (request, { account }) => {
  const { logGroupName, logGroupIdentifier } = jsonBody(request);
  const name = logGroupName ?? logGroupIdentifier;
  const arn = String(name).startsWith('arn:')
    ? String(name).replace(/:\*$/, '')
    : `arn:aws:logs:${request.region}:${account}:log-group:${name}`;
  return [{ action: `logs:${request.operation}`, resources: name === undefined ? ['*'] : [arn, `${arn}:*`] }];
};

/** IAM's calls are about a role, by name. */
const iam: Rule = (request, { account, roleArnOf }) => {
  const name = formParameters(request.body).get('RoleName');
  const resource = name === null ? '*' : (roleArnOf(name) ?? `arn:aws:iam::${account}:role/${name}`);
  return [{ action: `iam:${request.operation}`, resources: [resource] }];
};

const BY_SERVICE: Readonly<Record<string, Rule>> = {
  sqs,
  sns,
  kinesis,
  s3,
  lambda,
  ses,
  sts,
  scheduler,
  events,
  dynamodb: dynamodbDemands,
  monitoring,
  logs,
  iam,
};
