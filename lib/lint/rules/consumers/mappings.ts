import { LAMBDA } from '../../../contracts/declaring/limits.ts';
import { VISIBILITY_FACTOR } from '../../../contracts/subscriptions/delivery-numbers.ts';
import { fromQueues as everyConsumer, type Mapping } from '../../graph/graph-mappings.ts';
import { offence, type Rule } from '../../graph/rule.ts';
import { below, inSeconds, json } from '../../reading/text.ts';
import { failAsWhole } from './partial-responses.ts';

/** What holds for event source mappings only; pipes have rules of their own service. */
const fromQueues = (graph: { readonly mappings: readonly Mapping[] }): readonly Mapping[] =>
  everyConsumer(graph).filter(({ by }) => by === 'mapping');

const DOCS = 'https://docs.aws.amazon.com/lambda/latest/dg';
/** What only mappings on streams have. */
const STREAM_SETTINGS = [
  'BisectBatchOnFunctionError',
  'DestinationConfig',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'ParallelizationFactor',
  'StartingPosition',
  'TumblingWindowInSeconds',
] as const;

/** Seconds that a queue should hide a message from others. */
const advisedVisibility = ({ fn, windowSeconds }: Mapping): number | undefined =>
  fn?.timeoutSeconds === undefined || windowSeconds === undefined
    ? undefined
    : fn.timeoutSeconds * VISIBILITY_FACTOR + windowSeconds;

