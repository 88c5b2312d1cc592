import {
  all,
  deadLetterIds,
  first,
  idOf,
  mappingsFrom,
  offenders,
  QUEUE,
  type Rule,
  STREAM,
  TABLE,
  type TemplateJson,
  TOPIC,
} from './template-view.ts';

/** Lambda's advice. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
const VISIBILITY_FACTOR = 6;
const MAX_RECEIVE_COUNT = 1_000;

const workQueues = (template: TemplateJson) => {
  const dead = deadLetterIds(template);
  return all(template, QUEUE).filter(([id]) => !dead.has(id));
};
const targetOf = (template: TemplateJson, properties: { RedrivePolicy?: { deadLetterTargetArn?: unknown } }) =>
  template.Resources[idOf(properties.RedrivePolicy?.deadLetterTargetArn) ?? ''];
const isWork = (properties: { RedrivePolicy?: unknown }) => properties.RedrivePolicy !== undefined;
const isStream = (properties: { StartingPosition?: unknown }) => properties.StartingPosition !== undefined;
const isQueueMapping = (properties: object) => !isStream(properties);
const streamMappings = (template: TemplateJson) => mappingsFrom(template, STREAM, TABLE);
const MAPPING = 'AWS::Lambda::EventSourceMapping';

/** Queues and event source mappings: nothing is lost, nothing is tried forever. */
export const MESSAGING_RULES: readonly Rule[] = [
  {
    name: 'every queue has a dead-letter queue',
    check: (t) => offenders(workQueues(t), ([, queue]) => targetOf(t, queue)?.Type === QUEUE),
    mistake: (t) => void delete first(t, QUEUE, isWork).Properties.RedrivePolicy,
  },
  {
    name: 'redrive allows at least one receive and no more than SQS takes',
    check: (t) =>
      offenders(workQueues(t), ([, { RedrivePolicy }]) => {
        const count = RedrivePolicy?.maxReceiveCount;
        return Number.isInteger(count) && count >= 1 && count <= MAX_RECEIVE_COUNT;
      }),
    mistake: (t) => {
      first(t, QUEUE, isWork).Properties.RedrivePolicy.maxReceiveCount = MAX_RECEIVE_COUNT + 1;
    },
  },
  {
    name: 'FIFO queues have FIFO dead-letter queues, standard ones standard',
    check: (t) =>
      offenders(
        workQueues(t),
        ([, queue]) => Boolean(targetOf(t, queue)?.Properties.FifoQueue) === Boolean(queue.FifoQueue),
      ),
    mistake: (t) => {
      first(t, QUEUE, isWork).Properties.FifoQueue = !first(t, QUEUE, isWork).Properties.FifoQueue;
    },
  },
  {
    name: 'dead letters are kept longer than the messages of their source',
    check: (t) =>
      offenders(
        workQueues(t),
        ([, queue]) => targetOf(t, queue)?.Properties.MessageRetentionPeriod > queue.MessageRetentionPeriod,
      ),
    mistake: (t) => {
      first(t, QUEUE, isWork).Properties.MessageRetentionPeriod = 1_209_600;
    },
  },
  {
    name: 'visibility is six function timeouts and the batch window',
    check: (t) =>
      offenders(mappingsFrom(t, QUEUE), ([, mapping]) => {
        const queue = t.Resources[idOf(mapping.EventSourceArn) ?? '']?.Properties;
        const fn = t.Resources[idOf(mapping.FunctionName) ?? '']?.Properties;
        const window = mapping.MaximumBatchingWindowInSeconds ?? 0;
        return queue?.VisibilityTimeout >= fn?.Timeout * VISIBILITY_FACTOR + window;
      }),
    mistake: (t) => {
      first(t, QUEUE, isWork).Properties.VisibilityTimeout -= 1;
    },
  },
  {
    name: 'every mapping reports failures item by item',
    check: (t) =>
      offenders(
        all(t, MAPPING),
        ([, mapping]) => mapping.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
      ),
    mistake: (t) => void delete first(t, MAPPING, isQueueMapping).Properties.FunctionResponseTypes,
  },
  {
    name: 'every stream mapping has an end to its retries',
    check: (t) =>
      offenders(streamMappings(t), ([, { MaximumRetryAttempts: retries }]) => retries >= 0 && retries <= 10_000),
    mistake: (t) => {
      first(t, MAPPING, isStream).Properties.MaximumRetryAttempts = -1;
    },
  },
  {
    name: 'every stream mapping says what happens after the last retry, to a queue of this stack',
    check: (t) =>
      offenders(
        streamMappings(t),
        ([, { DestinationConfig }]) =>
          t.Resources[idOf(DestinationConfig?.OnFailure?.Destination) ?? '']?.Type === QUEUE,
      ),
    mistake: (t) => void delete first(t, MAPPING, isStream).Properties.DestinationConfig,
  },
  {
    name: 'every stream mapping splits a batch that fails',
    check: (t) => offenders(streamMappings(t), ([, { BisectBatchOnFunctionError: splits }]) => splits === true),
    mistake: (t) => void delete first(t, MAPPING, isStream).Properties.BisectBatchOnFunctionError,
  },
  {
    name: 'every mapping has a source that the rules know',
    check: (t) => {
      const known = new Set([...mappingsFrom(t, QUEUE), ...streamMappings(t)].map(([id]) => id));
      return offenders(all(t, MAPPING), ([id]) => known.has(id));
    },
    mistake: (t) => {
      first(t, MAPPING).Properties.EventSourceArn = 'arn:aws:sqs:eu-west-1:111122223333:elsewhere';
    },
  },
  {
    name: 'every topic subscription has dead letters',
    check: (t) =>
      offenders(all(t, 'AWS::SNS::Subscription'), ([, subscription]) => targetOf(t, subscription)?.Type === QUEUE),
    mistake: (t) => void delete first(t, 'AWS::SNS::Subscription').Properties.RedrivePolicy,
  },
  {
    name: 'dead letters of a topic subscription are FIFO when the topic is, and nobody else sends there',
    check: (t) =>
      offenders(all(t, 'AWS::SNS::Subscription'), ([, { TopicArn, RedrivePolicy }]) => {
        const target = idOf(RedrivePolicy?.deadLetterTargetArn);
        const fifo = Boolean(t.Resources[target ?? '']?.Properties.FifoQueue);
        const topic = t.Resources[idOf(TopicArn) ?? ''];
        const others = all(t, QUEUE).some(([, queue]) => idOf(queue.RedrivePolicy?.deadLetterTargetArn) === target);
        return topic?.Type === TOPIC && Boolean(topic.Properties.FifoTopic) === fifo && !others;
      }),
    mistake: (t) => {
      const { RedrivePolicy } = first(t, QUEUE, isWork).Properties;
      first(t, 'AWS::SNS::Subscription').Properties.RedrivePolicy = RedrivePolicy;
    },
  },
];
