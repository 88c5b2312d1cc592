import { Fn } from 'aws-cdk-lib';
import { CfnAlarm, type CfnAlarmProps } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnStream, type CfnStreamProps } from 'aws-cdk-lib/aws-kinesis';
import { CfnKey } from 'aws-cdk-lib/aws-kms';
import {
  CfnEventSourceMapping,
  type CfnEventSourceMappingProps,
  CfnFunction,
  type CfnFunctionProps,
} from 'aws-cdk-lib/aws-lambda';
import {
  CfnSubscription,
  type CfnSubscriptionProps,
  CfnTopic,
  CfnTopicPolicy,
  type CfnTopicProps,
} from 'aws-cdk-lib/aws-sns';
import { CfnQueue, CfnQueuePolicy, type CfnQueueProps } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { allow, neighbours } from './plain-relations.ts';

/** Plain resources without a mistake, and a way to make one: what an example changes. None of them is made with our constructs. */

const FORTNIGHT_SECONDS = 1_209_600;
const ROLE = 'arn:aws:iam::111122223333:role/worker';
/** Where alarms go: a topic of elsewhere, about which the linter knows nothing. */
const SOMEBODY = 'arn:aws:sns:eu-west-1:111122223333:somebody';

type Changes<T> = { readonly [K in keyof T]?: T[K] | undefined };
// CDK's types do not say undefined, and a property that is undefined is left out.
const made = <T>(usual: T, changes: Changes<T> = {}): T => ({ ...usual, ...changes }) as T;

export const queue = (scope: Construct, id: string, changes?: Changes<CfnQueueProps>): CfnQueue =>
  new CfnQueue(scope, id, made<CfnQueueProps>({ queueName: id, sqsManagedSseEnabled: true }, changes));

/** A queue that others give up to, with the alarm that it needs. */
export function deadLetters(scope: Construct, id: string, changes?: Changes<CfnQueueProps>): CfnQueue {
  const made = queue(scope, id, { messageRetentionPeriod: FORTNIGHT_SECONDS, ...changes });
  alarm(scope, `${id}-alarm`, depthOf(made));
  return made;
}

export const depthOf = (queue: CfnQueue): Changes<CfnAlarmProps> => ({
  namespace: 'AWS/SQS',
  metricName: 'ApproximateNumberOfMessagesVisible',
  dimensions: [{ name: 'QueueName', value: queue.attrQueueName }],
});

export const alarm = (scope: Construct, id: string, changes?: Changes<CfnAlarmProps>): CfnAlarm =>
  new CfnAlarm(
    scope,
    id,
    made<CfnAlarmProps>(
      {
        comparisonOperator: 'GreaterThanThreshold',
        evaluationPeriods: 1,
        period: 60,
        statistic: 'Maximum',
        threshold: 0,
        alarmActions: [SOMEBODY],
      },
      changes,
    ),
  );

export const fn = (scope: Construct, id: string, changes?: Changes<CfnFunctionProps>): CfnFunction =>
  new CfnFunction(
    scope,
    id,
    made<CfnFunctionProps>(
      {
        functionName: id,
        code: { zipFile: 'exports.handler = async () => ({ batchItemFailures: [] })' },
        handler: 'index.handler',
        runtime: 'nodejs24.x',
        role: ROLE,
        timeout: 10,
      },
      changes,
    ),
  );

/** A function that works off a queue, and makes no mistake of its own. */
export const consume = (scope: Construct, eventSourceArn: string, id = 'consumer'): CfnEventSourceMapping =>
  new CfnEventSourceMapping(scope, `${id}-mapping`, {
    eventSourceArn,
    functionName: fn(scope, id, { timeout: 5 }).ref,
    functionResponseTypes: ['ReportBatchItemFailures'],
    scalingConfig: { maximumConcurrency: 5 },
  });

export interface WorkChanges {
  readonly queue?: Changes<CfnQueueProps>;
  readonly deadLetters?: Changes<CfnQueueProps>;
  readonly fn?: Changes<CfnFunctionProps>;
  readonly mapping?: Changes<CfnEventSourceMappingProps>;
}

/** A queue with its dead letters and the function that works it off, watched. */
export function work(scope: Construct, changes: WorkChanges = {}) {
  const dead = deadLetters(scope, 'work-dead', changes.deadLetters);
  const source = queue(scope, 'work', {
    visibilityTimeout: 60,
    redrivePolicy: { deadLetterTargetArn: dead.attrArn, maxReceiveCount: 5 },
    ...changes.queue,
  });
  const worker = fn(scope, 'worker', changes.fn);
  const mapping = new CfnEventSourceMapping(
    scope,
    'work-mapping',
    made<CfnEventSourceMappingProps>(
      {
        eventSourceArn: source.attrArn,
        functionName: worker.ref,
        functionResponseTypes: ['ReportBatchItemFailures'],
        scalingConfig: { maximumConcurrency: 5 },
      },
      changes.mapping,
    ),
  );
  alarm(scope, 'work-age', {
    namespace: 'AWS/SQS',
    metricName: 'ApproximateAgeOfOldestMessage',
    dimensions: [{ name: 'QueueName', value: source.attrQueueName }],
    threshold: 300,
  });
  return { queue: source, dead, worker, mapping };
}

