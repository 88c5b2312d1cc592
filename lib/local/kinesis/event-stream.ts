import { crc32 } from 'node:zlib';

/** Of a header's value that is text. https://smithy.io/2.0/aws/amazon-eventstream.html */
const TEXT = 7;
const LENGTH_BYTES = 4;
const PRELUDE_BYTES = 3 * LENGTH_BYTES;

/** One message of an event stream. https://smithy.io/2.0/aws/amazon-eventstream.html */
export function eventMessage(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)));
  const message = Buffer.alloc(PRELUDE_BYTES + head.length + payload.length + LENGTH_BYTES);
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(head.length, LENGTH_BYTES);
  message.writeUInt32BE(crc32(message.subarray(0, 2 * LENGTH_BYTES)), 2 * LENGTH_BYTES);
  message.set(head, PRELUDE_BYTES);
  message.set(payload, PRELUDE_BYTES + head.length);
  const end = message.length - LENGTH_BYTES;
  message.writeUInt32BE(crc32(message.subarray(0, end)), end);
  return message;
}

function header(name: string, value: string): Buffer {
  const bytes = Buffer.from(value);
  const lengths = Buffer.alloc(3);
  lengths.writeUInt8(TEXT, 0);
  lengths.writeUInt16BE(bytes.length, 1);
  return Buffer.concat([Buffer.from([Buffer.byteLength(name)]), Buffer.from(name), lengths, bytes]);
}
