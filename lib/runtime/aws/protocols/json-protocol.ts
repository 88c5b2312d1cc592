import { AwsError } from '../calls/call.ts';
import { jsonObject, type Protocol } from './wire.ts';

/**
 * https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html: the operation in a header, JSON both ways.
 * @param empty an operation without output may answer with an empty body; where every operation has one, an empty body was lost on its way
 */
export function json(target: string, version: '1.0' | '1.1', empty: 'may-be-empty' | 'never-empty'): Protocol {
  return {
    encode: (operation, input) => ({
      headers: { 'x-amz-target': `${target}.${operation}`, 'content-type': `application/x-amz-json-${version}` },
      body: JSON.stringify(input),
    }),
    decode: ({ body }) => (body.length === 0 && empty === 'may-be-empty' ? {} : jsonObject(body)),
    decodeError({ status, body }) {
      let details: Record<string, unknown> = {};
      try {
        details = jsonObject(body);
      } catch {
        return new AwsError(
          'UnreadableAnswer',
          `the service answered ${status} with something that is not JSON`,
          status,
        );
      }
      const type = String(details.__type ?? details.code ?? 'UnknownError');
      const code = type.slice(type.lastIndexOf('#') + 1).split(':')[0] ?? type;
      return new AwsError(code, String(details.message ?? details.Message ?? code), status, details);
    },
  };
}
