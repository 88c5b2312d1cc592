import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../json.ts';
import { booleanAt, listAt, numberAt, objectAt, textAt } from '../json.ts';
import type { FunctionDefinition } from '../lambda/definition.ts';
import { LambdaApiError } from '../lambda/errors.ts';
import { isDestination } from './destination.ts';
import { compileFilter, FilterError } from './filter.ts';
import type { MappingConfig } from './mapping.ts';

/** Kind of source by the service in its ARN. */
export function sourceKind(arn: string): 'sqs' | 'kinesis' | 'dynamodb' | undefined {
  const service = arn.split(':')[2];
  return service === 'sqs' || service === 'kinesis' || service === 'dynamodb' ? service : undefined;
}

/**
 * Reads the settings of a mapping from CreateEventSourceMapping, UpdateEventSourceMapping or the CloudFormation resource (same names).
 * @param previous the mapping to change, when it is an update
 * @throws LambdaApiError InvalidParameterValueException with AWS's message where AWS has one
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
 */
export function readMappingConfig(
  input: JsonObject,
  definition: FunctionDefinition,
  previous?: MappingConfig,
): MappingConfig {
  const eventSourceArn = textAt(input, 'EventSourceArn') ?? previous?.eventSourceArn ?? '';
  const kind = sourceKind(eventSourceArn);
  if (!kind)
    throw invalid(
      `Unrecognized event source, must be an SQS queue, a Kinesis stream or a DynamoDB stream: "${eventSourceArn}"`,
    );
  const filters =
    'FilterCriteria' in input
      ? listAt(objectAt(input, 'FilterCriteria'), 'Filters').map((entry) => textAt(entry, 'Pattern') ?? '{}')
      : previous?.filters;
  const responseTypes =
    'FunctionResponseTypes' in input
      ? listAt(input, 'FunctionResponseTypes').includes('ReportBatchItemFailures')
      : previous?.reportFailures;
  const startingTimestamp = numberAt(input, 'StartingPositionTimestamp');
  const config: MappingConfig = {
    uuid: previous?.uuid ?? randomUUID(),
    functionArn: definition.arn,
    eventSourceArn,
    batchSize: numberAt(input, 'BatchSize') ?? previous?.batchSize ?? (kind === 'sqs' ? 10 : 100),
    windowSeconds: numberAt(input, 'MaximumBatchingWindowInSeconds') ?? previous?.windowSeconds ?? 0,
    enabled: booleanAt(input, 'Enabled') ?? previous?.enabled ?? true,
    reportFailures: responseTypes ?? false,
    filters: filters ?? [],
    maximumConcurrency:
      'ScalingConfig' in input
        ? numberAt(objectAt(input, 'ScalingConfig'), 'MaximumConcurrency')
        : previous?.maximumConcurrency,
    startingPosition:
      (textAt(input, 'StartingPosition') as MappingConfig['startingPosition']) ?? previous?.startingPosition,
    startingTimestampMs: startingTimestamp === undefined ? previous?.startingTimestampMs : startingTimestamp * 1000,
    parallelization: numberAt(input, 'ParallelizationFactor') ?? previous?.parallelization ?? 1,
    maximumRetries: numberAt(input, 'MaximumRetryAttempts') ?? previous?.maximumRetries ?? -1,
    maximumAgeSeconds: numberAt(input, 'MaximumRecordAgeInSeconds') ?? previous?.maximumAgeSeconds ?? -1,
    bisect: booleanAt(input, 'BisectBatchOnFunctionError') ?? previous?.bisect ?? false,
    onFailureArn:
      'DestinationConfig' in input
        ? textAt(objectAt(objectAt(input, 'DestinationConfig'), 'OnFailure'), 'Destination')
        : previous?.onFailureArn,
  };
  check(config, kind);
  return config;
}

function check(config: MappingConfig, kind: 'sqs' | 'kinesis' | 'dynamodb'): void {
  const { batchSize, windowSeconds, maximumConcurrency, startingPosition, parallelization, onFailureArn } = config;
  const fifo = config.eventSourceArn.endsWith('.fifo');
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > 10_000)
    throw invalid(`Batch size must be 1 to 10,000, not ${batchSize}.`);
  if (windowSeconds < 0 || windowSeconds > 300)
    throw invalid(`Maximum batch window must be 0 to 300 seconds, not ${windowSeconds}.`);
  if (kind === 'sqs') {
    if (fifo && batchSize > 10) throw invalid(`Batch size must be 1 to 10 for a FIFO queue, not ${batchSize}.`);
    if (fifo && windowSeconds > 0) throw invalid('Batching window is not supported for FIFO queues.');
    if (batchSize > 10 && windowSeconds === 0) {
      throw invalid('Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10');
    }
    if (maximumConcurrency !== undefined && (maximumConcurrency < 2 || maximumConcurrency > 1000)) {
      throw invalid(`MaximumConcurrency must be 2 to 1,000, not ${maximumConcurrency}.`);
    }
    if (startingPosition !== undefined) throw invalid('StartingPosition is not valid for SQS event sources.');
  } else {
    if (startingPosition === undefined)
      throw invalid(
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
      );
    if (startingPosition === 'AT_TIMESTAMP' && kind === 'dynamodb')
      throw invalid('Unsupported starting position for arn type: AT_TIMESTAMP');
    if (parallelization < 1 || parallelization > 10)
      throw invalid(`ParallelizationFactor must be 1 to 10, not ${parallelization}.`);
    if (onFailureArn !== undefined && !isDestination(onFailureArn))
      throw invalid(`${onFailureArn} is no destination for failed records (queue, topic or bucket).`);
  }
  for (const pattern of config.filters) {
    try {
      compileFilter(pattern);
    } catch (error) {
      throw error instanceof FilterError ? invalid(`Invalid filter pattern definition. ${error.message}`) : error;
    }
  }
}

/** AWS refuses a queue whose messages could come back while the function still works on them. */
export function checkVisibility(visibilitySeconds: number, definition: FunctionDefinition): void {
  const timeout = definition.timeoutMs / 1000;
  if (visibilitySeconds < timeout) {
    throw invalid(
      `Queue visibility timeout: ${visibilitySeconds} seconds is less than Function timeout: ${timeout} seconds`,
    );
  }
}

function invalid(message: string): LambdaApiError {
  return new LambdaApiError(400, 'InvalidParameterValueException', message, { Type: 'User' });
}
