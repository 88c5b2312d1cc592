import type { LambdaFunctionURLEvent } from 'aws-lambda';

/** Whether a call came through the function URL rather than the Lambda API. */
export const isUrlEvent = (input: unknown): input is LambdaFunctionURLEvent =>
  typeof input === 'object' && input !== null && 'requestContext' in input && 'rawPath' in input;

/** The JSON of its body; as text when it is none: who reads the request says what is wrong with it. */
export function bodyOf({ body = '', isBase64Encoded }: LambdaFunctionURLEvent): unknown {
  const text = isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
