/** An error answer of Kinesis: its AWS code and message. */
export class KinesisError extends Error {
  override readonly name = 'KinesisError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const invalidArgument = (message: string): KinesisError => new KinesisError('InvalidArgumentException', message);

export const notFound = (message: string): KinesisError => new KinesisError('ResourceNotFoundException', message);

export const inUse = (message: string): KinesisError => new KinesisError('ResourceInUseException', message);

export const limitExceeded = (message: string): KinesisError => new KinesisError('LimitExceededException', message);

/** In AWS's words. @param member in the request, in camel case @param rule `Member must ...` */
export const invalidMember = (value: unknown, member: string, rule: string): KinesisError =>
  new KinesisError(
    'ValidationException',
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${rule}`,
  );
