import { Duration as CdkDuration, type Duration as CdkDurationType, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ENV } from '../../contracts/agreed/environment.ts';
import type { Duration } from '../../contracts/declaring/duration.ts';
import { acknowledgeWildcard, isWildcard } from '../stages/acknowledge.ts';
import { idByName } from '../stages/logical-ids.ts';
import { logRetentionOf, physicalName, removalPolicyOf } from '../stages/stage.ts';
import { checkEnvironmentSize } from './environment-size.ts';

/** What a function is made of. */
export interface MessagingFunctionProps {
  /** Folder with the bundled function, from `bundleFunctions()`. */
  readonly code: string;
  readonly description: string;
  readonly timeout: Duration;
  /** MiB. @default 512 */
  readonly memory?: number;
  /** Executions at once that it has for itself, and at most: 1 or more. @default it shares those of the account */
  readonly reserved?: number | undefined;
  /** @default none */
  readonly environment?: Record<string, string>;
}

const DEFAULT_MEMORY_MIB = 512;

/** A function with a role and a log group of its own, allowed nothing but to write there. */
export function messagingFunction(scope: Construct, name: string, props: MessagingFunctionProps): LambdaFunction {
  const logGroup = new LogGroup(scope, 'Logs', {
    retention: logRetentionOf(scope),
    removalPolicy: removalPolicyOf(scope),
  });
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: `Role of function ${name}`,
  });
  logGroup.grantWrite(role);
  const fn = new LambdaFunction(scope, 'Function', {
    functionName: physicalName(scope, name),
    description: props.description,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: 'index.handler',
    code: Code.fromAsset(props.code),
    timeout: cdkDuration(props.timeout),
    memorySize: props.memory ?? DEFAULT_MEMORY_MIB,
    environment: { ...props.environment, [ENV.stack]: Stack.of(scope).stackName },
    ...(props.reserved === undefined ? {} : { reservedConcurrentExecutions: props.reserved }),
    logGroup,
    loggingFormat: LoggingFormat.TEXT,
    role,
  });
  checkEnvironmentSize(fn);
  return idByName(fn, name);
}

/** A contract's duration as CDK takes it. */
export const cdkDuration = (d: Duration): CdkDurationType => CdkDuration.seconds(d.seconds);

/**
 * Allows a function exactly these actions on these resources.
 * @param why a resource is a wildcard: what it is needed for. @default none: no resource is
 * @throws Error for a wildcard without a reason
 */
export function allow(
  fn: LambdaFunction,
  actions: readonly string[],
  resources: readonly string[],
  why?: string,
): void {
  const wildcards = resources.filter(isWildcard);
  if (wildcards.length > 0 && why === undefined) {
    throw new Error(
      `function '${fn.node.path}' would be allowed ${actions.join(', ')} on a wildcard (${wildcards.join(', ')}); name the resource, or say why it has to be one: allow(..., why)`,
    );
  }
  fn.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
  for (const wildcard of wildcards)
    if (fn.role !== undefined && why !== undefined) acknowledgeWildcard(fn.role, wildcard, why);
}

/**
 * Lets a function be told 404 for an object of a bucket that is not there. Without `s3:ListBucket` S3 answers 403, and what has expired cannot be told from
 * what is forbidden. A condition on `s3:prefix` would not do: reading an object has no prefix. It tells names, and here they say nothing.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_RequestSyntax
 */
export const allowToMiss = (fn: LambdaFunction, bucket: IBucket): void =>
  allow(fn, ['s3:ListBucket'], [bucket.bucketArn]);
