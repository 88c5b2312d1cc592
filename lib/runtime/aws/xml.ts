import { AwsError } from './call.ts';
import type { WireAnswer } from './wire.ts';

/** Text of the first element of a name. Enough for the few small answers that are XML. */
export const element = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(xml)?.[1];

/** The error in an XML answer; an answer without a body (HEAD, a proxy) is named by its status. */
export function xmlError({ status, body }: WireAnswer): AwsError {
  const text = body.toString('utf8');
  return new AwsError(
    element(text, 'Code') ?? 'UnknownError',
    element(text, 'Message') ?? `the service answered ${status}`,
    status,
  );
}
