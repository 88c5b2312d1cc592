import type { Graph } from '../../graph/graph.ts';
import { consumerName, type FunctionNode, fromQueues, type Mapping } from '../../graph/graph-mappings.ts';
import { offence, type Rule } from '../../graph/rule.ts';
import { at } from '../../reading/json.ts';
import { below, json, quoted } from '../../reading/text.ts';

const DOCS = 'https://docs.aws.amazon.com/lambda/latest/dg';
/** Receives that Lambda advises, so that throttled messages are not given up. */
const ADVISED_RECEIVES = 5;
const mappingsOf = (fn: FunctionNode, graph: Graph): readonly Mapping[] =>
  graph.mappings.filter((mapping) => mapping.fn === fn);

/** A function of elsewhere may be the same as another. */
const isKnown = ({ by, fn }: Mapping): boolean => by === 'pipe' || fn !== undefined;

/** Who consumes a queue, and what becomes of the messages. */
export const CONSUMER_RULES: readonly Rule[] = [
  {
    id: 'Messaging-ThrottledIntoDeadLetters',
    severity: 'warning',
    mistake: 'messages that are never tried may become dead letters',
    why: 'Without MaximumConcurrency, Lambda takes more messages than the account has functions free for; each throttle costs a receive, and few receives are soon gone, without a line in any log.',
    source: `${DOCS}/services-sqs-scaling.html`,
    check: (graph) =>
      fromQueues(graph)
        .filter(
          ({ by, queue, maximumConcurrency, resource }) =>
            by === 'mapping' &&
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
            at: fn.resource,
            property: 'ReservedConcurrentExecutions',
            value: `${fn.reserved}; MaximumConcurrency of its mappings is ${asked.filter(Boolean).join(' + ')}`,
            fix: `Reserve at least ${sum}, or lower maxConcurrency of the event sources.`,
          },
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
            mapping.by === 'pipe' ? 'SourceParameters.FilterCriteria' : 'FilterCriteria',
            mapping.filters.map(json).join(', '),
            'Filter before the queue (filterPolicy of the topic subscription), or let the function pass over what it does not know. Acknowledge with the reason if deleting is what you want.',
          ),
        ),
  },
  {
    id: 'Messaging-SeveralFunctionsOnOneQueue',
    severity: 'error',
    mistake: 'several functions or pipes consume one queue',
    why: 'A queue gives each message to one of them, at random; with filters, one deletes what was meant for the other. Several independent consumers are what a topic or a log is for.',
    source: `${DOCS}/with-sqs.html`,
    check: (graph) =>
      graph.queues.flatMap((queue) => {
        const consumers = fromQueues(graph).filter((mapping) => mapping.queue === queue && isKnown(mapping));
        const names = new Set(consumers.map(consumerName));
        if (names.size < 2) return [];
        return [
          {
            at: queue.resource,
            property: 'EventSourceArn',
            value: `consumed by ${quoted([...names])}`,
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
            at: fn.resource,
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
        .map((at) => ({
          at,
          property: 'TargetParameters.LambdaFunctionParameters.InvocationType',
          value: 'FIRE_AND_FORGET',
          fix: 'Write REQUEST_RESPONSE, or consume the queue with an event source mapping. Acknowledge with the reason where losing messages is allowed.',
        })),
  },
];
