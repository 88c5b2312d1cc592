import type { Context } from './context.ts';
import { limitExceeded } from './errors.ts';
import { isOpen, type Stream } from './stream.ts';

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html */
const DAY_MS = 24 * 60 * 60 * 1_000;
/** Where there is no account: quotas of AWS can be raised, so these are far away. */
const FAR = { shards: 100_000, onDemandStreams: 1_000, scalingsPerDay: Number.POSITIVE_INFINITY };

export const quotasOf = ({ quotas }: Context) => quotas ?? FAR;

const openShards = ({ streams }: Context): number =>
  streams
    .all()
    .filter(({ mode }) => mode === 'PROVISIONED')
    .reduce((sum, { shards }) => sum + shards.filter(isOpen).length, 0);

/** @throws KinesisError LimitExceededException when the provisioned streams would have more shards than the account grants */
export function refuseShards(additional: number, context: Context): void {
  if (context.quotas === undefined || additional <= 0) return;
  const { shards } = context.quotas;
  const there = openShards(context);
  if (there + additional <= shards) return;
  context.onThrottled?.(`Kinesis: the account has ${shards} shards.`);
  throw limitExceeded(
    `This request would exceed the shard limit for the account ${context.account} in ${context.region}. Current shard count for the account: ${there}. Limit: ${shards}. Number of additional shards that would have resulted from this request: ${additional}. Refer to the AWS Service Limits page (https://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.`,
  );
}

/** @throws KinesisError LimitExceededException when there are as many on-demand streams as the account grants */
export function refuseOnDemand(context: Context): void {
  if (context.quotas === undefined) return;
  const { onDemandStreams } = context.quotas;
  if (context.streams.all().filter(({ mode }) => mode === 'ON_DEMAND').length < onDemandStreams) return;
  throw limitExceeded(
    `The account ${context.account} has ${onDemandStreams} on-demand streams in ${context.region}, the most it may have.`,
  );
}

/**
 * When the shard count of a stream was set in the last 24 hours, this time included.
 * @returns epoch milliseconds, the oldest first
 * @throws KinesisError LimitExceededException when it was set as often as the account grants
 */
export function scalingsOf(stream: Stream, context: Context): readonly number[] {
  const now = context.now();
  const recent = (stream.scalings ?? []).filter((at) => at > now - DAY_MS / (context.timeScale ?? 1));
  const { scalingsPerDay } = quotasOf(context);
  if (recent.length < scalingsPerDay) return [...recent, now];
  context.onThrottled?.(
    `Kinesis: the shard count of stream ${stream.name} was set ${scalingsPerDay} times in 24 hours.`,
  );
  throw limitExceeded(
    `UpdateShardCount cannot be called more than ${scalingsPerDay} times per rolling 24-hour period for stream ${stream.name} under account ${context.account}.`,
  );
}
