import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Bucket, type CfnBucket } from 'aws-cdk-lib/aws-s3';
import { logRetentionOf } from '../stages/stage.ts';
import { closedBucket } from './closed-bucket.ts';

const ID = 'AccessLogs';

/**
 * Has S3 note who reads and writes the objects of a bucket. The notes of all buckets of a stack go to one bucket, made with the first of them, each under
 * the path of its construct; they are kept as long as the stage keeps logs.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
 */
export function logAccess(bucket: Bucket): void {
  const stack = Stack.of(bucket);
  const found = stack.node.tryFindChild(ID);
  const logs = found instanceof Bucket ? found : accessLogs(stack);
  const logFilePrefix = `${bucket.node.scopes
    .slice(stack.node.scopes.length)
    .map(({ node }) => node.id)
    .join('/')}/`;
  (bucket.node.defaultChild as CfnBucket).loggingConfiguration = {
    destinationBucketName: logs.bucketName,
    logFilePrefix,
  };
  logs.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('logging.s3.amazonaws.com')],
      actions: ['s3:PutObject'],
      resources: [logs.arnForObjects(`${logFilePrefix}*`)],
      conditions: {
        ArnEquals: { 'aws:SourceArn': bucket.bucketArn },
        StringEquals: { 'aws:SourceAccount': stack.account },
      },
    }),
  );
}

/** Encrypted by S3's own key, because its log delivery can use no other unless that key's policy names it. */
const accessLogs = (stack: Stack): Bucket =>
  closedBucket(stack, ID, { lifecycleRules: [{ expiration: Duration.days(logRetentionOf(stack)) }] });
