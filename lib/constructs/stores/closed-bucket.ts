import { type CfnResource, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption, type BucketProps } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { logRetentionOf, removalPolicyOf, stageOf, tagComponent } from '../stages/stage.ts';

/** What a bucket may have beside what all of them have. */
export type DataBucketProps = Pick<BucketProps, 'lifecycleRules' | 'versioned'>;

/**
 * A bucket that is encrypted by S3's own key, closed to the public, and takes TLS only; kept where the stage keeps its data. Elsewhere it empties itself when
 * its stack is destroyed, because S3 deletes no bucket with anything in it, old versions included. First its policy then denies all that would still be
 * written, the access logs that S3 delivers hours later among it.
 */
export function closedBucket(scope: Construct, id: string, props: DataBucketProps): Bucket {
  const { keepsData } = stageOf(scope);
  const bucket = new Bucket(scope, id, {
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    removalPolicy: removalPolicyOf(scope),
    autoDeleteObjects: !keepsData,
    ...props,
  });
  // The policy stays for as long as the bucket does, and goes with it: what is kept would take plain HTTP without it, and what was emptied would be written to.
  bucket.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
  if (!keepsData) boundEmptier(Stack.of(scope));
  return bucket;
}

/** What the CDK calls what it adds to a stack with the first bucket that empties itself. */
const EMPTIER = 'Custom::S3AutoDeleteObjectsCustomResourceProvider';
const LOGS = 'EmptierLogs';

/**
 * The CDK's function that empties buckets may write to any log, and its own would stay behind for good. Here it has one that goes with the stack, and may
 * write to that. What it may do with a bucket is in the policy of that bucket.
 */
function boundEmptier(stack: Stack): void {
  if (stack.node.tryFindChild(LOGS) !== undefined) return;
  const emptier = stack.node.findChild(EMPTIER);
  tagComponent(emptier, 'emptier');
  const logs = new LogGroup(stack, LOGS, {
    retention: logRetentionOf(stack),
    removalPolicy: removalPolicyOf(stack),
  });
  const [role, handler] = ['Role', 'Handler'].map((id) => emptier.node.findChild(id) as CfnResource);
  role?.addPropertyDeletionOverride('ManagedPolicyArns');
  const statement = {
    Effect: 'Allow',
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: logs.logGroupArn,
  };
  role?.addPropertyOverride('Policies', [
    { PolicyName: 'logs', PolicyDocument: { Version: '2012-10-17', Statement: [statement] } },
  ]);
  handler?.addPropertyOverride('LoggingConfig', { LogGroup: logs.logGroupName });
  handler?.addPropertyOverride('Description', 'Empties the buckets of this stack before they are deleted');
}
