import { AwsError } from '../../lib/runtime/aws/calls/call.ts';

/** A message as SendMessage takes it; binary values are base64, as in its JSON. */
export interface Sent {
  readonly MessageBody: string;
  readonly MessageAttributes?: Readonly<Record<string, SentAttribute>>;
  readonly MessageGroupId?: string;
}
interface SentAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

const MAX_BYTES = 1_048_576;
const MAX_ATTRIBUTES = 10;
const NAME = /^[A-Za-z0-9_.-]{1,256}$/;
const TYPE = /^(String|Number|Binary)(\.[^\s]{1,249})?$/;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html, code point by code point */
function isTaken(text: string): boolean {
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const control = point < 0x20 && ![0x9, 0xa, 0xd].includes(point);
    if (control || (point >= 0xd800 && point <= 0xdfff) || point === 0xfffe || point === 0xffff) return false;
  }
  return true;
}

/** Takes what SQS takes. @throws AwsError for the rest, as SQS */
export function checkAsSqs({ MessageBody, MessageAttributes = {} }: Sent): void {
  const refuse = (code: string, why: string): never => {
    throw new AwsError(code, why, 400);
  };
  if (MessageBody === '') refuse('MissingParameter', 'The request must contain the parameter MessageBody.');
  const attributes = Object.entries(MessageAttributes);
  if (attributes.length > MAX_ATTRIBUTES) refuse('InvalidParameterValue', `${attributes.length} attributes`);
  let bytes = Buffer.byteLength(MessageBody);
  const texts = [MessageBody];
  for (const [name, { DataType, StringValue, BinaryValue }] of attributes) {
    if (!NAME.test(name) || !TYPE.test(DataType))
      refuse('InvalidParameterValue', `attribute '${name}' of '${DataType}'`);
    const binary = DataType.startsWith('Binary');
    const value = binary ? Buffer.from(BinaryValue ?? '', 'base64') : Buffer.from(StringValue ?? '');
    if (value.length === 0) refuse('InvalidParameterValue', `attribute '${name}' is empty`);
    if (!binary) texts.push(StringValue ?? '');
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType) + value.length;
  }
  if (!texts.every(isTaken)) refuse('InvalidMessageContents', 'Invalid characters found.');
  if (bytes > MAX_BYTES) refuse('InvalidParameterValue', `Message must be shorter than ${MAX_BYTES} bytes (${bytes}).`);
}
