/** An error of the CloudWatch API: its code as the Query protocol names it, its name in the model, message and status. */
export class CloudWatchError extends Error {
  override readonly name = 'CloudWatchError';
  /** `InvalidParameterValue`: what the Query protocol and the CLI call it. */
  readonly code: string;
  /** `InvalidParameterValueException`: what the JSON and CBOR protocols call it. */
  readonly type: string;
  readonly status: number;
  constructor(code: string, type: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.type = type;
    this.status = status;
  }
}

/** Most problems of a request: `ValidationError`. */
export const invalid = (message: string): CloudWatchError =>
  new CloudWatchError('ValidationError', 'ValidationError', message);
export const invalidValue = (message: string): CloudWatchError =>
  new CloudWatchError('InvalidParameterValue', 'InvalidParameterValueException', message);
export const invalidCombination = (message: string): CloudWatchError =>
  new CloudWatchError('InvalidParameterCombination', 'InvalidParameterCombinationException', message);
export const missingParameter = (name: string): CloudWatchError =>
  new CloudWatchError(
    'MissingParameter',
    'MissingRequiredParameterException',
    `The parameter ${name} must be specified.`,
  );
export const notFound = (message: string): CloudWatchError =>
  new CloudWatchError('ResourceNotFound', 'ResourceNotFound', message, 404);
