/** A message attribute as requests carry it; binary values are base64. */
export interface Attribute {
  readonly DataType?: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}
export type MessageAttributes = Readonly<Record<string, Attribute>>;

/** Why a message is refused, with the code of the query protocol. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Attributes a message of a queue can have. */
export const MAX_ATTRIBUTES = 10;
export const MAX_NAME_CHARACTERS = 256;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html; a surrogate without its other half is no character. */
const NOT_TAKEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Whether SQS takes all characters of a text. */
export const isTaken = (text: string): boolean => !NOT_TAKEN.test(text);

/** What a message weighs against the limits of SQS and SNS: its body, and name, type and value of every attribute; binary values as the bytes they are. */
export function messageBytes(body: string, attributes: MessageAttributes = {}): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, { DataType = '', StringValue, BinaryValue }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType);
    bytes += StringValue === undefined ? 0 : Buffer.byteLength(StringValue);
    bytes += BinaryValue === undefined ? 0 : Buffer.byteLength(BinaryValue, 'base64');
  }
  return bytes;
}

/** Characters of body and attributes, and what attributes may be. */
export function contentProblem(body: string, attributes: MessageAttributes = {}): Refusal | undefined {
  const all = Object.entries(attributes);
  if (all.length > MAX_ATTRIBUTES)
    return invalid(`Number of message attributes [${all.length}] exceeds the allowed maximum [${MAX_ATTRIBUTES}].`);
  for (const [name, attribute] of all) {
    const problem = nameProblem(name) ?? valueProblem(name, attribute);
    if (problem !== undefined) return problem;
  }
  return isTaken(body) ? undefined : INVALID_CONTENTS;
}

const invalid = (message: string): Refusal => ({ code: 'InvalidParameterValue', message });

export const NOT_TAKEN_CHARACTERS =
  'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF';
const INVALID_CONTENTS: Refusal = { code: 'InvalidMessageContents', message: NOT_TAKEN_CHARACTERS };

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html */
function nameProblem(name: string): Refusal | undefined {
  if (name.length > MAX_NAME_CHARACTERS)
    return invalid(`Message (user) attribute names must be shorter than ${MAX_NAME_CHARACTERS} Bytes`);
  if (!/^[A-Za-z0-9_.-]+$/.test(name))
    return invalid(
      'Message (user) attribute name can only contain upper and lower case characters, digits, periods, hyphens and underscores.',
    );
  if (/^(aws|amazon)\.|^\.|\.$|\.\./i.test(name))
    return invalid(
      "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for internal use. Additionally, they cannot start or end with '.' or have periods in succession.",
    );
  return undefined;
}

function valueProblem(
  name: string,
  { DataType = '', StringValue = '', BinaryValue = '' }: Attribute,
): Refusal | undefined {
  const [type = ''] = DataType.split('.');
  if (!['String', 'Number', 'Binary'].includes(type))
    return invalid(
      `The type of message (user) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`,
    );
  if (Buffer.byteLength(DataType) > MAX_NAME_CHARACTERS)
    return invalid(`Message (user) attribute types must be shorter than ${MAX_NAME_CHARACTERS} Bytes`);
  if ((type === 'Binary' ? BinaryValue : StringValue) === '')
    return invalid(`Message (user) attribute '${name}' must contain a non-empty value of type '${type}'.`);
  if (type === 'Number' && Number.isNaN(Number(StringValue)))
    return invalid(`Can't cast the value of message (user) attribute '${name}' to a number.`);
  return isTaken(StringValue) ? undefined : INVALID_CONTENTS;
}
