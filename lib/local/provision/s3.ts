import { textAt } from '../json.ts';
import { physicalName } from './names.ts';
import type { ResourceType } from './resource.ts';

const bucket: ResourceType = {
  handled: ['BucketName'],
  harmless: [
    'AbacStatus',
    'AccelerateConfiguration',
    'AccessControl',
    'AnalyticsConfigurations',
    'BucketEncryption',
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
  create: ({ properties }) => ({ physicalId: textAt(properties, 'Bucket') ?? '', attributes: {} }),
};

export const s3Types: Readonly<Record<string, ResourceType>> = {
  'AWS::S3::Bucket': bucket,
  'AWS::S3::BucketPolicy': bucketPolicy,
};
