import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** What differs between deployments of the same app. */
export interface Stage {
  /** From `-c stage=NAME`. @default 'dev' */
  readonly name: string;
  /** Whether data outlives the stack: true for `prod`. */
  readonly keepsData: boolean;
}

const STAGE = /^[a-z][a-z0-9-]{0,15}$/;

/**
 * The stage of the app, from the context.
 * @throws Error naming the value when it is not a valid stage name
 */
export function stageOf(scope: Construct): Stage {
  const name: unknown = scope.node.tryGetContext('stage') ?? 'dev';
  if (typeof name !== 'string' || !STAGE.test(name)) {
    throw new Error(
      `context 'stage' must be 1 to 16 characters, a-z, 0-9 and hyphens, starting with a letter (given '${name}'). Write for example: npx cdk deploy --all -c stage=dev`,
    );
  }
  return { name, keepsData: name === 'prod' };
}

export const removalPolicyOf = (scope: Construct): RemovalPolicy =>
  stageOf(scope).keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;

export const logRetentionOf = (scope: Construct): RetentionDays =>
  stageOf(scope).keepsData ? RetentionDays.THREE_MONTHS : RetentionDays.ONE_WEEK;

/**
 * Physical name of what people type or read in an alarm: functions, queues, topics, streams. Data stores are named by
 * CloudFormation, so that they can be replaced.
 */
export const physicalName = (scope: Construct, name: string): string => `${Stack.of(scope).stackName}-${name}`;
