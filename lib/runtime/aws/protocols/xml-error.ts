import { errorIn } from '../../../formats/xml.ts';
import { AwsError } from '../calls/call.ts';
import type { WireAnswer } from './wire.ts';

/** The error in an XML answer; an answer without a readable one (HEAD, a proxy) is named by its status. */
export function xmlError({ status, body }: WireAnswer): AwsError {
  const { code, message } = errorIn(body.toString('utf8')) ?? { code: 'UnknownError', message: undefined };
  return new AwsError(code, message ?? `the service answered ${status}`, status);
}
