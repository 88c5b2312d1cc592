import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { resourceTypes } from '../../../lib/local/provision/types.ts';

const load = createRequire(import.meta.url);

/** The properties of a type, from CloudFormation's own specification: the CDK generates a class from each. */
function propertiesOf(type: string): readonly string[] {
  const [, service = ''] = type.split('::');
  const module = load(`aws-cdk-lib/aws-${service.toLowerCase()}`) as Readonly<Record<string, unknown>>;
  const found = Object.values(module).find(
    (one) => (one as { CFN_RESOURCE_TYPE_NAME?: string } | undefined)?.CFN_RESOURCE_TYPE_NAME === type,
  );
  const [, names = ''] = /cfnPropertyNames=\{([^}]*)\}/.exec(String(found)) ?? [];
  return [...names.matchAll(/:"(\w+)"/g)].map(([, name = '']) => name).sort();
}

/** What nobody has decided about, so that an assembly with it is refused by name: sources that the engine has not, and what is newer than it. */
const UNDECIDED: Readonly<Record<string, readonly string[]>> = {
  'AWS::CloudWatch::Alarm': [
    'ActionConfiguration',
    'EvaluationCriteria',
    'EvaluationInterval',
    'EvaluationWindow',
    'WarmUpConfiguration',
  ],
  'AWS::CloudWatch::CompositeAlarm': ['ActionConfiguration'],
  'AWS::DynamoDB::GlobalTable': ['GlobalTableSourceArn', 'VectorIndexes'],
  'AWS::DynamoDB::Table': ['VectorIndexes'],
  'AWS::Kinesis::Stream': ['RecordDistributionStrategy'],
  'AWS::Lambda::EventSourceMapping': [
    'AmazonManagedKafkaEventSourceConfig',
    'DocumentDBEventSourceConfig',
    'Queues',
    'SelfManagedEventSource',
    'SelfManagedKafkaEventSourceConfig',
    'SourceAccessConfigurations',
    'Topics',
  ],
  'AWS::Lambda::Function': [
    'CapacityProviderConfig',
    'DurableConfig',
    'FunctionScalingConfig',
    'PublishToLatestPublished',
    'TenancyConfig',
  ],
  'AWS::Logs::LogGroup': ['BearerTokenAuthenticationEnabled', 'DeletionProtectionEnabled'],
  'AWS::S3::Bucket': [
    'BucketNamePrefix',
    'BucketNamespace',
    'MetadataConfiguration',
    'MetadataTableConfiguration',
    'ObjectLockConfiguration',
    'ObjectLockEnabled',
  ],
  'AWS::SNS::Topic': ['MaximumMessageSize'],
};

/** Tables share one list of properties with global tables, and streams know a name of botocore's. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  'AWS::DynamoDB::GlobalTable': propertiesOf('AWS::DynamoDB::Table'),
  'AWS::DynamoDB::Table': propertiesOf('AWS::DynamoDB::GlobalTable'),
  'AWS::Kinesis::Stream': ['WarmThroughputObject'],
};

describe.each(Object.entries(resourceTypes).filter(([type]) => type.startsWith('AWS::')))('%s', (type, resource) => {
  const { handled, harmless = [], noted = {}, refused = {}, replacedBy = [], nameProperty } = resource;
  const known = [...handled, ...harmless, ...Object.keys(noted), ...Object.keys(refused)];

  it('decides about every property that CloudFormation has, each once, and knows no other', () => {
    const all = propertiesOf(type);
    expect(all).not.toEqual([]);
    expect(all.filter((name) => !known.includes(name))).toEqual(UNDECIDED[type] ?? []);
    expect(known.filter((name, i) => known.indexOf(name) !== i)).toEqual([]);
    expect(known.filter((name) => !all.includes(name) && !SHARED[type]?.includes(name))).toEqual([]);
  });

  it('is named and replaced by properties that it has', () => {
    for (const name of [...replacedBy, ...(nameProperty === undefined ? [] : [nameProperty])])
      expect([...propertiesOf(type), ...(SHARED[type] ?? [])]).toContain(name);
  });
});
