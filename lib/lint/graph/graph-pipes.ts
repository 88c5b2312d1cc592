import { arnOf } from '../reading/arns.ts';
import { at, type Json, listOf, numberOf, recordOf } from '../reading/json.ts';
import type { Resources } from '../reading/resources.ts';
import type { Mapping } from './graph-mappings.ts';
import { storeOf } from './graph-mappings.ts';
import type { Queue, StreamNode } from './graph-stores.ts';

/** Sources of a pipe that are looked at, by the parameters that they have. https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceParameters.html */
const SOURCES = {
  SqsQueueParameters: { kind: 'queue', type: 'AWS::SQS::Queue', service: 'sqs', batchSize: 10 },
  KinesisStreamParameters: { kind: 'stream', type: 'AWS::Kinesis::Stream', service: 'kinesis', batchSize: 100 },
  DynamoDBStreamParameters: { kind: 'stream', type: 'AWS::DynamoDB::Table', service: 'dynamodb', batchSize: 100 },
} as const;
const FOREVER = -1;

/** Pipes, as the consumers of their source that they are. Failures come back from most targets message by message: a pipe always reports them. */
export const readPipes = (
  resources: Resources,
  queues: readonly Queue[],
  streams: readonly StreamNode[],
): readonly Mapping[] =>
  resources.of('AWS::Pipes::Pipe').flatMap((resource): Mapping[] => {
    const { properties } = resource;
    const { store, fanOut } = storeOf(properties.Source, resource, resources);
    const type = store?.type === 'AWS::DynamoDB::GlobalTable' ? 'AWS::DynamoDB::Table' : store?.type;
    const parameters = recordOf(properties.SourceParameters);
    const service = arnOf(properties.Source)?.service;
    const [name, source] =
      Object.entries(SOURCES).find(
        ([key, one]) => one.type === type || (type === undefined && (one.service === service || key in parameters)),
      ) ?? [];
    if (name === undefined || source === undefined) return [];
    const settings: Json = recordOf(parameters[name]);
    return [
      {
        ...{ resource, by: 'pipe', settings, prefix: `SourceParameters.${name}.`, fn: undefined, fanOut },
        kind: source.kind,
        queue: queues.find((queue) => queue.resource === store),
        stream: streams.find((stream) => stream.resource === store),
        table: source.type === 'AWS::DynamoDB::Table' ? store : undefined,
        batchSize: numberOf(settings.BatchSize, source.batchSize),
        windowSeconds: numberOf(settings.MaximumBatchingWindowInSeconds, 0),
        maximumConcurrency: undefined,
        parallelization: numberOf(settings.ParallelizationFactor, 1),
        reportsFailures: true,
        bisects: settings.OnPartialBatchItemFailure !== undefined,
        retries: numberOf(settings.MaximumRetryAttempts, FOREVER),
        maxAgeSeconds: numberOf(settings.MaximumRecordAgeInSeconds, FOREVER),
        hasFailureDestination: settings.DeadLetterConfig !== undefined,
        filters: listOf(at(parameters, 'FilterCriteria', 'Filters')).map((filter) => at(filter, 'Pattern')),
      },
    ];
  });
