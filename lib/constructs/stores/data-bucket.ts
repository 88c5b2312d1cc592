import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { logAccess } from './access-logs.ts';
import { closedBucket, type DataBucketProps } from './closed-bucket.ts';

/**
 * A bucket as all of them are here: encrypted by S3's own key, closed to the public, TLS only, with notes of who reads and writes it (`logAccess()`). Where
 * the stage keeps its data it is kept, with its policy. Elsewhere it empties itself when its stack is destroyed.
 */
export function dataBucket(scope: Construct, id: string, props: DataBucketProps = {}): Bucket {
  const bucket = closedBucket(scope, id, props);
  logAccess(bucket);
  return bucket;
}
