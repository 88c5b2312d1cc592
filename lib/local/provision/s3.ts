import type { JsonObject } from '../json.ts';
import { listAt, objectAt, textAt } from '../json.ts';
import { physicalName } from './names.ts';
import type { ResourceType } from './resource.ts';

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
  async create({ stackName, logicalId, properties, context }) {
    const name = textAt(properties, 'BucketName') ?? physicalName(stackName, logicalId, { max: 63, lowerCase: true });
    await context.calls.rest('s3', 'PUT', `/${name}`);
    context.services.iam.keys.encrypt(`arn:aws:s3:::${name}`, keyOf(properties));
    const domain = `${name}.s3.${context.region}.amazonaws.com`;
    return {
      physicalId: name,
      attributes: {
        Arn: `arn:aws:s3:::${name}`,
        DomainName: `${name}.s3.amazonaws.com`,
        RegionalDomainName: domain,
        DualStackDomainName: domain,
      },
    };
  },
};

const bucketPolicy: ResourceType = {
  handled: ['Bucket', 'PolicyDocument'],
  create({ properties, context }) {
    const bucket = textAt(properties, 'Bucket') ?? '';
    context.services.iam.resources.put(`arn:aws:s3:::${bucket}`, 'bucket-policy', properties.PolicyDocument);
    return { physicalId: bucket, attributes: {} };
  },
};

/** Key of the bucket's default encryption; undefined: S3's own, or the one AWS manages for S3. */
function keyOf(properties: JsonObject): string | undefined {
  const [rule] = listAt(objectAt(properties, 'BucketEncryption'), 'ServerSideEncryptionConfiguration');
  return textAt(objectAt(rule, 'ServerSideEncryptionByDefault'), 'KMSMasterKeyID');
}

export const s3Types: Readonly<Record<string, ResourceType>> = {
  'AWS::S3::Bucket': bucket,
  'AWS::S3::BucketPolicy': bucketPolicy,
};
