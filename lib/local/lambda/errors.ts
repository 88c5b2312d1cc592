/** An error of the Lambda API: AWS's code, message and HTTP status. */
export class LambdaApiError extends Error {
  override readonly name = 'LambdaApiError';
  readonly code: string;
  readonly status: number;
  /** Further members of the answer's body. */
  readonly details: Readonly<Record<string, string>>;
  constructor(status: number, code: string, message: string, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** The concurrency limit of the function or the account is used up. */
export function throttled(reserved: boolean): LambdaApiError {
  const Reason = reserved ? 'ReservedFunctionConcurrentInvocationLimitExceeded' : 'ConcurrentInvocationLimitExceeded';
  return new LambdaApiError(429, 'TooManyRequestsException', 'Rate Exceeded.', { Reason, Type: 'User' });
}

export function functionNotFound(arn: string): LambdaApiError {
  return new LambdaApiError(404, 'ResourceNotFoundException', `Function not found: ${arn}`, { Type: 'User' });
}

export function isThrottled(error: unknown): boolean {
  return error instanceof LambdaApiError && error.code === 'TooManyRequestsException';
}
