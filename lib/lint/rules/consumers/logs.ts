import type { Graph } from '../../graph/graph.ts';
import { consumerName, type FunctionNode, fromStreams } from '../../graph/graph-mappings.ts';
import { type Rule, settingOffence } from '../../graph/rule.ts';
import { below, quoted } from '../../reading/text.ts';
import { failAsWhole } from './partial-responses.ts';

const DOCS = 'https://docs.aws.amazon.com/lambda/latest/dg';
/** Reads a second that one shard serves, and those of one polling mapping. https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html */
const READS_PER_SHARD = 5;

/** Readers of a shard that DynamoDB allows before it throttles them. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html */
const READERS_PER_TABLE = 2;

/** Most executions that the streams of a function can use at once; undefined when a mapping has a source without a known number of shards. */
function usable(fn: FunctionNode, graph: Graph): number | undefined {
  const mine = graph.mappings.filter((mapping) => mapping.fn === fn);
  const each = mine.map(({ kind, stream, parallelization }) =>
    kind === 'stream' && stream?.shards !== undefined && parallelization !== undefined
      ? stream.shards * parallelization
      : Number.NaN,
  );
  const sum = each.reduce((total, one) => total + one, 0);
  return mine.length === 0 || Number.isNaN(sum) ? undefined : sum;
}

