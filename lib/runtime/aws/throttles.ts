/** Errors of a call, or of one entry of a batch, that was not carried out for want of capacity. */
const THROTTLES = new Set([
  'ThrottlingException',
  'Throttling',
  'Throttled',
  'ThrottledException',
  'RequestThrottled',
  'TooManyRequestsException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'TransactionInProgressException',
  'KMSThrottlingException',
  'KmsThrottled',
  'SlowDown',
]);

export const isThrottle = (code: string): boolean => THROTTLES.has(code);
