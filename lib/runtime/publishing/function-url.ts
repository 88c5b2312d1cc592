import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { isThrottledCall, orThrottled, type ThrottledCall, throttledResponse } from './called.ts';

/**
 * A function that is called through the Lambda API, with the request as payload, or through its URL, with the request as body. Where there is no room
 * for what the caller wants, both are told so: `orThrottled()`.
 * @param name of the function without its stack: `place-order`
 * @param answer to a request; of a body that is no JSON it is given the text, to refuse it in its own words
 * @param statusOf an answer, as HTTP has it
 */
export const answered =
  <Result>(name: string, answer: (request: unknown) => Promise<Result>, statusOf: (result: Result) => number) =>
  async (input: unknown): Promise<Result | ThrottledCall | LambdaFunctionURLResult> => {
    const isUrl = isUrlEvent(input);
    const result = await orThrottled(name, () => answer(isUrl ? bodyOf(input) : input));
    if (!isUrl) return result;
    if (isThrottledCall(result)) return throttledResponse(result);
    return {
      statusCode: statusOf(result),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(result),
    };
  };

const isUrlEvent = (input: unknown): input is LambdaFunctionURLEvent =>
  typeof input === 'object' && input !== null && 'requestContext' in input && 'rawPath' in input;

function bodyOf(event: LambdaFunctionURLEvent): unknown {
  const text = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString('utf8') : (event.body ?? '');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
