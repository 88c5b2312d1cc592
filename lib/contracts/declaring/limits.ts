/** Limits of the services, in bytes and counts, as AWS documents them in November 2026. One place, so that a change is one line. */

const KIB = 1_024;
const MIB = 1_024 * KIB;

export const SQS = {
  /** One message, and one batch of messages together. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
  maxMessageBytes: MIB,
  maxBatchBytes: MIB,
  maxBatchEntries: 10,
  maxDelaySeconds: 900,
  maxVisibilitySeconds: 43_200,
  maxRetentionSeconds: 1_209_600,
  minRetentionSeconds: 60,
  maxAttributes: 10,
  maxReceiveCount: 1_000,
  /** Message group ids, deduplication ids. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
  maxIdCharacters: 128,
} as const;

export const SNS = {
  /** One message, and one batch together; smaller than SQS's. https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html */
  maxMessageBytes: 256 * KIB,
  maxBatchBytes: 256 * KIB,
  maxBatchEntries: 10,
} as const;

export const KINESIS = {
  /**
   * One record, its partition key included: what a stream takes unless its `MaxRecordSizeInKiB` says more, and the most that may say.
   * https://docs.aws.amazon.com/streams/latest/dev/large-records.html
   */
  defaultRecordKiB: 1_024,
  maxRecordKiB: 10_240,
  /** A PutRecords call may carry 500 records and 10 MiB, partition keys included. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
  maxBatchBytes: 10 * MIB,
  maxBatchEntries: 500,
  minRetentionSeconds: 86_400,
  maxRetentionSeconds: 31_536_000,
  maxPartitionKeyCharacters: 256,
  /** Readers of the Kinesis Client Library expect aggregated records within the old limit of a record. https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md */
  maxAggregatedBytes: MIB,
  /** Consumers with enhanced fan-out of one stream. https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html */
  maxEnhancedConsumers: 20,
} as const;

export const CLAIM_CHECK = {
  /** Data of one event. S3 takes 5 GiB in one request; a function has to hold and parse it. */
  maxDataBytes: 64 * MIB,
} as const;

export const SCHEDULER = {
  /** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html */
  maxNameCharacters: 64,
  /** Text handed to the target. https://docs.aws.amazon.com/scheduler/latest/UserGuide/scheduler-quotas.html */
  maxInputBytes: 256 * KIB,
  maxRetryAttempts: 185,
  maxEventAgeSeconds: 86_400,
} as const;

export const EVENT = {
  /** An id is part of the inbox's keys, of which DynamoDB takes 2,048 bytes, with names around it. */
  maxIdBytes: 1_024,
  /** Levels of JSON, the envelope's own included: of objects and lists in each other. */
  maxDepth: 500,
} as const;

export const DYNAMODB = {
  /** Items in one TransactWriteItems. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html */
  maxTransactionItems: 100,
  maxItemBytes: 400 * KIB,
  /** The items of one TransactWriteItems together. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
  maxTransactionBytes: 4 * MIB,
} as const;

export const LAMBDA = {
  maxTimeoutSeconds: 900,
  /** Names and values of a function's variables together. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
  maxEnvironmentBytes: 4 * KIB,
  /** Lowest MaximumConcurrency of an SQS event source mapping. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
  minMappingConcurrency: 2,
  maxMappingConcurrency: 1_000,
  maxStandardBatch: 10_000,
  maxFifoBatch: 10,
  /** Batches larger than this need a batching window of at least one second on a standard queue. */
  maxBatchWithoutWindow: 10,
  maxBatchWindowSeconds: 300,
  /**
   * Largest record of a stream that a function can be given: an invocation takes 6 MiB of JSON, data is a third longer in base64, and what
   * stands around it takes a few KiB. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
   */
  maxReadRecordKiB: 4_600,
} as const;
