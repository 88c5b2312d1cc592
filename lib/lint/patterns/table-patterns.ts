import { at, isRecord, type Json, listOf, recordOf } from '../reading/json.ts';
import type { Resource } from '../reading/resources.ts';
import { json } from '../reading/text.ts';
import { faultsIn, matchesAbsent, unknownMembers } from './patterns.ts';

const TYPE_KEYS = ['S', 'N', 'B', 'BOOL', 'NULL', 'M', 'L', 'SS', 'NS', 'BS'];
const EVENT_NAMES = ['INSERT', 'MODIFY', 'REMOVE'];
/** Which images a view holds. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StreamSpecification.html */
const IMAGES: Readonly<Record<string, readonly string[]>> = {
  KEYS_ONLY: [],
  NEW_IMAGE: ['NewImage'],
  OLD_IMAGE: ['OldImage'],
  NEW_AND_OLD_IMAGES: ['NewImage', 'OldImage'],
};
/** The change that has no image of this kind. */
const WITHOUT: Readonly<Record<string, string>> = { NewImage: 'REMOVE', OldImage: 'INSERT' };

const RECORD = [
  ...['eventID', 'eventName', 'eventVersion', 'eventSource', 'awsRegion', 'dynamodb', 'eventSourceARN'],
  'userIdentity',
];
const CHANGE = [
  ...['ApproximateCreationDateTime', 'Keys', 'NewImage', 'OldImage', 'SequenceNumber', 'SizeBytes', 'StreamViewType'],
  'ApproximateCreationDateTimePrecision',
];

/** Why a filter over the records of a table's stream never matches. @param table undefined when it is not in these templates */
export function tableFaults(pattern: Json, table: Resource | undefined): readonly string[] {
  const view = at(table?.properties, 'StreamSpecification', 'StreamViewType');
  const keys = listOf(table?.properties.KeySchema).map((key) => recordOf(key).AttributeName);
  const names = listOf(pattern.eventName);
  const unknown = unknownMembers(RECORD, "a record of a table's stream");
  return faultsIn(pattern, (member, condition) => {
    if (member === 'eventName')
      return listOf(condition).every((name) => typeof name === 'string' && !EVENT_NAMES.includes(name))
        ? [`eventName is ${json(listOf(condition))} and never one of ${EVENT_NAMES.join(', ')}`]
        : [];
    if (member !== 'dynamodb') return unknown(member, condition);
    return faultsIn(recordOf(condition), (image, attributes) => {
      if (!CHANGE.includes(image)) return unknownMembers(CHANGE, 'dynamodb')(image, attributes);
      if (!isRecord(attributes) || matchesAbsent(attributes)) return [];
      if (image === 'Keys' && keys.length > 0 && keys.every((key) => typeof key === 'string'))
        return [...faultsIn(attributes, unknownMembers(keys as string[], 'Keys')), ...attributeFaults(attributes)];
      if (!(image in WITHOUT)) return attributeFaults(attributes);
      const held = typeof view === 'string' ? IMAGES[view] : undefined;
      if (held !== undefined && !held.includes(image)) return [`${image} is not in the stream, which holds ${view}`];
      if (names.length > 0 && names.every((name) => name === WITHOUT[image]))
        return [`${image} is not in a record of ${WITHOUT[image]}`];
      return attributeFaults(attributes);
    });
  });
}

/** Attributes without their type, and comparisons that never match. */
const attributeFaults = (attributes: Json): readonly string[] =>
  faultsIn(attributes, (attribute, value) => {
    if (isRecord(value) && Object.keys(value).some((key) => key.startsWith('Fn::') || key === 'Ref')) return [];
    if (!isRecord(value) || !Object.keys(value).every((key) => TYPE_KEYS.includes(key) || key === '$or'))
      return matchesAbsent(value) ? [] : [`${attribute}: ${json(value)} lacks the type of the attribute`];
    if (isRecord(value.M)) return attributeFaults(value.M);
    const numbers = listOf(value.N);
    const never = (one: unknown) => typeof one === 'number' || (isRecord(one) && 'numeric' in one);
    return numbers.length > 0 && numbers.every(never)
      ? [`${attribute}: ${json(value)} compares text with a number`]
      : [];
  });
