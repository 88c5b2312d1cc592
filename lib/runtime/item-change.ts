import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { type Envelope, envelope } from '../contracts/envelope.ts';
import { ItemChanged, type ItemChangedData } from '../contracts/item-change.ts';

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

type Image = NonNullable<NonNullable<DynamoDBRecord['dynamodb']>['Keys']>;

function plain(image: Image | undefined): ItemChangedData['keys'] | undefined {
  if (image === undefined) return undefined;
  const item = unmarshall(image as Parameters<typeof unmarshall>[0], { wrapNumbers: safeNumber });
  return jsonOf(item) as ItemChangedData['keys'];
}

/** A number that JavaScript cannot hold stays text. */
function safeNumber(text: string): number {
  const value = Number(text);
  const exact = Number.isSafeInteger(value) || (!Number.isInteger(value) && text.replace(/\D/g, '').length <= 15);
  return exact ? value : (text as unknown as number);
}

function jsonOf(value: unknown): unknown {
  if (value instanceof Set) return [...value].map(jsonOf);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, jsonOf(field)]));
}
