import { AwsError, OutOfTime } from '../aws/calls/call.ts';
import { cancellationReasons } from '../aws/dynamodb.ts';
import { type TryAgain, tryAgain } from '../aws/throttles.ts';

/**
 * Answers of a store that say: not now. Nothing was done, and the same request is good a moment later; they are nobody's failure, and spend no attempt.
 * The light client has tried throttles and broken answers again before (`aws/throttles.ts`); conflicts it has not, for whoever gets one may want to read
 * first.
 *
 * | answer | when | source |
 * |---|---|---|
 * | a transaction cancelled for TransactionConflict, ThrottlingError, ProvisionedThroughputExceeded and nothing else | another request has one of the items in its hands; a new on-demand table, a popular key | https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html |
 * | TransactionConflictException | the same, of a single write | https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling |
 * | TransactionInProgressException | the same token is still under way | as the first |
 * | ConditionalRequestConflict, OperationAborted | another write of the same object is under way | https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html |
 * | a throttle, 429, 500 to 504 | | `aws/throttles.ts` |
 */
const PASSING_REASONS = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);
const CONFLICTS = new Set(['TransactionConflictException', 'ConditionalRequestConflict', 'OperationAborted']);

/** What the SDK's errors have beside a message. */
interface SdkError {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly CancellationReasons?: readonly { readonly Code?: string }[];
}

/**
 * Whether AWS answered: not now. Also of the errors of the AWS SDK, which a handler may use.
 * @param error anything that was thrown; what did not come from AWS is never transient
 */
export const isTransientAnswer = (error: unknown): boolean => kindOf(error) !== undefined;

/** Whether AWS answered that there is no room: a throttle, or that others have the item in their hands. Not what is broken (500 to 504). */
export const wasThrottled = (error: unknown): boolean => kindOf(error) === 'throttle';

function kindOf(error: unknown): TryAgain | undefined {
  if (!(error instanceof Error)) return undefined;
  const answered = error instanceof AwsError ? error : fromSdk(error);
  if (answered === undefined) return undefined;
  if (answered.name === 'TransactionCanceledException') {
    const codes = (cancellationReasons(answered) ?? [])
      .map(({ Code }) => Code ?? 'None')
      .filter((code) => code !== 'None');
    return codes.length > 0 && codes.every((code) => PASSING_REASONS.has(code)) ? 'throttle' : undefined;
  }
  return CONFLICTS.has(answered.name) ? 'throttle' : tryAgain(answered);
}

/** Whether it was a store that was busy, and not the work that failed: it said so to the end, or had not answered when the time was up. */
export const wasBusy = (error: unknown): boolean => isTransientAnswer(error) || error instanceof OutOfTime;

function fromSdk(error: Error & SdkError): AwsError | undefined {
  const status = error.$metadata?.httpStatusCode;
  if (status === undefined) return undefined;
  const { CancellationReasons } = error;
  return new AwsError(
    error.name,
    error.message,
    status,
    CancellationReasons === undefined ? {} : { CancellationReasons },
  );
}