export const LOG_RULES: readonly Rule[] = [
  {
    id: 'Messaging-EndlessRetries',
    severity: 'error',
    mistake: 'a consumer of a stream retries a failing batch without an end',
    why: 'The default is for ever: one bad record holds its shard, and with it every key of the shard, until the retention deletes it and what waits behind it.',
    source: `${DOCS}/services-kinesis-parameters.html`,
    check: (graph) =>
      fromStreams(graph)
        .filter(({ retries, maxAgeSeconds }) => retries === -1 && maxAgeSeconds === -1)
        .map((mapping) =>
          settingOffence(
            mapping,
            'MaximumRetryAttempts',
            `${mapping.settings.MaximumRetryAttempts ?? 'none'} (for ever)`,
            mapping.by === 'pipe'
              ? 'Write maximumRetryAttempts: 10 (0 to 10,000) in the parameters of the source, or maximumRecordAgeInSeconds.'
              : 'Write retryAttempts: 10 on the event source (0 to 10,000), or maxRecordAge.',
          ),
        ),
  },
  {
    id: 'Messaging-NoFailureDestination',
    severity: 'error',
    mistake: 'a consumer of a stream has no failure destination',
    why: 'What is given up after the last retry leaves no trace: the stream goes on, and nobody knows which records were skipped.',
    source: `${DOCS}/kinesis-on-failure-destination.html`,
    check: (graph) =>
      fromStreams(graph)
        .filter(({ hasFailureDestination }) => !hasFailureDestination)
        .map((mapping) =>
          settingOffence(
            mapping,
            mapping.by === 'pipe' ? 'DeadLetterConfig' : 'DestinationConfig.OnFailure',
            'none',
            mapping.by === 'pipe'
              ? 'Write deadLetterConfig: { arn: queue.queueArn } in the parameters of the source, and let the role of the pipe send to it.'
              : 'Write onFailure: new SqsDlq(queue), or an S3 bucket to have the records too.',
          ),
        ),
  },
  {
    id: 'Messaging-StreamBatchFailsAsWhole',
    severity: 'error',
    mistake: 'a function cannot say at which record of a stream it failed',
    why: 'The whole batch is retried from its first record: effects that were done are done again with every retry.',
    source: `${DOCS}/services-kinesis-batchfailurereporting.html`,
    check: (graph) =>
      failAsWhole(
        fromStreams(graph),
        'Write reportBatchItemFailures: true and return { batchItemFailures } with the sequence number of the first failed record.',
      ),
  },
  {
    id: 'Messaging-BatchNotSplit',
    severity: 'warning',
    mistake: 'a failing batch of a stream is not split',
    why: 'A crash or a timeout names no record. Without splitting, the whole batch is given up with the one record that caused it.',
    source: `${DOCS}/services-kinesis-parameters.html`,
    check: (graph) =>
      fromStreams(graph)
        .filter(({ bisects, batchSize }) => !bisects && batchSize !== 1)
        .map((mapping) =>
          settingOffence(
            mapping,
            mapping.by === 'pipe' ? 'OnPartialBatchItemFailure' : 'BisectBatchOnFunctionError',
            mapping.by === 'pipe' ? 'none' : 'false',
            mapping.by === 'pipe'
              ? "Write onPartialBatchItemFailure: 'AUTOMATIC_BISECT' in the parameters of the source."
              : 'Write bisectBatchOnError: true; splitting costs no retries.',
          ),
        ),
  },
  {
    id: 'Messaging-StartsAtLatest',
    severity: 'warning',
    mistake: 'a consumer of a stream starts with the latest record',
    why: 'It takes minutes until a new or changed mapping reads: what is written meanwhile is never seen by this consumer.',
    source: `${DOCS}/services-kinesis-create.html`,
    check: (graph) =>
      fromStreams(graph)
        .filter(({ settings }) => settings.StartingPosition === 'LATEST')
        .map((mapping) =>
          settingOffence(
            mapping,
            'StartingPosition',
            'LATEST',
            'Write startingPosition: StartingPosition.TRIM_HORIZON or AT_TIMESTAMP.',
          ),
        ),
  },
  {
    id: 'Messaging-TooManyReaders',
    severity: 'warning',
    mistake: 'more consumers poll a stream than a shard serves',
    why: `A shard serves ${READS_PER_SHARD} reads and 2 MB a second to all that poll it: every consumer slows down the others.`,
    source: 'https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html',
    check: (graph) =>
      graph.streams.flatMap((stream) => {
        const readers = fromStreams(graph).filter((mapping) => mapping.stream === stream && !mapping.fanOut);
        if (readers.length <= READS_PER_SHARD) return [];
        return [
          {
            at: stream.resource,
            property: 'EventSourceArn',
            value: `${readers.length} polling consumers: ${quoted(readers.map(consumerName))}`,
            fix: 'Give some of them a StreamConsumer (enhanced fan-out) and map that instead of the stream.',
          },
        ];
      }),
  },
  {
    id: 'Messaging-TooManyTableReaders',
    severity: 'warning',
    mistake: "more than two consumers read a table's stream",
    why: 'DynamoDB throttles the readers of a shard beyond two: all of them fall behind, and records are gone after 24 hours.',
    source: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html',
    check: (graph) =>
      [...new Set(fromStreams(graph).flatMap(({ table }) => table ?? []))].flatMap((table) => {
        const readers = fromStreams(graph).filter((mapping) => mapping.table === table);
        if (readers.length <= READERS_PER_TABLE) return [];
        return [
          {
            at: table,
            property: 'StreamSpecification',
            value: `${readers.length} consumers: ${quoted(readers.map(consumerName))}`,
            fix: 'Let one of them publish the changes to a topic or a log for the others, or use Kinesis Data Streams for the table.',
          },
        ];
      }),
  },
  {
    id: 'Messaging-MoreConsumersThanShards',
    severity: 'warning',
    mistake: 'more executions are reserved for a function than its streams can use',
    why: 'A shard gives one batch at a time (times the parallelization factor). What is reserved beyond that stands idle and is taken from the other functions of the account.',
    source: `${DOCS}/services-kinesis-create.html`,
    check: (graph) =>
      graph.functions.flatMap((fn) => {
        const most = usable(fn, graph);
        if (fn.invokedByOthers || !below(most, fn.reserved)) return [];
        return [
          {
            at: fn.resource,
            property: 'ReservedConcurrentExecutions',
            value: `${fn.reserved}; shards x parallelization factor of its streams is ${most}`,
            fix: `Reserve ${most}; to go faster, raise shardCount of the stream or parallelizationFactor (to 10) of the event source.`,
          },
        ];
      }),
  },
  {
    id: 'Messaging-FewerConsumersThanShards',
    severity: 'warning',
    mistake: 'fewer executions are reserved for a function than its streams have shards',
    why: 'Shards without an execution wait: the function is throttled all the time and some shards fall behind.',
    source: `${DOCS}/services-kinesis-create.html`,
    check: (graph) =>
      graph.functions.flatMap((fn) => {
        const most = usable(fn, graph);
        if (!below(fn.reserved, most)) return [];
        return [
          {
            at: fn.resource,
            property: 'ReservedConcurrentExecutions',
            value: `${fn.reserved}; shards x parallelization factor of its streams is ${most}`,
            fix: `Reserve at least ${most}, or lower parallelizationFactor.`,
          },
        ];
      }),
  },
];
