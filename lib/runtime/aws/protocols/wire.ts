import { AwsError } from '../calls/call.ts';

/** One request as it goes over the wire. */
export interface WireRequest {
  /** @default 'POST' */
  readonly method?: string;
  /** Path and query, encoded. @default '/' */
  readonly path?: string;
  /** S3 only: part of the host name on AWS, of the path elsewhere. */
  readonly bucket?: string;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
}

export interface WireAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** How a service wants to be asked and how it answers. */
export interface Protocol {
  readonly encode: (operation: string, input: object) => WireRequest;
  /** @throws AwsError for an error in a successful answer; any other error for an answer that cannot be read */
  readonly decode: (answer: WireAnswer, operation: string) => unknown;
  readonly decodeError: (answer: WireAnswer) => AwsError;
}

/** @throws SyntaxError for a body that is not an object in JSON: an answer cut off, a proxy's page */
export function jsonObject(body: Buffer): Record<string, unknown> {
  const value: unknown = JSON.parse(body.toString('utf8'));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new SyntaxError('the answer is JSON but no object');
}

/** https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization: the code in a header, words in the body. */
export function restJsonError({ status, headers, body }: WireAnswer): AwsError {
  const code = String(headers['x-amzn-errortype'] ?? 'UnknownError').split(':')[0] ?? 'UnknownError';
  try {
    const details = jsonObject(body);
    return new AwsError(code, String(details.message ?? details.Message ?? code), status, details);
  } catch {
    return new AwsError(code, `the service answered ${status} with something that is not JSON`, status);
  }
}
