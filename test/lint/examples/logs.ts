import { CfnStreamConsumer } from 'aws-cdk-lib/aws-kinesis';
import type { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import type { Construct } from 'constructs';
import type { Examples } from '../example.ts';
import { fn, type ReadChanges, read, readMapping } from '../plain.ts';
import { pipe } from '../plain-relations.ts';
import { tableOf } from '../table.ts';

function tableReaders(scope: Construct, count: number): void {
  const table = tableOf(scope);
  for (let i = 0; i < count; i++) readMapping(scope, `changes-${i}`, table.attrStreamArn, fn(scope, `reader-${i}`));
}

function readers(scope: Construct, polling: number, enhanced: number): void {
  const { stream } = read(scope);
  for (let i = 1; i < polling; i++) readMapping(scope, `more-${i}`, stream.attrArn, fn(scope, `reader-${i}`));
  for (let i = 0; i < enhanced; i++) {
    const consumer = new CfnStreamConsumer(scope, `consumer-${i}`, {
      consumerName: `consumer-${i}`,
      streamArn: stream.attrArn,
    });
    readMapping(scope, `fast-${i}`, consumer.ref, fn(scope, `fast-reader-${i}`));
  }
}

const spread = (scope: Construct, mapping: NonNullable<ReadChanges['mapping']>) =>
  read(scope, {
    mapping,
    stream: {
      recordDistributionStrategy: 'AUTO',
      shardCount: undefined,
      streamModeDetails: { streamMode: 'ON_DEMAND' },
    },
  });

const piped = (scope: Construct, changes: Partial<CfnPipe.PipeSourceKinesisStreamParametersProperty>) =>
  pipe(scope, read(scope).stream.attrArn, {
    kinesisStreamParameters: { startingPosition: 'TRIM_HORIZON', ...changes },
  });

export const LOG_EXAMPLES: Examples = {
  'Messaging-EndlessRetries': [
    {
      bad: (s) => read(s, { mapping: { maximumRetryAttempts: undefined } }),
      good: (s) => read(s),
      path: 'log-mapping',
      property: 'MaximumRetryAttempts',
      value: 'none (for ever)',
      fix: 'retryAttempts: 10',
    },
    {
      bad: (s) => read(s, { mapping: { maximumRetryAttempts: -1, maximumRecordAgeInSeconds: -1 } }),
      good: (s) => read(s, { mapping: { maximumRetryAttempts: -1, maximumRecordAgeInSeconds: 3_600 } }),
      path: 'log-mapping',
      property: 'MaximumRetryAttempts',
      value: '-1 (for ever)',
      fix: 'maxRecordAge',
    },
    {
      bad: (s) => piped(s, {}),
      good: (s) => piped(s, { maximumRetryAttempts: 10 }),
      path: 'pipe',
      property: 'SourceParameters.KinesisStreamParameters.MaximumRetryAttempts',
      value: 'none (for ever)',
      fix: 'maximumRetryAttempts: 10',
    },
  ],
  'Messaging-NoFailureDestination': [
    {
      bad: (s) => read(s, { mapping: { destinationConfig: undefined } }),
      good: (s) => read(s),
      path: 'log-mapping',
      property: 'DestinationConfig.OnFailure',
      value: 'none',
      fix: 'onFailure: new SqsDlq(queue)',
    },
    {
      bad: (s) => piped(s, {}),
      good: (s) => piped(s, { deadLetterConfig: { arn: 'arn:aws:sqs:x:1:there' } }),
      path: 'pipe',
      property: 'SourceParameters.KinesisStreamParameters.DeadLetterConfig',
      value: 'none',
      fix: 'deadLetterConfig: { arn: queue.queueArn }',
    },
  ],
  'Messaging-StreamBatchFailsAsWhole': [
    {
      bad: (s) => read(s, { mapping: { functionResponseTypes: undefined } }),
      good: (s) => read(s, { mapping: { functionResponseTypes: undefined, batchSize: 1 } }),
      path: 'log-mapping',
      property: 'FunctionResponseTypes',
      value: 'none, with a batch size of 100',
      fix: 'reportBatchItemFailures: true',
    },
  ],
  'Messaging-BatchNotSplit': [
    {
      bad: (s) => read(s, { mapping: { bisectBatchOnFunctionError: undefined } }),
      good: (s) => read(s),
      path: 'log-mapping',
      property: 'BisectBatchOnFunctionError',
      value: 'false',
      fix: 'bisectBatchOnError: true',
    },
    {
      bad: (s) => piped(s, {}),
      good: (s) => piped(s, { onPartialBatchItemFailure: 'AUTOMATIC_BISECT' }),
      path: 'pipe',
      property: 'SourceParameters.KinesisStreamParameters.OnPartialBatchItemFailure',
      value: 'none',
      fix: 'AUTOMATIC_BISECT',
    },
  ],
  'Messaging-StartsAtLatest': [
    {
      bad: (s) => read(s, { mapping: { startingPosition: 'LATEST' } }),
      good: (s) => read(s),
      path: 'log-mapping',
      property: 'StartingPosition',
      value: 'LATEST',
      fix: 'StartingPosition.TRIM_HORIZON',
    },
    {
      bad: (s) => piped(s, { startingPosition: 'LATEST' }),
      good: (s) => piped(s, {}),
      path: 'pipe',
      property: 'SourceParameters.KinesisStreamParameters.StartingPosition',
      value: 'LATEST',
      fix: 'TRIM_HORIZON',
    },
  ],
  'Messaging-TooManyReaders': [
    {
      bad: (s) => readers(s, 6, 0),
      good: (s) => readers(s, 5, 1),
      path: 'log',
      property: 'EventSourceArn',
      value: "6 polling consumers: 'reader', 'reader-1', 'reader-2', 'reader-3', 'reader-4', 'reader-5'",
      fix: 'StreamConsumer',
    },
  ],
  'Messaging-TooManyTableReaders': [
    {
      bad: (s) => tableReaders(s, 3),
      good: (s) => tableReaders(s, 2),
      path: 'table',
      property: 'StreamSpecification',
      value: "3 consumers: 'reader-0', 'reader-1', 'reader-2'",
      fix: 'publish the changes to a topic or a log',
    },
  ],
  'Messaging-MoreConsumersThanShards': [
    {
      bad: (s) => read(s, { mapping: { parallelizationFactor: 3 }, fn: { reservedConcurrentExecutions: 7 } }),
      good: (s) => read(s, { mapping: { parallelizationFactor: 3 }, fn: { reservedConcurrentExecutions: 6 } }),
      path: 'reader',
      property: 'ReservedConcurrentExecutions',
      value: '7; shards x parallelization factor of its streams is 6',
      fix: 'Reserve 6',
    },
    {
      bad: (s) => read(s, { fn: { reservedConcurrentExecutions: 50 } }),
      // On demand there are as many shards as AWS thinks fit.
      good: (s) =>
        read(s, {
          fn: { reservedConcurrentExecutions: 50 },
          stream: { shardCount: undefined, streamModeDetails: { streamMode: 'ON_DEMAND' } },
        }),
      path: 'reader',
      property: 'ReservedConcurrentExecutions',
      value: '50; shards x parallelization factor of its streams is 2',
      fix: 'Reserve 2',
    },
  ],
  'Messaging-FewerConsumersThanShards': [
    {
      bad: (s) =>
        read(s, {
          fn: { reservedConcurrentExecutions: 2 },
          stream: { shardCount: 3, streamModeDetails: { streamMode: 'PROVISIONED' } },
        }),
      good: (s) =>
        read(s, {
          fn: { reservedConcurrentExecutions: 3 },
          stream: { shardCount: 3, streamModeDetails: { streamMode: 'PROVISIONED' } },
        }),
      path: 'reader',
      property: 'ReservedConcurrentExecutions',
      value: '2; shards x parallelization factor of its streams is 3',
      fix: 'Reserve at least 3',
    },
    {
      bad: (s) => read(s, { fn: { reservedConcurrentExecutions: 1 } }),
      good: (s) => read(s, { fn: { reservedConcurrentExecutions: 2 } }),
      path: 'reader',
      property: 'ReservedConcurrentExecutions',
      value: '1; shards x parallelization factor of its streams is 2',
      fix: 'Reserve at least 2',
    },
  ],
  'Messaging-KeyOrderNotKept': [
    {
      bad: (s) => spread(s, { parallelizationFactor: 2 }),
      good: (s) => read(s, { mapping: { parallelizationFactor: 2 } }),
      path: 'log',
      property: 'RecordDistributionStrategy',
      value: "AUTO, while 'reader' reads a shard by key, 2 at a time",
      fix: 'Take RecordDistributionStrategy away',
    },
    {
      bad: (s) => spread(s, { tumblingWindowInSeconds: 60 }),
      good: (s) => spread(s, {}),
      path: 'log',
      property: 'RecordDistributionStrategy',
      value: "AUTO, while 'reader' keeps state over windows of 60 s",
      fix: 'Take RecordDistributionStrategy away',
    },
  ],
  'Messaging-PartitionKeysIgnored': [
    {
      bad: (s) => spread(s, {}),
      // What is wrong for sure is said once.
      good: (s) => spread(s, { parallelizationFactor: 2 }),
      path: 'log',
      property: 'RecordDistributionStrategy',
      value: 'AUTO',
      fix: 'no consumer needs the records of a key in order',
    },
  ],
};
