import type { Json } from '../../json.ts';

/** Actions of the policies AWS keeps for function roles. https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html */
const actions: Readonly<Record<string, readonly string[]>> = {
  'service-role/AWSLambdaBasicExecutionRole': ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
  'service-role/AWSLambdaVPCAccessExecutionRole': ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
  'service-role/AWSLambdaSQSQueueExecutionRole': [
    'sqs:ReceiveMessage',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    'logs:*',
  ],
  'service-role/AWSLambdaKinesisExecutionRole': [
    'kinesis:DescribeStream',
    'kinesis:DescribeStreamSummary',
    'kinesis:GetRecords',
    'kinesis:GetShardIterator',
    'kinesis:ListShards',
    'kinesis:ListStreams',
    'kinesis:SubscribeToShard',
    'logs:*',
  ],
  'service-role/AWSLambdaDynamoDBExecutionRole': [
    'dynamodb:DescribeStream',
    'dynamodb:GetRecords',
    'dynamodb:GetShardIterator',
    'dynamodb:ListStreams',
    'logs:*',
  ],
  CloudWatchLambdaInsightsExecutionRolePolicy: ['logs:*'],
  CloudWatchLambdaApplicationSignalsExecutionRolePolicy: ['logs:*', 'xray:PutTraceSegments'],
  AWSXRayDaemonWriteAccess: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
  AdministratorAccess: ['*'],
};

/** The document of a policy kept by AWS, or undefined when the engine does not know it. */
export function awsManagedPolicy(arn: string): Json | undefined {
  const known = actions[/^arn:[^:]+:iam::aws:policy\/(.+)$/.exec(arn)?.[1] ?? ''];
  return known && { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: [...known], Resource: '*' }] };
}
