import { LAMBDA } from '../../contracts/limits.ts';
import { VISIBILITY_FACTOR } from '../../contracts/subscription.ts';
import type { Graph } from '../graph.ts';
import type { FunctionNode, Mapping } from '../graph-mappings.ts';
import { at } from '../json.ts';
import type { Offence, Rule } from '../rule.ts';
import { below, inSeconds, json, quoted } from '../text.ts';

const DOCS = 'https://docs.aws.amazon.com/lambda/latest/dg';
/** Receives that Lambda advises, so that throttled messages are not given up. */
const ADVISED_RECEIVES = 5;
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

const offence = ({ resource }: Mapping, property: string, value: string, fix: string): Offence => ({
  construct: resource.construct,
  property,
  value,
  fix,
});

const fromQueues = ({ mappings }: Graph): readonly Mapping[] => mappings.filter(({ kind }) => kind === 'queue');

/** Seconds that a queue should hide a message from others. */
const advisedVisibility = ({ fn, windowSeconds }: Mapping): number | undefined =>
  fn?.timeoutSeconds === undefined || windowSeconds === undefined
    ? undefined
    : fn.timeoutSeconds * VISIBILITY_FACTOR + windowSeconds;

const mappingsOf = (fn: FunctionNode, graph: Graph): readonly Mapping[] =>
  graph.mappings.filter((mapping) => mapping.fn === fn);

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
                construct: queue.resource.construct,
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
            construct: queue.resource.construct,
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
      fromQueues(graph)
        .filter(({ reportsFailures, batchSize }) => !reportsFailures && batchSize !== 1)
        .map((mapping) =>
          offence(
            mapping,
            'FunctionResponseTypes',
            `none, with a batch size of ${mapping.batchSize ?? '?'}`,
            'Write reportBatchItemFailures: true and return { batchItemFailures } with the failed messageIds; or batchSize: 1.',
          ),
        ),
  },
  {
    id: 'Messaging-ThrottledIntoDeadLetters',
    severity: 'warning',
    mistake: 'messages that are never tried may become dead letters',
    why: 'Without MaximumConcurrency, Lambda takes more messages than the account has functions free for; each throttle costs a receive, and few receives are soon gone, without a line in any log.',
    source: `${DOCS}/services-sqs-scaling.html`,
    check: (graph) =>
      fromQueues(graph)
        .filter(
          ({ queue, maximumConcurrency, resource }) =>
            maximumConcurrency === undefined &&
            at(resource.properties, 'ProvisionedPollerConfig') === undefined &&
            below(queue?.redrive?.maxReceiveCount, ADVISED_RECEIVES),
        )
        .map((mapping) =>
          offence(
            mapping,
            'ScalingConfig.MaximumConcurrency',
            `none, and maxReceiveCount of '${mapping.queue?.name}' is ${mapping.queue?.redrive?.maxReceiveCount}`,
            `Write maxConcurrency: 20 (2 to 1,000) on the event source, or maxReceiveCount: ${ADVISED_RECEIVES} or more on the queue.`,
          ),
        ),
  },
  {
    id: 'Messaging-ConcurrencyAboveReserved',
    severity: 'error',
    mistake: 'mappings may ask for more of a function than is reserved for it',
    why: 'What is asked for beyond the reserved concurrency is throttled, and throttled messages lose receives until they are given up untried.',
    source: `${DOCS}/services-sqs-scaling.html`,
    check: (graph) =>
      graph.functions.flatMap((fn) => {
        const asked = mappingsOf(fn, graph).map(({ maximumConcurrency }) => maximumConcurrency ?? 0);
        const sum = asked.reduce((total, one) => total + one, 0);
        if (fn.reserved === undefined || sum <= fn.reserved) return [];
        return [
          {
            construct: fn.resource.construct,
            property: 'ReservedConcurrentExecutions',
            value: `${fn.reserved}; MaximumConcurrency of its mappings is ${asked.filter(Boolean).join(' + ')}`,
            fix: `Reserve at least ${sum}, or lower maxConcurrency of the event sources.`,
          },
        ];
      }),
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
  {
    id: 'Messaging-FilterDeletesMessages',
    severity: 'warning',
    mistake: 'a mapping on a queue has a filter',
    why: 'Messages that do not match are deleted from the queue: no function, no dead-letter queue and no other consumer sees them. A pattern on body deletes every body that is not JSON.',
    source: `${DOCS}/with-sqs-filtering.html`,
    check: (graph) =>
      fromQueues(graph)
        .filter(({ filters }) => filters.length > 0)
        .map((mapping) =>
          offence(
            mapping,
            'FilterCriteria',
            mapping.filters.map(json).join(', '),
            'Filter before the queue (filterPolicy of the topic subscription), or let the function pass over what it does not know. Acknowledge with the reason if deleting is what you want.',
          ),
        ),
  },
  {
    id: 'Messaging-SeveralFunctionsOnOneQueue',
    severity: 'error',
    mistake: 'several functions consume one queue',
    why: 'A queue gives each message to one of them, at random; with filters, one deletes what was meant for the other. Several independent consumers are what a topic or a log is for.',
    source: `${DOCS}/with-sqs.html`,
    check: (graph) =>
      graph.queues.flatMap((queue) => {
        const functions = new Set(
          fromQueues(graph).flatMap((mapping) =>
            mapping.queue === queue && mapping.fn !== undefined ? [mapping.fn] : [],
          ),
        );
        if (functions.size < 2) return [];
        return [
          {
            construct: queue.resource.construct,
            property: 'EventSourceArn',
            value: `consumed by ${quoted([...functions].map(({ name }) => name))}`,
            fix: 'Publish to a topic that feeds a queue for each function, or to a log that each reads at its own position.',
          },
        ];
      }),
  },
  {
    id: 'Messaging-FunctionDeadLettersUnused',
    severity: 'warning',
    mistake: 'a function that only mappings invoke has a dead-letter queue or failure destination of its own',
    why: "It serves asynchronous invocations only. What fails from a queue goes by the queue's redrive policy, what fails from a stream by the mapping's failure destination.",
    source: `${DOCS}/invocation-async-retain-records.html`,
    check: (graph) =>
      graph.functions.flatMap((fn) => {
        const configs = graph.resources
          .of('AWS::Lambda::EventInvokeConfig')
          .filter(
            (config) =>
              graph.resources.target(config.properties.FunctionName, config) === fn.resource &&
              at(config.properties, 'DestinationConfig', 'OnFailure') !== undefined,
          );
        const property =
          fn.resource.properties.DeadLetterConfig === undefined ? 'DestinationConfig' : 'DeadLetterConfig';
        const own = fn.resource.properties.DeadLetterConfig ?? configs[0]?.properties.DestinationConfig;
        if (own === undefined || fn.invokedByOthers || mappingsOf(fn, graph).length === 0) return [];
        return [
          {
            construct: fn.resource.construct,
            property,
            value: json(own),
            fix: 'Take it away; give the queue deadLetterQueue: { queue, maxReceiveCount: 5 }, or the stream source onFailure: new SqsDlq(queue).',
          },
        ];
      }),
  },
  {
    id: 'Messaging-AcknowledgedBeforeProcessing',
    severity: 'warning',
    mistake: 'a pipe acknowledges messages before they are processed',
    why: 'FIRE_AND_FORGET ends with the start of the invocation: the message leaves the queue, or the stream goes on, whether the function fails or not, and nothing holds the pipe back.',
    source: 'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html',
    check: ({ resources }) =>
      resources
        .of('AWS::Pipes::Pipe')
        .filter(
          ({ properties }) =>
            at(properties, 'TargetParameters', 'LambdaFunctionParameters', 'InvocationType') === 'FIRE_AND_FORGET',
        )
        .map(({ construct }) => ({
          construct,
          property: 'TargetParameters.LambdaFunctionParameters.InvocationType',
          value: 'FIRE_AND_FORGET',
          fix: 'Write REQUEST_RESPONSE, or consume the queue with an event source mapping. Acknowledge with the reason where losing messages is allowed.',
        })),
  },
];
