import { Duration, Stack } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { DEAD_LETTERS_PREFIX, PARKED_PREFIX } from '../../contracts/agreed/dead-letter.ts';
import { ENV } from '../../contracts/agreed/environment.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { allow, allowToMiss } from '../functions/messaging-function.ts';
import { dataBucket } from './data-bucket.ts';

const ID = 'DeadLetterBodies';

/** 14 days among the dead letters, 14 in the queue that they are sent back to, and a day to spare: S3 expires at midnight. */
const EXPIRES_AFTER_DAYS = 29;

const WHY = 'an object of this prefix is named by its contents, which are known when it is written';

/**
 * Lets a consumer keep what neither a dead letter nor a parked message can hold, and read it when it comes back. There is one bucket a stack, made
 * with the first consumer: encrypted, TLS only, closed to the public. What dead letters refer to expires; what parked messages refer to stays until
 * they are resumed.
 */
export function keepLargeMessages(fn: LambdaFunction, subscription: Subscription): void {
  // At most once sends no dead letters.
  if (subscription.guarantee === 'at-most-once') return;
  const stack = Stack.of(fn);
  const found = stack.node.tryFindChild(ID);
  const bucket = found instanceof Bucket ? found : deadLetterBucket(stack);
  fn.addEnvironment(ENV.deadLetterBucket, bucket.bucketName);
  const objects = (prefix: string) => [bucket.arnForObjects(`${prefix}${subscription.name}/*`)];
  allow(fn, ['s3:PutObject', 's3:GetObject'], objects(DEAD_LETTERS_PREFIX), WHY);
  allowToMiss(fn, bucket);
  if (subscription.failedKey === 'park')
    allow(fn, ['s3:PutObject', 's3:GetObject', 's3:DeleteObject'], objects(PARKED_PREFIX), WHY);
}

const deadLetterBucket = (stack: Stack): Bucket =>
  dataBucket(stack, ID, {
    // No versions: an object is named by its contents.
    lifecycleRules: [{ expiration: Duration.days(EXPIRES_AFTER_DAYS), prefix: DEAD_LETTERS_PREFIX }],
  });
