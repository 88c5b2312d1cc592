import type { Json, JsonObject } from '../json.ts';
import { textAt } from '../json.ts';
import { physicalName } from './resources/names.ts';
import type { ProvisionedResource, Provisioner, ResourceRequest } from './resources/resource.ts';

/** A type that is accepted and changes nothing on this machine. */
export interface InertType extends Provisioner {
  /** What is not done here, as a sentence for the notices; undefined when there is nothing to say. */
  readonly note: string | undefined;
  create(request: ResourceRequest): ProvisionedResource;
}

type Arn = (name: string, request: ResourceRequest) => string;
const arn =
  (service: string, resource: (name: string) => string): Arn =>
  (name, { context }) =>
    `arn:aws:${service}:${context.region}:${context.accountId}:${resource(name)}`;

/** A named resource: Ref gives the name, and Arn the ARN. */
function named(
  note: string | undefined,
  nameProperty: string,
  arnOf: Arn,
  more: (properties: JsonObject) => Record<string, Json> = () => ({}),
): InertType {
  return {
    note,
    create(request) {
      const { stackName, logicalId, properties } = request;
      const name = textAt(properties, nameProperty) ?? physicalName(stackName, logicalId, { max: 128 });
      return { physicalId: name, attributes: { Arn: arnOf(name, request), ...more(properties) } };
    },
  };
}

/** EventBridge schemas and their registries: Ref gives the ARN. */
function published(nameProperty: 'RegistryName' | 'SchemaName', path: (properties: JsonObject) => string): InertType {
  return {
    note: 'schemas are not published here',
    create(request) {
      const { stackName, logicalId, properties } = request;
      const name = textAt(properties, nameProperty) ?? physicalName(stackName, logicalId, { max: 64 });
      const ownArn = arn('schemas', (own) => `${path(properties)}/${own}`)(name, request);
      const kind = nameProperty.replace('Name', 'Arn');
      return { physicalId: ownArn, attributes: { [kind]: ownArn, [nameProperty]: name } };
    },
  };
}

/** Types that change nothing here. `Custom::` types are those of the CDK whose function only matters when a stack is deployed or deleted. */
export const inertTypes: Readonly<Record<string, InertType>> = {
  'AWS::ApplicationAutoScaling::ScalableTarget': named(
    'capacity does not scale',
    'ResourceId',
    arn('application-autoscaling', (name) => `scalable-target/${name}`),
  ),
  'AWS::ApplicationAutoScaling::ScalingPolicy': named(
    'capacity does not scale',
    'PolicyName',
    arn('autoscaling', (name) => `scalingPolicy:${name}`),
  ),
  'AWS::Budgets::Budget': named(
    'nothing costs anything here',
    'BudgetName',
    arn('budgets', (name) => `budget/${name}`),
  ),
  'AWS::CDK::Metadata': named(
    undefined,
    'Name',
    arn('cdk', (name) => name),
  ),
  'AWS::CloudFormation::WaitConditionHandle': named(
    undefined,
    'Name',
    arn('cloudformation', (name) => name),
  ),
  'AWS::CloudWatch::AnomalyDetector': named(
    'anomaly detection is not run',
    'MetricName',
    arn('cloudwatch', (name) => `anomaly-detector:${name}`),
  ),
  'AWS::EventSchemas::Registry': published('RegistryName', () => 'registry'),
  'AWS::EventSchemas::Schema': published('SchemaName', ({ RegistryName }) => `schema/${RegistryName}`),
  'AWS::Logs::LogStream': named(
    'only functions write logs here',
    'LogStreamName',
    arn('logs', (name) => `log-stream:${name}`),
  ),
  'AWS::Logs::MetricFilter': named(
    'metrics are not taken from logs',
    'FilterName',
    arn('logs', (name) => `metric-filter:${name}`),
  ),
  'AWS::Logs::QueryDefinition': named(
    'logs are read through the API only',
    'Name',
    arn('logs', (name) => `query-definition:${name}`),
  ),
  'AWS::Logs::ResourcePolicy': named(
    'only functions write logs here',
    'PolicyName',
    arn('logs', (name) => `resource-policy:${name}`),
  ),
  'AWS::ResourceGroups::Group': named(
    undefined,
    'Name',
    arn('resource-groups', (name) => `group/${name}`),
  ),
  'AWS::S3::StorageLens': named(
    'storage is not measured',
    'Id',
    arn('s3', (name) => `storage-lens/${name}`),
  ),
  'AWS::SES::ConfigurationSet': named(
    'mail is recorded, not sent',
    'Name',
    arn('ses', (name) => `configuration-set/${name}`),
  ),
  'AWS::SSM::Parameter': named(
    'parameters cannot be read at run time',
    'Name',
    arn('ssm', (name) => `parameter/${name.replace(/^\//, '')}`),
    (properties) => ({
      Value: properties.Value ?? '',
      Type: properties.Type ?? 'String',
    }),
  ),
  'AWS::Scheduler::ScheduleGroup': named(
    undefined,
    'Name',
    arn('scheduler', (name) => `schedule-group/${name}`),
  ),
  'Custom::LogRetention': named(
    'logs are kept up to a size, not for a time',
    'LogGroupName',
    arn('logs', (name) => `log-group:${name}:*`),
  ),
};
