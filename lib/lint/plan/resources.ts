import { at, type Json, listOf, recordOf } from '../reading/json.ts';
import type { Change } from './changes.ts';

/** The property that gives a resource its name: two of a type cannot have the same. */
export const NAME_OF: Readonly<Record<string, string>> = {
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::Kinesis::Stream': 'Name',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::CloudWatch::Alarm': 'AlarmName',
  'AWS::CloudWatch::CompositeAlarm': 'AlarmName',
  'AWS::CloudWatch::Dashboard': 'DashboardName',
  'AWS::Events::Rule': 'Name',
  'AWS::Events::EventBus': 'Name',
  'AWS::Scheduler::ScheduleGroup': 'Name',
  'AWS::EventSchemas::Registry': 'RegistryName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::KMS::Alias': 'AliasName',
  'AWS::SES::EmailIdentity': 'EmailIdentity',
};

/** What is in a resource, and goes with it. */
export const CONTENTS: Readonly<Record<string, string>> = {
  'AWS::SQS::Queue': 'its messages',
  'AWS::Kinesis::Stream': 'its records',
  'AWS::DynamoDB::Table': 'its items',
  'AWS::DynamoDB::GlobalTable': 'its items',
  'AWS::S3::Bucket': 'its objects',
  'AWS::Logs::LogGroup': 'its log',
  'AWS::KMS::Key': 'what it has encrypted',
};

export const MAPPING = 'AWS::Lambda::EventSourceMapping';
const COMPONENT_TAG = 'sluice:component';

export const properties = (resource: Json | undefined): Json => recordOf(resource?.Properties);
/** The component that a resource belongs to: of a consumer, its subscription. */
export const componentOf = (resource: Json | undefined): string | undefined => {
  const tag = listOf(properties(resource).Tags).find((one) => at(one, 'Key') === COMPONENT_TAG);
  const value = at(tag, 'Value');
  return typeof value === 'string' ? value : undefined;
};
export const goesOrIsMadeAnew = ({ action }: Change): boolean => action === 'remove' || action === 'replace';
/** What CloudFormation does with the old one: a policy of replacements, or of deletions. */
export const isKept = ({ action, before }: Change): boolean =>
  String(action === 'remove' ? before?.DeletionPolicy : before?.UpdateReplacePolicy).startsWith('Retain');
export const nameIn = (type: string, resource: Json | undefined): string | undefined => {
  const name = properties(resource)[NAME_OF[type] ?? ''];
  return name === undefined ? undefined : JSON.stringify(name);
};
export const takenKey = (type: string, name: string): string => `${type} ${name}`;
/** Names by which the resources of a template are taken. */
export const nameOf = (resource: Json): string | undefined => {
  const name = nameIn(String(resource.Type), resource);
  return name === undefined ? undefined : takenKey(String(resource.Type), name);
};

export const short = (type: string): string => type.replace(/^AWS::/, '').replaceAll('::', ' ');
export const list = (names: readonly string[]): string => names.join(', ');
