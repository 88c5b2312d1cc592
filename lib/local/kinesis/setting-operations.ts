import { type Context, type Operations, update } from './context.ts';
import { invalidArgument } from './errors.ts';
import { type Input, oneOf, required, requiredNumber, requiredText } from './input.ts';
import { modeIn, RECORD_KIB, refuseDistribution, warmThroughput } from './stream-operations.ts';
import { activeStreamIn } from './streams.ts';
import type { ResultObject } from './wire.ts';

/** https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html */
const RETENTION_HOURS = { min: 24, max: 8_760 };
/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_EnableEnhancedMonitoring.html */
const SHARD_METRICS = [
  'IncomingBytes',
  'IncomingRecords',
  'OutgoingBytes',
  'OutgoingRecords',
  'WriteProvisionedThroughputExceeded',
  'ReadProvisionedThroughputExceeded',
  'IteratorAgeMilliseconds',
];

/** What a stream can be told once it is there. */
export const settingOperations: Operations = {
  IncreaseStreamRetentionPeriod: (input, context) => retain(input, context, 'Increase'),
  DecreaseStreamRetentionPeriod: (input, context) => retain(input, context, 'Decrease'),
  StartStreamEncryption(input, context) {
    const keyId = keyIn(input);
    update(activeStreamIn(input, context), { keyId }, context);
    return undefined;
  },
  StopStreamEncryption(input, context) {
    keyIn(input);
    const { keyId: _gone, ...stream } = activeStreamIn(input, context);
    update(stream, {}, context);
    return undefined;
  },
  EnableEnhancedMonitoring: (input, context) =>
    monitor(input, context, (now, named) => SHARD_METRICS.filter((name) => now.includes(name) || named.includes(name))),
  DisableEnhancedMonitoring: (input, context) =>
    monitor(input, context, (now, named) => now.filter((name) => !named.includes(name))),
  UpdateStreamMode(input, context) {
    const mode = modeIn(input);
    if (mode === undefined) throw invalidArgument('StreamModeDetails must be given');
    update(activeStreamIn(input, context), { mode }, context);
    return undefined;
  },
  UpdateMaxRecordSize(input, context) {
    const recordKib = requiredNumber(input, 'MaxRecordSizeInKiB', RECORD_KIB);
    update(activeStreamIn(input, context), { recordKib }, context);
    return undefined;
  },
  UpdateStreamWarmThroughput(input, context) {
    const warmMibps = requiredNumber(input, 'WarmThroughputMiBps', { min: 0, max: Number.MAX_SAFE_INTEGER });
    const stream = activeStreamIn(input, context);
    if (stream.mode !== 'ON_DEMAND')
      throw invalidArgument(`The stream ${stream.name} is PROVISIONED; only ON_DEMAND streams have a warm throughput`);
    update(stream, { warmMibps }, context);
    return { StreamARN: stream.arn, StreamName: stream.name, WarmThroughput: warmThroughput(warmMibps) };
  },
  UpdateStreamRecordDistributionStrategy(input, context) {
    required(input, 'RecordDistributionStrategy');
    refuseDistribution(input);
    update(activeStreamIn(input, context), {}, context);
    return undefined;
  },
};

function keyIn(input: Input): string {
  required(input, 'EncryptionType');
  oneOf(input, 'EncryptionType', ['KMS']);
  return requiredText(input, 'KeyId', { min: 1, max: 2_048 });
}

function retain(input: Input, context: Context, direction: 'Increase' | 'Decrease'): undefined {
  const hours = requiredNumber(input, 'RetentionPeriodHours', { min: 1, max: Number.MAX_SAFE_INTEGER });
  const stream = activeStreamIn(input, context);
  const requested = `Requested retention period (${hours} hours)`;
  if (hours < RETENTION_HOURS.min)
    throw invalidArgument(
      `Minimum allowed retention period is ${RETENTION_HOURS.min} hours. ${requested} is too short.`,
    );
  if (hours > RETENTION_HOURS.max)
    throw invalidArgument(
      `Maximum allowed retention period is ${RETENTION_HOURS.max} hours. ${requested} is too long.`,
    );
  const existing = `existing retention period (${stream.retentionHours} hours)`;
  if (direction === 'Increase' && hours < stream.retentionHours)
    throw invalidArgument(
      `${requested} for stream ${stream.name} can not be shorter than ${existing}. Use DecreaseRetentionPeriod API.`,
    );
  if (direction === 'Decrease' && hours > stream.retentionHours)
    throw invalidArgument(
      `${requested} for stream ${stream.name} can not be longer than ${existing}. Use IncreaseRetentionPeriod API.`,
    );
  update(stream, { retentionHours: hours }, context);
  return undefined;
}

function monitor(
  input: Input,
  context: Context,
  change: (now: readonly string[], named: readonly string[]) => readonly string[],
): ResultObject {
  const given = input.ShardLevelMetrics;
  const names = Array.isArray(given) ? given.map(String) : [];
  if (names.length === 0) throw invalidArgument('ShardLevelMetrics must name at least one metric');
  const unknown = names.find((name) => name !== 'ALL' && !SHARD_METRICS.includes(name));
  if (unknown !== undefined) throw invalidArgument(`${unknown} is no shard-level metric`);
  const stream = activeStreamIn(input, context);
  const wanted = change(stream.shardMetrics, names.includes('ALL') ? SHARD_METRICS : names);
  update(stream, { shardMetrics: wanted }, context);
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    CurrentShardLevelMetrics: stream.shardMetrics,
    DesiredShardLevelMetrics: wanted,
  };
}
