import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import { CfnStreamConsumer } from 'aws-cdk-lib/aws-kinesis';
import type { Construct } from 'constructs';
import type { Examples } from '../example.ts';
import { alarm, fn, read, readMapping } from '../plain.ts';

const tableOf = (scope: Construct) =>
  new CfnTable(scope, 'table', {
    keySchema: [{ attributeName: 'id', keyType: 'HASH' }],
    attributeDefinitions: [{ attributeName: 'id', attributeType: 'S' }],
    billingMode: 'PAY_PER_REQUEST',
    streamSpecification: { streamViewType: 'NEW_IMAGE' },
  });

function tableReader(scope: Construct, pattern: object): void {
  const table = tableOf(scope);
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
  ],
};
