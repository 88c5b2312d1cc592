import { cloudwatchTypes } from './cloudwatch.ts';
import { dynamodbTypes } from './dynamodb.ts';
import { iamTypes } from './iam.ts';
import { inertTypes } from './inert.ts';
import { kinesisTypes } from './kinesis.ts';
import { kmsTypes } from './kms.ts';
import { lambdaTypes } from './lambda.ts';
import { logsTypes } from './logs.ts';
import type { Provisioner, ResourceType } from './resource.ts';
import { ruleTypes } from './rules.ts';
import { s3Types } from './s3.ts';
import { scheduleTypes } from './schedules.ts';
import { sesTypes } from './ses.ts';
import { snsTypes } from './sns.ts';
import { sqsTypes } from './sqs.ts';

/** Every type that the engine really provisions. */
export const resourceTypes: Readonly<Record<string, ResourceType>> = {
  ...sqsTypes,
  ...snsTypes,
  ...kinesisTypes,
  ...kmsTypes,
  ...dynamodbTypes,
  ...s3Types,
  ...lambdaTypes,
  ...iamTypes,
  ...ruleTypes,
  ...scheduleTypes,
  ...cloudwatchTypes,
  ...logsTypes,
  ...sesTypes,
};

/** Names of all types an assembly may hold, those that change nothing included. */
export function supportedTypes(): string[] {
  return [...Object.keys(resourceTypes), ...Object.keys(inertTypes)].sort();
}

/** How a type is provisioned; undefined: not at all. */
export const typeNamed = (name: string): Provisioner | undefined => resourceTypes[name] ?? inertTypes[name];
