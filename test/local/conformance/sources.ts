/** Where AWS says, or was seen to do, what a case holds. */
export const SOURCES = {
  'lambda-sqs': ['Lambda, SQS event sources', 'https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html'],
  'lambda-sqs-errors': [
    'Lambda, errors of SQS event sources',
    'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html',
  ],
  'lambda-sqs-scaling': [
    'Lambda, scaling of SQS event sources',
    'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html',
  ],
  'lambda-sqs-config': [
    'Lambda, creating an SQS event source mapping',
    'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html',
  ],
  'lambda-filtering': [
    'Lambda, event filtering',
    'https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html',
  ],
  'lambda-kinesis': ['Lambda, Kinesis event sources', 'https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html'],
  'lambda-kinesis-batch': [
    'Lambda, partial responses of Kinesis event sources',
    'https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html',
  ],
  'lambda-kinesis-failure': [
    'Lambda, discarded batches of Kinesis event sources',
    'https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html',
  ],
  'lambda-windows': [
    'Lambda, tumbling windows',
    'https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html',
  ],
  'lambda-dynamodb': ['Lambda, DynamoDB event sources', 'https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html'],
  'lambda-mapping-api': [
    'Lambda API, CreateEventSourceMapping',
    'https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html',
  ],
  'lambda-invoke': ['Lambda API, Invoke', 'https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html'],
  'lambda-async': [
    'Lambda, errors of asynchronous invocations',
    'https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html',
  ],
  'lambda-destinations': [
    'Lambda, records of asynchronous invocations',
    'https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html',
  ],
  'lambda-limits': ['Lambda, quotas', 'https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html'],
  'lambda-concurrency': [
    'Lambda, reserved concurrency',
    'https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html',
  ],
  'ses-sandbox': ['SES, the sandbox', 'https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html'],
  'ses-identities': ['SES, verified identities', 'https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html'],
  'ses-quotas': ['SES, sending quotas', 'https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html'],
  'lambda-url-auth': ['Lambda, access to function URLs', 'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html'],
  's3-getobject': ['S3 API, GetObject', 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html'],
  'dynamodb-throttling': [
    'DynamoDB, throttling',
    'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TroubleshootingThrottling.html',
  ],
  'dynamodb-on-demand': [
    'DynamoDB, on-demand capacity mode',
    'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html',
  ],
  'dynamodb-conflicts': [
    'DynamoDB, conflicts of transactions',
    'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling',
  ],
  'cloudformation-delete-failed': [
    'CloudFormation, delete stack fails',
    'https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html#troubleshooting-errors-delete-stack-fails',
  ],
  's3-delete-bucket': ['S3 API, DeleteBucket', 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html'],
  'cloudformation-deletion': [
    'CloudFormation, DeletionPolicy',
    'https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html',
  ],
  'sqs-create': [
    'SQS API, CreateQueue',
    'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html',
  ],
  'lambda-environment': [
    'Lambda, environment variables',
    'https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html',
  ],
  'lambda-lifecycle': [
    'Lambda, execution environment',
    'https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html',
  ],
  'lambda-node': ['Lambda, Node.js handlers', 'https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html'],
  'sqs-quotas': [
    'SQS, message quotas',
    'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html',
  ],
  'sqs-attributes': [
    'SQS, message metadata',
    'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html',
  ],
  'sqs-api': ['SQS API', 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html'],
  'sqs-visibility': [
    'SQS, visibility timeout',
    'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html',
  ],
  'sqs-dlq': [
    'SQS, dead-letter queues',
    'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html',
  ],
  'sqs-redrive': [
    'SQS, dead-letter queue redrive',
    'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html',
  ],
  'sqs-fifo': [
    'SQS, FIFO queues',
    'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html',
  ],
  'sqs-fair': [
    'SQS, fair queues',
    'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html',
  ],
  'sns-filters': ['SNS, message filtering', 'https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering.html'],
  'sns-raw': [
    'SNS, raw delivery',
    'https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html',
  ],
  'sns-fifo': ['SNS, FIFO topics', 'https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html'],
  'sns-attributes': [
    'SNS, message attributes',
    'https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html',
  ],
  'sns-dlq': ['SNS, dead-letter queues', 'https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html'],
  'sns-lambda': [
    'SNS, fan-out to functions',
    'https://docs.aws.amazon.com/sns/latest/dg/sns-lambda-as-subscriber.html',
  ],
  'sns-api': ['SNS API', 'https://docs.aws.amazon.com/sns/latest/api/API_Publish.html'],
  'kinesis-quotas': ['Kinesis, quotas', 'https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html'],
  'kinesis-api': ['Kinesis API', 'https://docs.aws.amazon.com/kinesis/latest/APIReference/Welcome.html'],
  'kinesis-reshard': [
    'Kinesis, resharding',
    'https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-resharding.html',
  ],
  'kinesis-filter': [
    'Kinesis API, ShardFilter',
    'https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html',
  ],
  'kinesis-get-records': [
    'Kinesis API, GetRecords',
    'https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html',
  ],
  'kinesis-large': ['Kinesis, large records', 'https://docs.aws.amazon.com/streams/latest/dev/large-records.html'],
  'kinesis-list-shards': [
    'Kinesis API, ListShards',
    'https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html',
  ],
  'kinesis-policy': [
    'Kinesis API, GetResourcePolicy',
    'https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetResourcePolicy.html',
  ],
  'kinesis-subscribe': [
    'Kinesis API, SubscribeToShard',
    'https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html',
  ],
  'kinesis-tags': ['Kinesis, tags', 'https://docs.aws.amazon.com/streams/latest/dev/tagging.html'],
  'kinesis-update-shard-count': [
    'Kinesis API, UpdateShardCount',
    'https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html',
  ],
  'kinesis-modes': [
    'Kinesis, capacity modes',
    'https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html',
  ],
  'kinesis-shard-metrics': [
    'Kinesis, shard-level metrics',
    'https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html',
  ],
  'kinesis-efo': [
    'Kinesis, enhanced fan-out consumers',
    'https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html',
  ],
  'dynamodb-api': ['DynamoDB API', 'https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/Welcome.html'],
  'dynamodb-transactions': [
    'DynamoDB, transactions',
    'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html',
  ],
  'dynamodb-streams': [
    'DynamoDB Streams',
    'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html',
  ],
  'dynamodb-ttl': [
    'DynamoDB, time to live',
    'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html',
  ],
  'dynamodb-quotas': [
    'DynamoDB, quotas',
    'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html',
  ],
  's3-conditional': [
    'S3, conditional writes',
    'https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html',
  ],
  scheduler: ['EventBridge Scheduler', 'https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html'],
  'scheduler-context': [
    'EventBridge Scheduler, context attributes',
    'https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html',
  ],
  'events-rules': [
    'EventBridge, scheduled rules',
    'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html',
  ],
  'events-patterns': [
    'EventBridge, event patterns',
    'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html',
  ],
  cloudformation: [
    'CloudFormation, intrinsic functions',
    'https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html',
  ],
  'iam-evaluation': [
    'IAM, policy evaluation',
    'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html',
  ],
  'iam-api': ['IAM API', 'https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html'],
  'cloudwatch-missing': [
    'CloudWatch, alarms and missing data',
    'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html',
  ],
  'cloudwatch-alarms': [
    'CloudWatch, alarm evaluation',
    'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html',
  ],
  'cloudwatch-composite': [
    'CloudWatch API, PutCompositeAlarm',
    'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html',
  ],
  'cloudwatch-math': [
    'CloudWatch, metric math',
    'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html',
  ],
  'cloudwatch-search': [
    'CloudWatch, search expressions',
    'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html',
  ],
  'cloudwatch-api': ['CloudWatch API', 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/Welcome.html'],
  'cloudwatch-emf': [
    'CloudWatch, embedded metric format',
    'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html',
  ],
  'sqs-metrics': [
    'SQS, CloudWatch metrics',
    'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html',
  ],
  'lambda-metrics': ['Lambda, metrics', 'https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html'],
  'logs-nodejs': [
    'Lambda, logs of Node.js functions',
    'https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html',
  ],
  'logs-filters': [
    'CloudWatch Logs, filter patterns',
    'https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html',
  ],
  recorded: [
    'recorded against AWS (snapshot tests of LocalStack)',
    'https://github.com/localstack/localstack/tree/main/tests/aws',
  ],
} as const satisfies Readonly<Record<string, readonly [title: string, url: string]>>;
