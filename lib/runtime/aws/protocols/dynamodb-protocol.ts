import { checkWriteSize } from '../calls/write-size.ts';
import { json } from './json-protocol.ts';
import type { Protocol } from './wire.ts';

const plain = json('DynamoDB_20120810', '1.0', 'never-empty');

/**
 * DynamoDB's values in JSON: bytes (`B`, `BS`) are base64 there and a Uint8Array here. Items without any, nearly all, go the short way: that there may be
 * some is seen in the text, which is quicker than to look at every value.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
 */
export const dynamodb: Protocol = {
  ...plain,
  encode(operation, input) {
    const request = plain.encode(operation, input);
    const text = String(request.body);
    const body = BYTES_SENT.test(text) ? JSON.stringify(input, bytesAsBase64) : text;
    checkWriteSize(operation, input, body);
    return { ...request, body };
  },
  decode(answer, operation) {
    const output = plain.decode(answer, operation);
    return BYTES_RECEIVED.some((sign) => answer.body.includes(sign))
      ? JSON.parse(answer.body.toString('utf8'), base64AsBytes)
      : output;
  },
};

/** How JSON.stringify() writes an array of bytes, or a Buffer, under its type; an attribute named B looks alike. */
const BYTES_SENT = /"BS?":\[?\{/;
const BYTES_RECEIVED = ['"B":"', '"BS":["'];

function bytesAsBase64(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
  // A Buffer has become something else in `value` already.
  const bytes = this[name];
  if (!ArrayBuffer.isView(bytes)) return value;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** A text under a type's name is that type's: whatever an attribute of this name holds is an object. */
function base64AsBytes(name: string, value: unknown): unknown {
  if (name === 'B' && typeof value === 'string') return bytesOf(value);
  return name === 'BS' && Array.isArray(value) ? value.map(bytesOf) : value;
}

const bytesOf = (base64: unknown): unknown =>
  typeof base64 === 'string' ? new Uint8Array(Buffer.from(base64, 'base64')) : base64;
