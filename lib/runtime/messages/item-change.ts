import type { AttributeValue, DynamoDBRecord } from 'aws-lambda';
import { type Envelope, envelope } from '../../contracts/events/envelope.ts';
import { ItemChanged, type ItemChangedData } from '../../contracts/events/item-change.ts';
import { exactNumber } from '../aws/calls/numbers.ts';

const CHANGES: Readonly<Record<string, ItemChangedData['change']>> = {
  INSERT: 'insert',
  MODIFY: 'modify',
  REMOVE: 'remove',
};
const MILLIS_PER_SECOND = 1_000;

/** A stream record as an event. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html */
export function itemChange(record: DynamoDBRecord): Envelope<ItemChangedData> {
  const { Keys, OldImage, NewImage, ApproximateCreationDateTime = 0, SequenceNumber = '' } = record.dynamodb ?? {};
  const arn = record.eventSourceARN ?? '';
  const table = arn.split('/')[1] ?? '';
  const data: ItemChangedData = {
    change: CHANGES[record.eventName ?? ''] ?? 'modify',
    table,
    keys: plain(Keys) ?? {},
    ...(OldImage === undefined ? {} : { before: plain(OldImage) }),
    ...(NewImage === undefined ? {} : { after: plain(NewImage) }),
    // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
    expired: (record.userIdentity as { principalId?: string } | undefined)?.principalId === 'dynamodb.amazonaws.com',
  };
  return envelope(ItemChanged, data, {
    // Event ids of a stream are unique among its records; the table makes them unique among streams.
    id: `${table}/${record.eventID ?? SequenceNumber}`,
    source: arn,
    time: new Date(ApproximateCreationDateTime * MILLIS_PER_SECOND),
  });
}

type Value = AttributeValue;

const plain = (image: Readonly<Record<string, Value>> | undefined): ItemChangedData['keys'] | undefined =>
  image === undefined
    ? undefined
    : Object.fromEntries(Object.entries(image).map(([name, value]) => [name, jsonOf(value)]));

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_AttributeValue.html: bytes are base64, as Lambda hands them on. */
function jsonOf({ S, N, BOOL, B, L, M, SS, NS, BS }: Value): unknown {
  if (N !== undefined) return numberOrText(N);
  if (L !== undefined) return L.map(jsonOf);
  if (M !== undefined) return plain(M);
  if (NS !== undefined) return NS.map(numberOrText);
  return S ?? BOOL ?? B ?? SS ?? BS ?? null;
}

/** A number that JavaScript cannot hold stays text. */
const numberOrText = (text: string): number | string => exactNumber(text) ?? text;
