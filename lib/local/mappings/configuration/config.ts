import { randomUUID } from 'node:crypto';
import { serviceOfArn } from '../../../formats/arn.ts';
import type { JsonObject } from '../../json.ts';
import { booleanAt, listAt, numberAt, objectAt, textAt } from '../../json.ts';
import type { FunctionDefinition } from '../../lambda/definition.ts';
import { checkConfig, checkModel, invalidParameter, type SourceKind } from './config-rules.ts';
import type { MappingConfig } from './mapping.ts';

/** Kind of source by the service in its ARN; a consumer of a Kinesis stream counts as Kinesis. */
export function sourceKind(arn: string): SourceKind | undefined {
  const service = serviceOfArn(arn);
  return service === 'sqs' || service === 'kinesis' || service === 'dynamodb' ? service : undefined;
}

/**
 * Reads the settings of a mapping from CreateEventSourceMapping, UpdateEventSourceMapping or the CloudFormation resource (same names).
 * @param previous the mapping to change, when it is an update
 * @throws LambdaApiError ValidationException or InvalidParameterValueException with AWS's message where AWS has one
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
 */
export function readMappingConfig(
  input: JsonObject,
  definition: FunctionDefinition,
  previous?: MappingConfig,
): MappingConfig {
  checkModel(input);
  const eventSourceArn = textAt(input, 'EventSourceArn') ?? previous?.eventSourceArn ?? '';
  const kind = sourceKind(eventSourceArn);
  if (!kind)
    throw invalidParameter(
      `Unrecognized event source, must be an SQS queue, a Kinesis stream or a DynamoDB stream: "${eventSourceArn}"`,
    );
  const filters =
    'FilterCriteria' in input
      ? listAt(objectAt(input, 'FilterCriteria'), 'Filters').map((entry) => textAt(entry, 'Pattern') ?? '')
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
    tumblingSeconds: numberAt(input, 'TumblingWindowInSeconds') ?? previous?.tumblingSeconds ?? 0,
    onFailureArn:
      'DestinationConfig' in input
        ? textAt(objectAt(objectAt(input, 'DestinationConfig'), 'OnFailure'), 'Destination')
        : previous?.onFailureArn,
  };
  checkConfig(config, kind, input);
  return config;
}
