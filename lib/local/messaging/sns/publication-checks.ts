import type { AttributeText } from '../messages/filter-policy.ts';
import { isTaken, MAX_NAME_CHARACTERS, messageBytes, NOT_TAKEN_CHARACTERS } from '../messages/message-checks.ts';
import type { Entry } from '../messages/publication.ts';
import { deduplicationIdOf } from './topic-deduplication.ts';

/** Why SNS refuses a message or a batch. */
export interface SnsRefusal {
  readonly code: string;
  readonly message: string;
}

/** Bytes of a message, and of all messages of a batch, attributes included. https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
const MAX_BYTES = 262_144;
const MAX_ENTRIES = 10;
const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

interface Topic {
  readonly arn: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
export function entryProblem(topic: Topic, entry: Entry): SnsRefusal | undefined {
  const { message, subject = '', group, attributes } = entry;
  if (message === '') return invalid('Empty message');
  for (const [name, attribute] of Object.entries(attributes)) {
    const problem = nameProblem(name) ?? valueProblem(name, attribute);
    if (problem !== undefined) return { code: 'ParameterValueInvalid', message: problem };
  }
  if (!isTaken(message)) return invalid(`Message Reason: ${NOT_TAKEN_CHARACTERS}`);
  if (!isTaken(subject)) return invalid(`Subject Reason: ${NOT_TAKEN_CHARACTERS}`);
  if (messageBytes(message, attributes) > MAX_BYTES) return invalid('Message too long');
  if (topic.attributes.FifoTopic !== 'true') return undefined;
  if (!group) return invalid('The MessageGroupId parameter is required for FIFO topics');
  if (deduplicationIdOf(topic, entry) !== undefined) return undefined;
  return invalid(
    'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
}

/** https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
export function batchProblem(entries: readonly Entry[]): SnsRefusal | undefined {
  if (entries.length === 0)
    return { code: 'EmptyBatchRequest', message: "The batch request doesn't contain any entries." };
  if (entries.length > MAX_ENTRIES)
    return {
      code: 'TooManyEntriesInBatchRequest',
      message: 'The batch request contains more entries than permissible.',
    };
  if (entries.some(({ id }) => !ENTRY_ID.test(id)))
    return {
      code: 'InvalidBatchEntryId',
      message: 'The Id of a batch entry in a batch request does not abide by the specification.',
    };
  if (new Set(entries.map(({ id }) => id)).size < entries.length)
    return { code: 'BatchEntryIdsNotDistinct', message: 'Two or more batch entries in the request have the same Id.' };
  const bytes = entries.reduce((sum, { message, attributes }) => sum + messageBytes(message, attributes), 0);
  if (bytes <= MAX_BYTES) return undefined;
  return {
    code: 'BatchRequestTooLong',
    message: 'The length of all the messages put together is more than the limit.',
  };
}

const invalid = (what: string): SnsRefusal => ({ code: 'InvalidParameter', message: `Invalid parameter: ${what}` });

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html */
function nameProblem(name: string): string | undefined {
  if (name.length > MAX_NAME_CHARACTERS)
    return `Length of message attribute name must be less than ${MAX_NAME_CHARACTERS} bytes.`;
  if (name.startsWith('.')) return "Invalid message attribute name starting with character '.' was found.";
  if (name.endsWith('.')) return "Invalid message attribute name ending with character '.' was found.";
  const other = /[^A-Za-z0-9_.-]/u.exec(name)?.[0];
  if (other !== undefined)
    return (
      `Invalid non-alphanumeric character '#x${other.codePointAt(0)?.toString(16).toUpperCase()}' was found in the message attribute name. ` +
      'Can only include alphanumeric characters, hyphens, underscores, or dots.'
    );
  return name.includes('..') ? "Message attribute name can not have successive '.' character." : undefined;
}

/** Types may have a label of their own: `String.Array`, `Number.int`. */
const TYPE = /^(?<prefix>String|Number|Binary)(?:\..+)?$/;

function valueProblem(name: string, { DataType, StringValue, BinaryValue }: AttributeText): string | undefined {
  const prefix = TYPE.exec(DataType)?.groups?.prefix;
  if (prefix === undefined)
    return `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`;
  const value = prefix === 'Binary' ? BinaryValue : StringValue;
  if (value === undefined && (StringValue ?? BinaryValue) !== undefined)
    return `The message attribute '${name}' with type '${DataType}' must use field '${prefix === 'Binary' ? 'Binary' : 'String'}'.`;
  if (value === undefined || value === '')
    return `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${DataType}'.`;
  if (prefix === 'Number' && Number.isNaN(Number(value)))
    return `Could not cast message attribute '${name}' value to number.`;
  return isTaken(value) ? undefined : `The message attribute '${name}' has a value with ${NOT_TAKEN_CHARACTERS}`;
}
