import { arnOf } from '../reading/arns.ts';
import { referencesIn } from '../reading/intrinsics.ts';
import { at, isRecord, isTrue, type Json, listOf, numberOf } from '../reading/json.ts';
import type { Resource, Resources } from '../reading/resources.ts';
import type { Queue, StreamNode } from './graph-stores.ts';
import { displayName } from './graph-stores.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html */
const DEFAULT_TIMEOUT_SECONDS = 3;
/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html */
const DEFAULT_BATCH = { queue: 10, stream: 100 } as const;
const FOREVER = -1;

export interface FunctionNode {
  readonly resource: Resource;
  readonly name: string;
  readonly timeoutSeconds: number | undefined;
  /** Undefined: not reserved. */
  readonly reserved: number | undefined;
  /** Whether a service other than a mapping may invoke it: then its own dead-letter queue has a purpose. */
  readonly invokedByOthers: boolean;
}

/** A consumer of a queue or a stream that Lambda or EventBridge runs: an event source mapping, or a pipe. */
export interface Mapping {
  readonly resource: Resource;
  readonly by: 'mapping' | 'pipe';
  /** What says how it reads, and where in the properties that is. */
  readonly settings: Json;
  readonly prefix: string;
  readonly kind: 'queue' | 'stream' | 'other';
  /** Undefined: not in this tree. */
  readonly queue: Queue | undefined;
  readonly stream: StreamNode | undefined;
  /** A DynamoDB stream's table. */
  readonly table: Resource | undefined;
  /** Reads through an enhanced fan-out consumer. */
  readonly fanOut: boolean;
  readonly fn: FunctionNode | undefined;
  readonly batchSize: number | undefined;
  readonly windowSeconds: number | undefined;
  readonly maximumConcurrency: number | undefined;
  readonly parallelization: number | undefined;
  readonly reportsFailures: boolean;
  readonly bisects: boolean;
  /** -1: without an end. */
  readonly retries: number | undefined;
  readonly maxAgeSeconds: number | undefined;
  readonly hasFailureDestination: boolean;
  readonly filters: readonly unknown[];
}

export function readMappings(
  resources: Resources,
  queues: readonly Queue[],
  streams: readonly StreamNode[],
): { readonly mappings: readonly Mapping[]; readonly functions: readonly FunctionNode[] } {
  const functions = readFunctions(resources);
  const mappings = resources.of('AWS::Lambda::EventSourceMapping').map((resource): Mapping => {
    const { properties } = resource;
    const source = storeOf(properties.EventSourceArn, resource, resources);
    const kind = kindOf(source.store?.type, properties);
    const fn = functionOf(properties.FunctionName, resource, resources);
    return {
      ...{ resource, by: 'mapping', settings: properties, prefix: '' },
      kind,
      queue: queues.find((queue) => queue.resource === source.store),
      stream: streams.find((stream) => stream.resource === source.store),
      table: TABLES.includes(source.store?.type ?? '') ? source.store : undefined,
      fanOut: source.fanOut,
      fn: functions.find((one) => one.resource === fn),
      batchSize: numberOf(properties.BatchSize, kind === 'queue' ? DEFAULT_BATCH.queue : DEFAULT_BATCH.stream),
      windowSeconds: numberOf(properties.MaximumBatchingWindowInSeconds, 0),
      maximumConcurrency: knownNumber(at(properties, 'ScalingConfig', 'MaximumConcurrency')),
      parallelization: numberOf(properties.ParallelizationFactor, 1),
      reportsFailures: listOf(properties.FunctionResponseTypes).some(
        (one) => one === 'ReportBatchItemFailures' || isRecord(one),
      ),
      bisects: isTrue(properties.BisectBatchOnFunctionError) || isRecord(properties.BisectBatchOnFunctionError),
      retries: numberOf(properties.MaximumRetryAttempts, FOREVER),
      maxAgeSeconds: numberOf(properties.MaximumRecordAgeInSeconds, FOREVER),
      hasFailureDestination: at(properties, 'DestinationConfig', 'OnFailure', 'Destination') !== undefined,
      filters: listOf(at(properties, 'FilterCriteria', 'Filters')).map((filter) => at(filter, 'Pattern')),
    };
  });
  return { mappings, functions };
}

const TABLES: readonly string[] = ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'];
const STREAMS: readonly string[] = ['AWS::Kinesis::Stream', ...TABLES];

const knownNumber = (value: unknown): number | undefined => (value === undefined ? undefined : numberOf(value, 0));

/** The queue, stream or table that something reads, also through an enhanced fan-out consumer. */
export function storeOf(arn: unknown, from: Resource, resources: Resources) {
  const source = resources.target(arn, from);
  if (source?.type !== 'AWS::Kinesis::StreamConsumer') return { store: source, fanOut: false };
  return { store: resources.target(source.properties.StreamARN, source), fanOut: true };
}

/** Properties of mappings on Kafka, MQ and DocumentDB, which are no concern here. */
const OTHER_SOURCES = ['Topics', 'Queues', 'SelfManagedEventSource', 'DocumentDBEventSourceConfig'];

function kindOf(type: string | undefined, properties: Json): Mapping['kind'] {
  const service = arnOf(properties.EventSourceArn)?.service;
  if (type === 'AWS::SQS::Queue' || service === 'sqs') return 'queue';
  if (STREAMS.includes(type ?? '') || service === 'kinesis' || service === 'dynamodb') return 'stream';
  if (type !== undefined || OTHER_SOURCES.some((name) => name in properties)) return 'other';
  // A source of elsewhere whose ARN is only known at deployment: streams start at a position, queues do not.
  return properties.StartingPosition === undefined ? 'queue' : 'stream';
}

/** Aliases of aliases, as only a broken template has them, end here. */
const MAX_ALIASES = 5;

/** The function behind a name, an ARN, an alias or a version. */
export function functionOf(value: unknown, from: Resource, resources: Resources, aliases = 0): Resource | undefined {
  const found =
    resources.target(value, from) ??
    resources.named('AWS::Lambda::Function', value, from) ??
    // The name of an alias is cut out of its ARN.
    referencesIn(value)
      .map((reference) => resources.target(reference, from))
      .find(Boolean);
  if (found?.type !== 'AWS::Lambda::Alias' && found?.type !== 'AWS::Lambda::Version') return found;
  if (aliases > MAX_ALIASES) return undefined;
  return functionOf(found.properties.FunctionName, found, resources, aliases + 1);
}

function readFunctions(resources: Resources): readonly FunctionNode[] {
  const invoked = new Set(
    resources
      .of('AWS::Lambda::Permission')
      .map((permission) => functionOf(permission.properties.FunctionName, permission, resources)),
  );
  return resources.of('AWS::Lambda::Function').map((resource) => ({
    resource,
    name: displayName(resource),
    timeoutSeconds: numberOf(resource.properties.Timeout, DEFAULT_TIMEOUT_SECONDS),
    reserved: knownNumber(resource.properties.ReservedConcurrentExecutions),
    invokedByOthers: invoked.has(resource),
  }));
}

/** What people call a consumer. */
export const consumerName = ({ fn, resource }: Mapping): string => fn?.name ?? displayName(resource);

type Mappings = { readonly mappings: readonly Mapping[] };
export const fromQueues = ({ mappings }: Mappings): readonly Mapping[] =>
  mappings.filter(({ kind }) => kind === 'queue');
export const fromStreams = ({ mappings }: Mappings): readonly Mapping[] =>
  mappings.filter(({ kind }) => kind === 'stream');
