import type { AttributeValue, Item } from './expressions.ts';

/** How the services count bytes, and what SQS takes for text. Said here again, not taken from the runtime: it is what is judged. */

const KIB = 1_024;
export const MAX_SQS_BYTES = KIB * KIB;
export const MAX_SNS_BYTES = 256 * KIB;
export const MAX_ITEM_BYTES = 400 * KIB;
export const MAX_TRANSACTION_BYTES = 4 * KIB * KIB;
export const MAX_PUT_RECORDS_BYTES = 10 * KIB * KIB;
/** Of a stream that does not say MaxRecordSizeInKiB. https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html */
export const MAX_RECORD_BYTES = KIB * KIB;
/** What Lambda hands to a function at once, base64 included. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MAX_PAYLOAD_BYTES = 6 * KIB * KIB;

/** An attribute of a message, as the API has it: a binary value is base64. */
export interface Attribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}
export type Attributes = Readonly<Record<string, Attribute>>;

export const MAX_ATTRIBUTES = 10;
const ATTRIBUTE_NAME = /^(?!aws\.|amazon\.)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/i;
const DATA_TYPE = /^(String|Number|Binary)(\..+)?$/;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused.
const REFUSED_CHARACTER = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const isRefused = (text: string): boolean => REFUSED_CHARACTER.test(text) || !text.isWellFormed();

const base64Bytes = (text: string): number => Buffer.byteLength(text, 'base64');

/** Body, and names, types and values of attributes. */
export function messageBytes(body: string, attributes: Attributes): number {
  let sum = Buffer.byteLength(body);
  for (const [name, { DataType, StringValue = '', BinaryValue = '' }] of Object.entries(attributes)) {
    sum += Buffer.byteLength(name) + DataType.length + Buffer.byteLength(StringValue) + base64Bytes(BinaryValue);
  }
  return sum;
}

/** What is wrong with a message; undefined: SQS and SNS take it. */
export function refusal(body: string, attributes: Attributes): { code: string; message: string } | undefined {
  if (body === '') return { code: 'MissingParameter', message: 'the body is empty' };
  if (isRefused(body)) {
    return { code: 'InvalidMessageContents', message: 'the body has a character outside the allowed set' };
  }
  const invalid = (message: string) => ({ code: 'InvalidParameterValue', message });
  const entries = Object.entries(attributes);
  if (entries.length > MAX_ATTRIBUTES) return invalid(`${entries.length} attributes, at most ${MAX_ATTRIBUTES}`);
  for (const [name, { DataType, StringValue, BinaryValue }] of entries) {
    if (!ATTRIBUTE_NAME.test(name)) return invalid(`attribute name '${name}'`);
    if (!DATA_TYPE.test(DataType)) return invalid(`attribute '${name}' has type '${DataType}'`);
    const binary = DataType.startsWith('Binary');
    const value = binary ? BinaryValue : StringValue;
    if (value === undefined || value === '') return invalid(`attribute '${name}' of type ${DataType} has no value`);
    if (!binary && isRefused(value)) return invalid(`attribute '${name}' has a refused character`);
    if (DataType.startsWith('Number') && Number.isNaN(Number(value))) return invalid(`'${value}' is no number`);
  }
  return undefined;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
export function itemBytes(item: Item): number {
  let sum = 0;
  for (const name in item) sum += Buffer.byteLength(name) + valueBytes(item[name] ?? {});
  return sum;
}

function valueBytes(value: AttributeValue): number {
  let type = '';
  for (type in value) break;
  const content = value[type];
  switch (type) {
    case 'S':
      return Buffer.byteLength(content as string);
    case 'N':
      return Math.ceil((content as string).length / 2) + 1;
    case 'B':
      return base64Bytes(content as string);
    case 'SS':
    case 'NS':
    case 'BS':
      return (content as string[]).reduce((sum, member) => sum + Buffer.byteLength(member), 0);
    case 'L':
      return 3 + (content as AttributeValue[]).reduce((sum, member) => sum + 1 + valueBytes(member), 0);
    case 'M':
      return 3 + itemBytes(content as Item);
    default:
      return 1;
  }
}