const FIFO = { fifoQueue: true } as const;
export const fifoWork = (scope: Construct, changes: WorkChanges = {}) =>
  work(scope, {
    ...changes,
    queue: { ...FIFO, queueName: 'work.fifo', ...changes.queue },
    deadLetters: { ...FIFO, queueName: 'work-dead.fifo', ...changes.deadLetters },
  });

export interface ReadChanges {
  readonly stream?: Changes<CfnStreamProps>;
  readonly fn?: Changes<CfnFunctionProps>;
  readonly mapping?: Changes<CfnEventSourceMappingProps>;
  readonly lagAlarm?: Changes<CfnAlarmProps>;
}

const DAY_MILLIS = 86_400_000;

/** A stream and the function that reads it, watched. */
export function read(scope: Construct, changes: ReadChanges = {}) {
  const stream = new CfnStream(
    scope,
    'log',
    made<CfnStreamProps>({ name: 'log', shardCount: 2, retentionPeriodHours: 48 }, changes.stream),
  );
  const reader = fn(scope, 'reader', changes.fn);
  const mapping = readMapping(scope, 'log-mapping', stream.attrArn, reader, changes.mapping);
  alarm(scope, 'log-lag', {
    namespace: 'AWS/Lambda',
    metricName: 'IteratorAge',
    dimensions: [{ name: 'FunctionName', value: reader.ref }],
    threshold: DAY_MILLIS,
    ...changes.lagAlarm,
  });
  return { stream, reader, mapping };
}

export function readMapping(
  scope: Construct,
  id: string,
  eventSourceArn: string,
  reader: CfnFunction,
  changes?: Changes<CfnEventSourceMappingProps>,
): CfnEventSourceMapping {
  const dead = deadLetters(scope, `${id}-dead`);
  return new CfnEventSourceMapping(
    scope,
    id,
    made<CfnEventSourceMappingProps>(
      {
        eventSourceArn,
        functionName: reader.ref,
        startingPosition: 'TRIM_HORIZON',
        maximumRetryAttempts: 10,
        bisectBatchOnFunctionError: true,
        functionResponseTypes: ['ReportBatchItemFailures'],
        destinationConfig: { onFailure: { destination: dead.attrArn } },
      },
      changes,
    ),
  );
}

export interface FanOutChanges {
  readonly topic?: Changes<CfnTopicProps>;
  readonly subscription?: Changes<CfnSubscriptionProps>;
  readonly deadLetters?: Changes<CfnQueueProps>;
  readonly work?: WorkChanges;
  /** Service that the queue's policy lets in. */
  readonly letIn?: string;
  /** Service that the policy of its dead letters lets in. */
  readonly undeliveredLetsIn?: string;
}

/** A topic that feeds a queue; beside it a queue and a key that let everybody in, which are no help to the others. */
export function fanOut(scope: Construct, changes: FanOutChanges = {}) {
  neighbours(scope);
  const topic = new CfnTopic(scope, 'topic', made<CfnTopicProps>({ topicName: 'topic' }, changes.topic));
  const { queue: source } = work(scope, changes.work);
  const undelivered = deadLetters(scope, 'undelivered', changes.deadLetters);
  new CfnQueuePolicy(scope, 'work-policy', {
    queues: [source.ref],
    policyDocument: allow(changes.letIn ?? 'sns.amazonaws.com', ['sqs:SendMessage'], source.attrArn),
  });
  new CfnQueuePolicy(scope, 'undelivered-policy', {
    queues: [undelivered.ref],
    policyDocument: allow(changes.undeliveredLetsIn ?? 'sns.amazonaws.com', ['sqs:SendMessage'], undelivered.attrArn),
  });
  const subscription = new CfnSubscription(
    scope,
    'subscription',
    made<CfnSubscriptionProps>(
      {
        topicArn: topic.ref,
        protocol: 'sqs',
        endpoint: source.attrArn,
        rawMessageDelivery: true,
        redrivePolicy: { deadLetterTargetArn: undelivered.attrArn },
      },
      changes.subscription,
    ),
  );
  return { topic, queue: source, subscription };
}

/** A topic that an alarm tells. */
export function toldTopic(scope: Construct, key: CfnKey | string | undefined, publisher: string | undefined): void {
  neighbours(scope);
  const topic = new CfnTopic(scope, 'told', {
    ...(key === undefined ? {} : { kmsMasterKeyId: typeof key === 'string' ? key : key.attrArn }),
  });
  if (publisher !== undefined) {
    new CfnTopicPolicy(scope, 'told-policy', {
      topics: [topic.ref],
      policyDocument: allow(publisher, ['sns:Publish'], topic.ref),
    });
  }
  alarm(scope, 'tells', { ...depthOf(deadLettersOfWork(scope)), alarmActions: [topic.ref] });
}

const deadLettersOfWork = (scope: Construct): CfnQueue => work(scope).dead;

export const customerKey = (scope: Construct, user: string): CfnKey =>
  new CfnKey(scope, 'key', { keyPolicy: allow(user, ['kms:GenerateDataKey*', 'kms:Decrypt'], '*') });

/** ARN of something in this account, as people write it who do not pass constructs around. */
export const arn = (service: string, name: string): string =>
  Fn.join(':', ['arn', Fn.ref('AWS::Partition'), service, Fn.ref('AWS::Region'), Fn.ref('AWS::AccountId'), name]);
