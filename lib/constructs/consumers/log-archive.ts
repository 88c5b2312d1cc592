import { Duration as CdkDuration } from 'aws-cdk-lib';
import type { EventSourceMapping, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { type Bucket, type LifecycleRule, StorageClass } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { archivePrefix, ENV } from '../../contracts/agreed/environment.ts';
import type { Log as LogContract } from '../../contracts/channels/channel.ts';
import type { Duration } from '../../contracts/declaring/duration.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import type { ConsumerView } from '../alarms/consumer-view.ts';
import { allow } from '../functions/messaging-function.ts';
import { stageOf } from '../stages/stage.ts';
import { dataBucket } from '../stores/data-bucket.ts';
import { LogConsumer, type LogConsumerProps } from './log-consumer.ts';
import type { StreamParts } from './stream-consumer.ts';

/** What an archive is deployed with, beside its subscription. */
export interface LogArchiveProps extends LogConsumerProps {
  /** Objects are deleted after so many whole days. @default never where the stage keeps its data, 30 days elsewhere */
  readonly expireAfter?: Duration;
  /**
   * Objects go to Glacier Instant Retrieval after so many whole days: a fifth of the price to keep, more to read, and at least 90 days are charged.
   * @default 90 days where the stage keeps its data, never elsewhere
   */
  readonly coldAfter?: Duration;
}

const SECONDS_PER_DAY = 86_400;
const DEV_DAYS = 30;
const COLD_DAYS = 90;

/**
 * A log's records in S3, each in exactly one object: bucket, and the consumer that runs `archive()`. The declaration's batch size and window decide how
 * large objects become.
 */
export class LogArchive extends Construct implements StreamParts {
  readonly bucket: Bucket;
  readonly consumer: LogConsumer;
  readonly function: LambdaFunction;
  readonly mapping: EventSourceMapping;
  readonly deadLetters: Queue;
  readonly view: ConsumerView;

  /** @throws Error for a subscription of another guarantee, or durations that are not whole days in a sensible order */
  constructor(scope: Construct, subscription: Subscription<LogContract>, props: LogArchiveProps) {
    super(scope, `${subscription.name}-archive`);
    const { name, guarantee, to } = subscription;
    if (guarantee !== 'exactly-once-aggregation') {
      throw new Error(
        `archive '${name}' is declared with guarantee '${guarantee}'; archive() keeps the position of each shard, so declare guarantee: 'exactly-once-aggregation'`,
      );
    }
    const { expireAfter, coldAfter, ...consumer } = props;
    this.bucket = dataBucket(this, 'Bucket', {
      // No versions: no object is ever written again.
      lifecycleRules: lifecycle(name, stageOf(this).keepsData, expireAfter, coldAfter),
    });
    this.consumer = new LogConsumer(this, subscription, { ...consumer, givesUp: false });
    this.function = this.consumer.function;
    this.mapping = this.consumer.mapping;
    this.deadLetters = this.consumer.deadLetters;
    this.view = this.consumer.view;
    this.function.addEnvironment(ENV.archive, this.bucket.bucketName);
    // GetObject is what asking for an object's metadata takes.
    allow(
      this.function,
      ['s3:PutObject', 's3:GetObject'],
      [this.bucket.arnForObjects(`${archivePrefix(to)}*`)],
      'an object of this prefix is named by the first record in it',
    );
  }
}

function lifecycle(
  archive: string,
  keepsData: boolean,
  expireAfter: Duration | undefined,
  coldAfter: Duration | undefined,
): LifecycleRule[] {
  const expires = daysOf(archive, 'expireAfter', expireAfter) ?? (keepsData ? undefined : DEV_DAYS);
  const given = daysOf(archive, 'coldAfter', coldAfter);
  if (given !== undefined && expires !== undefined && given >= expires) {
    throw new Error(
      `archive '${archive}': coldAfter (${given} days) must be shorter than expireAfter (${expires} days); leave it out, or keep objects for longer`,
    );
  }
  const cold = given ?? (keepsData && (expires === undefined || expires > COLD_DAYS) ? COLD_DAYS : undefined);
  if (expires === undefined && cold === undefined) return [];
  return [
    {
      ...(expires === undefined ? {} : { expiration: CdkDuration.days(expires) }),
      ...(cold === undefined
        ? {}
        : {
            transitions: [
              { storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: CdkDuration.days(cold) },
            ],
          }),
    },
  ];
}

function daysOf(archive: string, property: string, given: Duration | undefined): number | undefined {
  if (given === undefined) return undefined;
  const days = given.seconds / SECONDS_PER_DAY;
  if (Number.isInteger(days) && days >= 1) return days;
  throw new Error(
    `archive '${archive}': ${property} must be whole days, 1 or more (given ${given.seconds} s); write for example ${property}: days(30)`,
  );
}