/** Settings of a mapping on a queue, against the queue and the function. */
export const MAPPING_RULES: readonly Rule[] = [
  {
    id: 'Messaging-VisibilityBelowTimeout',
    severity: 'error',
    mistake: 'a queue shows a message again while its function may still work on it',
    why: 'Lambda refuses the mapping: every slow message would be handled twice at the same time.',
    source: `${DOCS}/services-sqs-configure.html`,
    check: (graph) =>
      fromQueues(graph).flatMap(({ queue, fn }) =>
        queue !== undefined && below(queue.visibilitySeconds, fn?.timeoutSeconds)
          ? [
              {
                at: queue.resource,
                property: 'VisibilityTimeout',
                value: `${inSeconds(queue.visibilitySeconds)}; the timeout of '${fn?.name}' is ${inSeconds(fn?.timeoutSeconds)}`,
                fix: `Write visibilityTimeout: Duration.seconds(${(fn?.timeoutSeconds ?? 0) * VISIBILITY_FACTOR}), or lower the timeout of the function.`,
              },
            ]
          : [],
      ),
  },
  {
    id: 'Messaging-VisibilityTooShort',
    severity: 'warning',
    mistake: 'the visibility timeout is below six function timeouts and the batching window',
    why: 'Lambda takes messages before a function is free for them and tries again when it is throttled. What is shown again meanwhile is handled twice and loses a receive.',
    source: `${DOCS}/services-sqs-configure.html`,
    check: (graph) =>
      fromQueues(graph).flatMap((mapping) => {
        const { queue, fn, windowSeconds } = mapping;
        const advised = advisedVisibility(mapping);
        if (queue === undefined || !below(queue.visibilitySeconds, advised)) return [];
        if (below(queue.visibilitySeconds, fn?.timeoutSeconds)) return [];
        return [
          {
            at: queue.resource,
            property: 'VisibilityTimeout',
            value: `${inSeconds(queue.visibilitySeconds)}; 6 x ${inSeconds(fn?.timeoutSeconds)} timeout of '${fn?.name}' + ${inSeconds(windowSeconds)} window = ${inSeconds(advised)}`,
            fix: `Write visibilityTimeout: Duration.seconds(${advised}) on the queue.`,
          },
        ];
      }),
  },
  {
    id: 'Messaging-BatchWithoutWindow',
    severity: 'error',
    mistake: 'a batch of more than 10 messages of a standard queue has no batching window',
    why: 'Lambda refuses the mapping: beyond 10 messages it needs at least a second to gather them.',
    source: `${DOCS}/services-sqs-configure.html`,
    check: (graph) =>
      fromQueues(graph)
        .filter(
          ({ queue, batchSize, windowSeconds }) =>
            queue?.fifo === false && below(LAMBDA.maxBatchWithoutWindow, batchSize) && windowSeconds === 0,
        )
        .map((mapping) =>
          offence(
            mapping,
            'MaximumBatchingWindowInSeconds',
            `0 s with a batch size of ${mapping.batchSize}`,
            'Write maxBatchingWindow: Duration.seconds(1), or batchSize: 10.',
          ),
        ),
  },
  {
    id: 'Messaging-BatchTooLargeForFifo',
    severity: 'error',
    mistake: 'a mapping on a FIFO queue has a batch of more than 10 messages, or a batching window',
    why: 'Lambda refuses the mapping: a FIFO queue gives 10 messages at once and no time to gather more.',
    source: `${DOCS}/services-sqs-configure.html`,
    check: (graph) =>
      fromQueues(graph)
        .filter(
          ({ queue, batchSize, windowSeconds }) =>
            queue?.fifo === true && (below(LAMBDA.maxFifoBatch, batchSize) || below(0, windowSeconds)),
        )
        .map((mapping) =>
          offence(
            mapping,
            below(LAMBDA.maxFifoBatch, mapping.batchSize) ? 'BatchSize' : 'MaximumBatchingWindowInSeconds',
            `batch size ${mapping.batchSize}, window ${inSeconds(mapping.windowSeconds)}`,
            'Write batchSize: 10 or less and leave maxBatchingWindow out.',
          ),
        ),
  },
  {
    id: 'Messaging-QueueBatchFailsAsWhole',
    severity: 'warning',
    mistake: 'a function cannot say which messages of a queue it failed',
    why: 'One bad message makes its whole batch come back: the good ones are handled again and lose a receive each time, until they are given up with the bad one.',
    source: `${DOCS}/services-sqs-errorhandling.html`,
    check: (graph) =>
      failAsWhole(
        fromQueues(graph),
        'Write reportBatchItemFailures: true and return { batchItemFailures } with the failed messageIds; or batchSize: 1.',
      ),
  },
  {
    id: 'Messaging-ProvisionedAndMaximumConcurrency',
    severity: 'error',
    mistake: 'a mapping has provisioned pollers and a maximum concurrency',
    why: 'Lambda refuses the mapping: the number of pollers is the limit in provisioned mode.',
    source: `${DOCS}/services-sqs-scaling.html`,
    check: (graph) =>
      fromQueues(graph)
        .filter(
          ({ resource, maximumConcurrency }) =>
            maximumConcurrency !== undefined && resource.properties.ProvisionedPollerConfig !== undefined,
        )
        .map((mapping) =>
          offence(
            mapping,
            'ScalingConfig.MaximumConcurrency',
            `${mapping.maximumConcurrency}, beside ProvisionedPollerConfig ${json(mapping.resource.properties.ProvisionedPollerConfig)}`,
            'Take one of the two away: maxConcurrency to hold a consumer back, provisionedPollerConfig to have it start at once.',
          ),
        ),
  },
  {
    id: 'Messaging-StreamSettingsOnQueue',
    severity: 'error',
    mistake: 'a mapping on a queue has settings that only streams have',
    why: 'Lambda refuses them. Retries of a queue end by maxReceiveCount and go to its dead-letter queue.',
    source: `${DOCS}/services-sqs-parameters.html`,
    check: (graph) =>
      fromQueues(graph).flatMap((mapping) => {
        const found = STREAM_SETTINGS.filter((name) => mapping.resource.properties[name] !== undefined);
        if (found.length === 0) return [];
        return [
          offence(
            mapping,
            found[0] ?? '',
            `${found.join(', ')} on queue '${mapping.queue?.name ?? '?'}'`,
            'Take them away, and give the queue deadLetterQueue: { queue, maxReceiveCount: 5 }.',
          ),
        ];
      }),
  },
];
