import { parseXml, textIn } from '../../../formats/xml.ts';
import type { AwsCalls } from '../../call.ts';
import type { JsonObject } from '../../json.ts';
import { listAt, objectAt, textAt } from '../../json.ts';
import { physicalName } from '../resources/names.ts';
import type { ProvisionContext, ResourceType } from '../resources/resource.ts';
import { isThere } from './is-there.ts';

const POLICY = 'bucket-policy';

const bucket: ResourceType = {
  handled: ['BucketEncryption', 'BucketName'],
  harmless: [
    'AbacStatus',
    'AccelerateConfiguration',
    'AccessControl',
    'AnalyticsConfigurations',
    'CorsConfiguration',
    'IntelligentTieringConfigurations',
    'InventoryConfigurations',
    'LoggingConfiguration',
    'MetricsConfigurations',
    'OwnershipControls',
    'PublicAccessBlockConfiguration',
    'Tags',
  ],
  noted: {
    LifecycleConfiguration: 'objects are not expired or moved to other storage classes',
    VersioningConfiguration: 'only the latest version of an object is kept',
  },
  refused: {
    NotificationConfiguration: 'buckets send no events',
    ReplicationConfiguration: 'there is one region',
    WebsiteConfiguration: 'buckets serve no web sites',
  },
  durable: true,
  replacedBy: ['BucketName'],
  nameProperty: 'BucketName',
  isTaken: (name, { calls }) => isThere(calls.rest('s3', 'GET', `/${name}?list-type=2&max-keys=1`), 'NoSuchBucket'),
  async create({ stackName, logicalId, properties, context }) {
    const name = textAt(properties, 'BucketName') ?? physicalName(stackName, logicalId, { max: 63, lowerCase: true });
    await context.calls.rest('s3', 'PUT', `/${name}`);
    encrypt(name, properties, context);
    return {
      physicalId: name,
      attributes: {
        Arn: `arn:aws:s3:::${name}`,
        DomainName: `${name}.s3.amazonaws.com`,
        RegionalDomainName: `${name}.s3.${context.region}.amazonaws.com`,
        DualStackDomainName: `${name}.s3.dualstack.${context.region}.amazonaws.com`,
      },
    };
  },
  restore: ({ properties, context }, { physicalId }) => encrypt(physicalId, properties, context),
  update({ properties, context }, before) {
    encrypt(before.physicalId, properties, context);
    return before;
  },
  async remove({ physicalId }, { calls, services }) {
    await calls.rest('s3', 'DELETE', `/${physicalId}`);
    // It takes its policy along, also one that is retained.
    services.iam.resources.remove(`arn:aws:s3:::${physicalId}`, POLICY);
  },
  async contents({ physicalId }, { calls }) {
    return (await keysIn(physicalId, calls, 1)).length > 0 ? 'objects' : undefined;
  },
};

const bucketPolicy: ResourceType = {
  handled: ['Bucket', 'PolicyDocument'],
  create({ properties, context }) {
    const bucket = textAt(properties, 'Bucket') ?? '';
    context.services.iam.resources.put(`arn:aws:s3:::${bucket}`, POLICY, properties.PolicyDocument);
    return { physicalId: bucket, attributes: {} };
  },
  remove: ({ physicalId }, { services }) => services.iam.resources.remove(`arn:aws:s3:::${physicalId}`, POLICY),
};

/** Keys of a bucket's objects, from the first on. */
async function keysIn(bucket: string, calls: AwsCalls, most = 1000): Promise<string[]> {
  const list = parseXml(await calls.rest('s3', 'GET', `/${bucket}?list-type=2&max-keys=${most}`));
  return list.children.filter(({ name }) => name === 'Contents').map((object) => textIn(object, 'Key'));
}

function encrypt(bucket: string, properties: JsonObject, { services }: ProvisionContext): void {
  services.iam.keys.encrypt(`arn:aws:s3:::${bucket}`, keyOf(properties));
}

/** Key of the bucket's default encryption; undefined: S3's own, or the one AWS manages for S3. */
function keyOf(properties: JsonObject): string | undefined {
  const [rule] = listAt(objectAt(properties, 'BucketEncryption'), 'ServerSideEncryptionConfiguration');
  return textAt(objectAt(rule, 'ServerSideEncryptionByDefault'), 'KMSMasterKeyID');
}

/** The CDK's `autoDeleteObjects`: before a bucket is deleted its policy denies all writing, and it is emptied. */
const autoDeleteObjects: ResourceType = {
  handled: ['BucketName', 'ServiceToken'],
  create: ({ properties }) => ({ physicalId: `${textAt(properties, 'BucketName')}-objects`, attributes: {} }),
  async remove({ properties }, { calls, services }) {
    const bucket = textAt(properties, 'BucketName') ?? '';
    const arn = `arn:aws:s3:::${bucket}`;
    const { Statement = [] } = services.iam.resources.of(arn).get(POLICY) ?? {};
    const closed = { Effect: 'Deny', Principal: '*', Action: ['s3:PutObject'], Resource: [`${arn}/*`] };
    services.iam.resources.put(arn, POLICY, { Version: '2012-10-17', Statement: [Statement, closed].flat() });
    for (;;) {
      const keys = await keysIn(bucket, calls);
      if (keys.length === 0) return;
      for (const key of keys)
        await calls.rest('s3', 'DELETE', `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`);
    }
  },
};

export const s3Types: Readonly<Record<string, ResourceType>> = {
  'AWS::S3::Bucket': bucket,
  'AWS::S3::BucketPolicy': bucketPolicy,
  'Custom::S3AutoDeleteObjects': autoDeleteObjects,
};
