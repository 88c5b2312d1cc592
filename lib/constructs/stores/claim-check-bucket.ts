import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { CLAIMS_PREFIX, ENV } from '../../contracts/agreed/environment.ts';
import type { Channel } from '../../contracts/channels/channel.ts';
import { claimRetention } from '../../contracts/channels/claim-retention.ts';
import { allow, allowToMiss } from '../functions/messaging-function.ts';
import { tagComponent } from '../stages/stage.ts';
import { dataBucket } from './data-bucket.ts';

/** What a claim-check bucket is for. */
export interface ClaimCheckBucketProps {
  /** Channels whose oversized events have their data here: objects outlive their messages and dead letters. */
  readonly channels: readonly Channel[];
}

const SECONDS_PER_DAY = 86_400;

/**
 * The bucket of a system's claim checks: encrypted, TLS only, closed to the public. Objects expire by themselves, counted from their last
 * writing, after the longest that a message with their reference can be anywhere.
 */
export class ClaimCheckBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { channels }: ClaimCheckBucketProps) {
    super(scope, id);
    tagComponent(this, id);
    if (channels.length === 0) {
      throw new Error(
        `claim-check bucket '${id}' has no channels; list those that are declared with oversized: 'claim-check'`,
      );
    }
    this.bucket = dataBucket(this, 'Bucket', {
      // No versions: an object is named by its contents.
      lifecycleRules: [
        {
          expiration: Duration.days(Math.ceil(claimRetention(channels).seconds / SECONDS_PER_DAY)),
          prefix: CLAIMS_PREFIX,
        },
      ],
    });
  }

  /** Lets a producer put the data of oversized events here. */
  grantStore(fn: LambdaFunction): void {
    this.grant(fn, 's3:PutObject');
  }

  /** Lets a consumer fetch it. */
  grantFetch(fn: LambdaFunction): void {
    this.grant(fn, 's3:GetObject');
    allowToMiss(fn, this.bucket);
  }

  private grant(fn: LambdaFunction, action: string): void {
    fn.addEnvironment(ENV.claims, this.bucket.bucketName);
    allow(
      fn,
      [action],
      [this.bucket.arnForObjects(`${CLAIMS_PREFIX}*`)],
      'an object of this prefix is named by its contents, which are known when it is written',
    );
  }
}

/**
 * The bucket of a channel, which must be there when the channel is declared with claim check.
 * @throws Error naming the channel
 */
export function claimsOf(channel: Channel, claims: ClaimCheckBucket | undefined): ClaimCheckBucket | undefined {
  if (channel.oversized === 'claim-check' && claims === undefined) {
    throw new Error(
      `${channel.kind} '${channel.name}' is declared with oversized: 'claim-check' but has no bucket; pass claims: new ClaimCheckBucket(...)`,
    );
  }
  return claims;
}
