import type { JsonObject } from '../json.ts';
import { sourceKind } from '../mappings/configuration/config.ts';
import type { MappingEntry } from '../mappings/mappings.ts';

/** A mapping as the Lambda API shows it. https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html */
export function mappingView({ config, state, lastModified, lastResult }: MappingEntry): JsonObject {
  const view: JsonObject = {
    UUID: config.uuid,
    EventSourceArn: config.eventSourceArn,
    FunctionArn: config.functionArn,
    BatchSize: config.batchSize,
    MaximumBatchingWindowInSeconds: config.windowSeconds,
    FunctionResponseTypes: config.reportFailures ? ['ReportBatchItemFailures'] : [],
    State: state,
    StateTransitionReason: 'USER_INITIATED',
    LastModified: lastModified / 1000,
    LastProcessingResult: lastResult,
  };
  if (config.filters.length > 0) view.FilterCriteria = { Filters: config.filters.map((Pattern) => ({ Pattern })) };
  if (sourceKind(config.eventSourceArn) === 'sqs') {
    if (config.maximumConcurrency !== undefined) view.ScalingConfig = { MaximumConcurrency: config.maximumConcurrency };
    return view;
  }
  return {
    ...view,
    StartingPosition: config.startingPosition ?? 'TRIM_HORIZON',
    ...(config.startingTimestampMs === undefined
      ? {}
      : { StartingPositionTimestamp: config.startingTimestampMs / 1000 }),
    ParallelizationFactor: config.parallelization,
    MaximumRetryAttempts: config.maximumRetries,
    MaximumRecordAgeInSeconds: config.maximumAgeSeconds,
    BisectBatchOnFunctionError: config.bisect,
    TumblingWindowInSeconds: config.tumblingSeconds,
    DestinationConfig: config.onFailureArn === undefined ? {} : { OnFailure: { Destination: config.onFailureArn } },
  };
}
