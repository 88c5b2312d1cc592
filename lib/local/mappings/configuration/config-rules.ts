import type { JsonObject } from '../../json.ts';
import { listAt, numberAt, objectAt, textAt } from '../../json.ts';
import { LambdaApiError } from '../../lambda/errors.ts';
import { isFailureDestination } from './destination.ts';
import { compileFilter, FilterError } from './filter.ts';
import type { MappingConfig } from './mapping.ts';

export type SourceKind = 'sqs' | 'kinesis' | 'dynamodb';

/** A setting that is within its range but does not fit the mapping. */
export function invalidParameter(message: string): LambdaApiError {
  return new LambdaApiError(400, 'InvalidParameterValueException', message, { Type: 'User' });
}

/** Least and greatest value of each number, as the API's model has them. */
const RANGES: Readonly<Record<string, readonly [least: number, greatest: number]>> = {
  BatchSize: [1, 10_000],
  MaximumBatchingWindowInSeconds: [0, 300],
  ParallelizationFactor: [1, 10],
  MaximumRetryAttempts: [-1, 10_000],
  MaximumRecordAgeInSeconds: [-1, 604_800],
  TumblingWindowInSeconds: [0, 900],
};
const CONCURRENCY_RANGE = [2, 1000] as const;
const STARTING_POSITIONS = ['LATEST', 'AT_TIMESTAMP', 'TRIM_HORIZON'];
/** A mapping has at most 5 filters, 10 with a raised quota. */
const MAX_FILTERS = 10;
/** Shortest record age other than -1, seconds. */
const LEAST_RECORD_AGE_SECONDS = 60;

/**
 * What the model of the API refuses before the service looks at the mapping.
 * @throws LambdaApiError ValidationException
 */
export function checkModel(input: JsonObject): void {
  for (const [name, range] of Object.entries(RANGES)) checkRange(lowerFirst(name), numberAt(input, name), range);
  const concurrency = numberAt(objectAt(input, 'ScalingConfig'), 'MaximumConcurrency');
  checkRange('scalingConfig.maximumConcurrency', concurrency, CONCURRENCY_RANGE);
  const position = textAt(input, 'StartingPosition');
  if (position !== undefined && !STARTING_POSITIONS.includes(position))
    throw violation(
      position,
      'startingPosition',
      `Member must satisfy enum value set: [${STARTING_POSITIONS.join(', ')}]`,
    );
  const types = listAt(input, 'FunctionResponseTypes');
  if (types.some((type) => type !== 'ReportBatchItemFailures'))
    throw violation(
      `[${types.join(', ')}]`,
      'functionResponseTypes',
      'Member must satisfy constraint: [Member must satisfy enum value set: [ReportBatchItemFailures]]',
    );
}

function checkRange(name: string, value: number | undefined, [least, greatest]: readonly [number, number]): void {
  if (value === undefined) return;
  if (value < least) throw violation(value, name, `Member must have value greater than or equal to ${least}`);
  if (value > greatest) throw violation(value, name, `Member must have value less than or equal to ${greatest}`);
}

function violation(value: string | number, name: string, rule: string): LambdaApiError {
  const message = `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: ${rule}`;
  return new LambdaApiError(400, 'ValidationException', message);
}

/** Settings that only streams have. */
const STREAM_SETTINGS = [
  'BisectBatchOnFunctionError',
  'DestinationConfig',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'ParallelizationFactor',
  'TumblingWindowInSeconds',
];
/** Settings that only queues have. */
const QUEUE_SETTINGS = ['ScalingConfig', 'ProvisionedPollerConfig'];

/**
 * Whether the settings fit each other and the source.
 * @param input what was asked for, to tell a setting from its default
 * @throws LambdaApiError InvalidParameterValueException
 */
export function checkConfig(config: MappingConfig, kind: SourceKind, input: JsonObject): void {
  for (const name of kind === 'sqs' ? STREAM_SETTINGS : QUEUE_SETTINGS) {
    if (isSet(input[name]))
      throw invalidParameter(`Unsupported '${lowerFirst(name)}' parameter for given event source mapping type.`);
  }
  if (kind === 'sqs') checkQueueConfig(config, input);
  else checkStreamConfig(config, kind, input);
  if (config.filters.length > MAX_FILTERS)
    throw invalidParameter(`A mapping has at most ${MAX_FILTERS} filters, not ${config.filters.length}.`);
  for (const pattern of config.filters) {
    try {
      compileFilter(pattern);
    } catch (error) {
      throw error instanceof FilterError
        ? invalidParameter(`Invalid filter pattern definition. ${error.message}`)
        : error;
    }
  }
}

const isSet = (value: unknown): boolean =>
  value !== undefined &&
  value !== null &&
  value !== false &&
  (typeof value !== 'object' || Object.keys(value).length > 0);

function checkQueueConfig({ batchSize, windowSeconds, ...config }: MappingConfig, input: JsonObject): void {
  const fifo = config.eventSourceArn.endsWith('.fifo');
  if (config.startingPosition !== undefined)
    throw invalidParameter('StartingPosition is not valid for SQS event sources.');
  if (fifo && windowSeconds > 0) throw invalidParameter('Batching window is not supported for FIFO queues');
  if (fifo && batchSize > 10) throw invalidParameter(`Batch size must be 1 to 10 for a FIFO queue, not ${batchSize}.`);
  if (batchSize > 10 && windowSeconds === 0)
    throw invalidParameter(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  if (config.maximumConcurrency !== undefined && isSet(input.ProvisionedPollerConfig))
    throw invalidParameter('ScalingConfig and ProvisionedPollerConfig exclude each other: leave one out.');
}

function checkStreamConfig(config: MappingConfig, kind: SourceKind, input: JsonObject): void {
  const { startingPosition, startingTimestampMs, maximumAgeSeconds, onFailureArn } = config;
  if (startingPosition === undefined)
    throw invalidParameter(
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    );
  if (startingTimestampMs !== undefined && startingPosition !== 'AT_TIMESTAMP')
    throw invalidParameter('Timestamp only valid with StartingPosition AT_TIMESTAMP');
  if (startingPosition === 'AT_TIMESTAMP') {
    if (kind === 'dynamodb')
      throw invalidParameter(`Unsupported starting position for arn type: ${config.eventSourceArn}`);
    if (startingTimestampMs === undefined)
      throw invalidParameter('StartingPosition AT_TIMESTAMP needs a StartingPositionTimestamp.');
    if (startingTimestampMs < 0)
      throw invalidParameter(
        'Received Exception while reading from provided stream. class java.lang.Long can not be converted to a Timestamp',
      );
  }
  if (maximumAgeSeconds !== -1 && maximumAgeSeconds < LEAST_RECORD_AGE_SECONDS)
    throw invalidParameter(
      `MaximumRecordAgeInSeconds must be -1 or ${LEAST_RECORD_AGE_SECONDS} to 604,800, not ${maximumAgeSeconds}.`,
    );
  if (config.tumblingSeconds > 0 && config.parallelization > 1)
    throw invalidParameter(
      `TumblingWindowInSeconds with ParallelizationFactor ${config.parallelization} is not supported by the engine: a shard has one state.`,
    );
  if (isSet(objectAt(input, 'DestinationConfig').OnSuccess))
    throw invalidParameter('Unsupported DestinationConfig parameter for given event source mapping type.');
  if (onFailureArn !== undefined && !isFailureDestination(onFailureArn))
    throw invalidParameter(
      `The provided destination config DestinationConfig(onSuccess=null, onFailure=OnFailure(destination=${onFailureArn})) is invalid.`,
    );
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
