/** An error DynamoDB answers: HTTP status and the JSON body (`__type`, `message`, more). */
export class DynamodbError extends Error {
  readonly statusCode: number;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, more: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = code;
    this.statusCode = 400;
    this.body = { __type: `${PREFIXES[code] ?? MODEL}#${code}`, message, ...more };
  }

  /** `ConditionalCheckFailedException`, without the namespace. */
  get code(): string {
    return this.name;
  }

  /** Takes over dynalite's errors, which carry `statusCode` and `body`; anything else is thrown on as it is. */
  static from(error: unknown): DynamodbError {
    if (error instanceof DynamodbError) return error;
    const { body } = error as { body?: Record<string, unknown> };
    if (body === undefined) throw error;
    const code = String(body.__type).replace(/^.*#/, '');
    const { __type: _type, message, Message, ...more } = body;
    return new DynamodbError(code, String(message ?? Message ?? ''), more);
  }
}

const MODEL = 'com.amazonaws.dynamodb.v20120810';
/** Errors that do not belong to the model of DynamoDB. */
const PREFIXES: Readonly<Record<string, string>> = {
  ValidationException: 'com.amazon.coral.validate',
  SerializationException: 'com.amazon.coral.service',
  UnknownOperationException: 'com.amazon.coral.service',
};

export const validationError = (message: string) => new DynamodbError('ValidationException', message);
