import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import { CfnStreamConsumer } from 'aws-cdk-lib/aws-kinesis';
import type { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import type { Construct } from 'constructs';
import type { Examples } from '../example.ts';
import { alarm, fn, pipe, type ReadChanges, read, readMapping } from '../plain.ts';

const tableOf = (scope: Construct, streamViewType = 'NEW_IMAGE') =>
  new CfnTable(scope, 'table', {
    keySchema: [{ attributeName: 'id', keyType: 'HASH' }],
    attributeDefinitions: [{ attributeName: 'id', attributeType: 'S' }],
    billingMode: 'PAY_PER_REQUEST',
    streamSpecification: { streamViewType },
  });

function tableReader(scope: Construct, pattern: object, view?: string): void {
  const table = tableOf(scope, view);
  const reader = fn(scope, 'reader');
  readMapping(scope, 'changes', table.attrStreamArn, reader, {
    filterCriteria: { filters: [{ pattern: JSON.stringify(pattern) }] },
  });
  alarm(scope, 'lag', {
    namespace: 'AWS/Lambda',
    metricName: 'IteratorAge',
    dimensions: [{ name: 'FunctionName', value: reader.ref }],
  });
}

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
      bad: (s) => read(s, { fn: { reservedConcurrentExecutions: 1 } }),
      good: (s) => read(s, { fn: { reservedConcurrentExecutions: 2 } }),
      path: 'reader',
      property: 'ReservedConcurrentExecutions',
      value: '1; shards x parallelization factor of its streams is 2',
      fix: 'Reserve at least 2',
    },
  ],
  'Messaging-TableFilterNeverMatches': [
    {
      bad: (s) => tableReader(s, { dynamodb: { NewImage: { total: { N: [{ numeric: ['>', 100] }] } } } }),
      good: (s) => tableReader(s, { dynamodb: { NewImage: { status: { S: ['paid'] } } } }),
      path: 'changes',
      property: 'FilterCriteria',
      value: 'total: {"N":[{"numeric":[">",100]}]} compares text with a number',
      fix: 'compare numbers in the function',
    },
    {
      bad: (s) => tableReader(s, { dynamodb: { NewImage: { status: ['paid'] } } }),
      good: (s) => tableReader(s, { eventName: ['INSERT'] }),
      path: 'changes',
      property: 'FilterCriteria',
      value: 'status: ["paid"] lacks the type of the attribute',
      fix: '{ status: { S: FilterRule.isEqual("paid") } }',
    },
    {
      bad: (s) => tableReader(s, { body: { status: ['paid'] } }),
      good: (s) => tableReader(s, { body: [{ exists: false }], eventName: ['INSERT', 'UPSERT'] }),
      path: 'changes',
      property: 'FilterCriteria',
      value:
        "a record of a table's stream has no 'body' (it has eventID, eventName, eventVersion, eventSource, awsRegion, dynamodb, eventSourceARN, userIdentity)",
      fix: '{ dynamodb: { NewImage',
    },
    {
      bad: (s) => tableReader(s, { dynamodb: { NewImage: { status: { S: ['paid'] } } } }, 'KEYS_ONLY'),
      good: (s) => tableReader(s, { dynamodb: { Keys: { id: { S: ['a'] } } } }, 'KEYS_ONLY'),
      path: 'changes',
      property: 'FilterCriteria',
      value: 'NewImage is not in the stream, which holds KEYS_ONLY',
      fix: 'a StreamViewType that holds the image',
    },
    {
      bad: (s) => tableReader(s, { dynamodb: { NewImage: { status: { S: ['paid'] } } } }, 'OLD_IMAGE'),
      good: (s) => tableReader(s, { dynamodb: { OldImage: { status: { S: ['paid'] } } } }, 'OLD_IMAGE'),
      path: 'changes',
      property: 'FilterCriteria',
      value: 'NewImage is not in the stream, which holds OLD_IMAGE',
      fix: 'a StreamViewType that holds the image',
    },
    {
      bad: (s) => tableReader(s, { eventName: ['UPDATE'] }),
      good: (s) => tableReader(s, { eventName: ['UPDATE', 'MODIFY'] }),
      path: 'changes',
      property: 'FilterCriteria',
      value: 'eventName is ["UPDATE"] and never one of INSERT, MODIFY, REMOVE',
      fix: 'FilterRule.isEqual("paid")',
    },
    {
      bad: (s) => tableReader(s, { dynamodb: { Keys: { status: { S: ['paid'] } } } }),
      good: (s) => tableReader(s, { dynamodb: { NewImage: { order: { M: { status: { S: ['paid'] } } } } } }),
      path: 'changes',
      property: 'FilterCriteria',
      value: "Keys has no 'status' (it has id)",
      fix: 'FilterRule.isEqual("paid")',
    },
    {
      bad: (s) =>
        tableReader(
          s,
          { dynamodb: { OldImage: { status: { S: ['a'] } } }, eventName: ['INSERT'] },
          'NEW_AND_OLD_IMAGES',
        ),
      good: (s) =>
        tableReader(
          s,
          { dynamodb: { OldImage: { status: { S: ['a'] } } }, eventName: ['REMOVE'] },
          'NEW_AND_OLD_IMAGES',
        ),
      path: 'changes',
      property: 'FilterCriteria',
      value: 'OldImage is not in a record of INSERT',
      fix: 'FilterRule.isEqual("paid")',
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
