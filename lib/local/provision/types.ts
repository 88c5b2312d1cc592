import { ruleTypes } from './events/rules.ts';
import { scheduleTypes } from './events/schedules.ts';
import { iamTypes } from './functions/iam.ts';
import { lambdaTypes } from './functions/lambda.ts';
import { inertTypes } from './inert.ts';
import type { Provisioner, ResourceType } from './resources/resource.ts';
import { cloudwatchTypes } from './types/cloudwatch.ts';
import { dynamodbTypes } from './types/dynamodb.ts';
import { kinesisTypes } from './types/kinesis.ts';
import { kmsTypes } from './types/kms.ts';
import { logsTypes } from './types/logs.ts';
import { s3Types } from './types/s3.ts';
import { sesTypes } from './types/ses.ts';
import { snsTypes } from './types/sns.ts';
import { sqsTypes } from './types/sqs.ts';

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
