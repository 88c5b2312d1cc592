/** Services the runtime itself calls. */
export type AwsService = 'dynamodb' | 'sqs' | 'sns' | 'kinesis' | 's3' | 'scheduler' | 'lambda';

/** The time that a call has. */
export interface CallTime {
  /** Milliseconds from now in which it must have ended, whatever came of it. Asked before each of its tries. */
  readonly millisLeft: () => number;
}

/**
 * One call to AWS: the seam between the runtime and the world. `http.ts` is the real one; the simulator has another.
 * Input and output are the API's own JSON (for DynamoDB with its typed attribute values); bodies of S3 are bytes.
 * @param time of an invocation that has to answer. @default as long as its tries take
 * @throws AwsError for an error that AWS answered; OutOfTime when the time was up before an answer; any other error when there was none
 */
export type AwsCall = (service: AwsService, operation: string, input: object, time?: CallTime) => Promise<unknown>;

/** A call, or what it was for, had not ended when its invocation had to answer. What it was made for may have been done all the same. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/** An error that AWS answered. `name` is the error's code: `ConditionalCheckFailedException`. */
export class AwsError extends Error {
  override readonly name: string;
  readonly status: number;
  /** The whole answer: some errors carry more than a message. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, status: number, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = code;
    this.status = status;
    this.details = details;
  }
}

/** Whether an error is the AWS error of this code. */
export const isAwsError = (error: unknown, code: string): error is AwsError =>
  error instanceof AwsError && error.name === code;
