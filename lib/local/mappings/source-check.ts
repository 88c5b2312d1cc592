import { parseArn } from '../../formats/arn.ts';
import { AwsCallError } from '../call.ts';
import { numberAt, objectAt } from '../json.ts';
import type { FunctionDefinition } from '../lambda/definition.ts';
import { sourceKind } from './configuration/config.ts';
import { invalidParameter } from './configuration/config-rules.ts';
import type { MappingConfig, MappingContext } from './configuration/mapping.ts';
import { streamNameOf } from './streams/kinesis-source.ts';

/** Visibility of a queue that does not say, seconds. */
const DEFAULT_VISIBILITY_SECONDS = 30;

/**
 * Makes sure that the source of a mapping is there, and that a queue hides its messages for as long as the function may work on them.
 * @throws LambdaApiError InvalidParameterValueException with AWS's message
 */
export async function checkSource(
  { eventSourceArn }: MappingConfig,
  definition: FunctionDefinition,
  { calls, accountId }: Pick<MappingContext, 'calls' | 'accountId'>,
): Promise<void> {
  const kind = sourceKind(eventSourceArn);
  if (kind === 'sqs') {
    const QueueUrl = `http://127.0.0.1/${accountId}/${parseArn(eventSourceArn)?.resource}`;
    const answer = await calls
      .json('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['VisibilityTimeout'] })
      .catch(asMissing(NO_QUEUE));
    const visibility = numberAt(objectAt(answer, 'Attributes'), 'VisibilityTimeout') ?? DEFAULT_VISIBILITY_SECONDS;
    const timeout = definition.timeoutMs / 1000;
    if (visibility < timeout)
      throw invalidParameter(
        `Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${timeout} seconds`,
      );
  } else if (kind === 'dynamodb') {
    await calls
      .json('streams', 'DescribeStream', { StreamArn: eventSourceArn })
      .catch(asMissing(`Stream not found: ${eventSourceArn}`));
  } else if (eventSourceArn.includes('/consumer/')) {
    await calls
      .json('kinesis', 'DescribeStreamConsumer', { ConsumerARN: eventSourceArn })
      .catch(asMissing(`Stream consumer not found: ${eventSourceArn}`));
  } else {
    const StreamName = streamNameOf(eventSourceArn);
    const message = `Received Exception while reading from provided stream. Stream ${StreamName} under account ${accountId} not found.`;
    await calls.json('kinesis', 'DescribeStreamSummary', { StreamName }).catch(asMissing(message));
  }
}

const NO_QUEUE =
  'Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.';

const asMissing =
  (message: string) =>
  (error: unknown): never => {
    const missing =
      error instanceof AwsCallError && /NonExistentQueue|QueueDoesNotExist|ResourceNotFoundException/.test(error.code);
    throw missing ? invalidParameter(message) : error;
  };
