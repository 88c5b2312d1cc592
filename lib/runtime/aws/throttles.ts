import { AwsError } from './calls/call.ts';

/**
 * Which errors of a call are worth another try. As the SDK has it, so that the light client and handlers with an SDK of their own see the
 * same: @smithy/core 3.41.0, `retry/service-error-classification/constants.js`, and the errors that a client marks `$retryable`.
 */
export type TryAgain = 'throttle' | 'transient';

/** Errors of a call, or of one entry of a batch, that was not carried out for want of capacity. */
const THROTTLES = new Set([
  // The SDK's, of every service.
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
  // Of SNS's and SQS's entries: https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
  'Throttled',
  'KMSThrottled',
  'KmsThrottled',
  // Of SNS and Kinesis: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
  'KMSThrottling',
  'KMSThrottlingException',
]);
const THROTTLE_STATUS = 429;

/** Not carried out, or not to the end, for a reason that passes. */
const TRANSIENT = new Set([
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  // Of DynamoDB, marked `$retryable`: a global table's other region wrote at the same time. client-dynamodb 3.1162.0, models/errors.js
  'ReplicatedWriteConflictException',
]);
const TRANSIENT_STATUSES = new Set([500, 502, 503, 504]);

export const isThrottle = (code: string): boolean => THROTTLES.has(code);

/** @returns undefined when another try would end the same */
export function tryAgain(error: Error): TryAgain | undefined {
  // No answer, or none that can be read.
  if (!(error instanceof AwsError)) return 'transient';
  const { name, status, message } = error;
  if (status === THROTTLE_STATUS || isThrottle(name)) return 'throttle';
  if (TRANSIENT.has(name) || TRANSIENT_STATUSES.has(status)) return 'transient';
  // Signed anew, it is in time.
  return name === 'InvalidSignatureException' && message.includes('Signature expired') ? 'transient' : undefined;
}
