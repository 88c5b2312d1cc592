import { randomBytes } from 'node:crypto';
import type { UserIdentity } from './commit.ts';
import { type AttributeValue, type Item, itemSize, type KeyElement } from './dynalite.ts';
import { validationError } from './errors.ts';
import { sameValue } from './same-item.ts';
import type { Change } from './view.ts';

/** AWS keeps stream records for 24 hours. */
const RETENTION_MS = 24 * 60 * 60 * 1_000;
/** Newer records push out older ones beyond this many per stream, so that a long run does not fill the memory. */
const MAX_RECORDS = 200_000;
/** Sequence numbers are numeric strings; a fixed number of digits makes them sort as text too. */
const FIRST_SEQUENCE = 100_000_000_000_000_000_001n;

/** A record as GetRecords returns it. */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly eventVersion: '1.1';
  readonly eventSource: 'aws:dynamodb';
  readonly awsRegion: string;
  readonly dynamodb: {
    /** Seconds. */
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Item;
    readonly NewImage?: Item;
    readonly OldImage?: Item;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: string;
  };
  /** Spelt in both ways: as the Streams API has it (PrincipalId, Type) and as Lambda events do. */
  readonly userIdentity?: UserIdentity & { readonly PrincipalId: string; readonly Type: string };
}

/** One stream of a table: its single shard's records, oldest first. */
export interface Stream {
  readonly arn: string;
  readonly label: string;
  readonly tableName: string;
  readonly keySchema: readonly KeyElement[];
  readonly viewType: string;
  readonly shardId: string;
  /** Seconds. */
  readonly created: number;
  readonly records: StreamRecord[];
  /** How many records have been trimmed: the position of records[0]. */
  trimmed: number;
  isOpen: boolean;
}

/** Appends a change and trims what is too old or too much; undefined when it changed nothing. */
export function append(
  stream: Stream,
  change: Change,
  userIdentity: UserIdentity | undefined,
  region: string,
): StreamRecord | undefined {
  const { before, after } = change;
  const item = after ?? before;
  if (item === undefined || (before !== undefined && after !== undefined && sameValue(before, after))) return undefined;
  const { viewType } = stream;
  const Keys = keysOf(item, stream.keySchema);
  const NewImage = viewType.startsWith('NEW') ? after : undefined;
  const OldImage = viewType === 'OLD_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES' ? before : undefined;
  const record: StreamRecord = {
    eventID: randomBytes(16).toString('hex'),
    eventName: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: region,
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(Date.now() / 1_000),
      Keys,
      ...(NewImage && { NewImage }),
      ...(OldImage && { OldImage }),
      SequenceNumber: sequenceAt(stream.trimmed + stream.records.length),
      SizeBytes: [Keys, NewImage, OldImage].reduce((sum, image) => sum + (image ? itemSize(image) : 0), 0),
      StreamViewType: viewType,
    },
    ...(userIdentity && {
      userIdentity: { ...userIdentity, PrincipalId: userIdentity.principalId, Type: userIdentity.type },
    }),
  };
  stream.records.push(record);
  trim(stream);
  return record;
}

/** Removes what is too old or too much from the front. */
export function trim(stream: Stream): void {
  const oldest = stream.records[0];
  const tooOld = (record: StreamRecord | undefined) =>
    record !== undefined && record.dynamodb.ApproximateCreationDateTime * 1_000 < Date.now() - RETENTION_MS;
  if (stream.records.length <= MAX_RECORDS && !tooOld(oldest)) return;
  // A tenth at once: removing from the front of a long array is costly.
  let count = stream.records.length > MAX_RECORDS ? Math.ceil(MAX_RECORDS / 10) : 0;
  while (tooOld(stream.records[count])) count++;
  stream.records.splice(0, count);
  stream.trimmed += count;
}

/** The key attributes of an item. */
export function keysOf(item: Item, keySchema: readonly KeyElement[]): Item {
  const keys: Record<string, AttributeValue> = {};
  for (const { AttributeName } of keySchema) {
    const value = item[AttributeName];
    if (value !== undefined) keys[AttributeName] = value;
  }
  return keys;
}

/** Sequence number of the record at a position, counted from the start of the stream. */
export const sequenceAt = (position: number) => String(FIRST_SEQUENCE + BigInt(position));

/** @throws DynamodbError when it is not a number */
export function positionOf(sequence: unknown): number {
  const text = String(sequence);
  if (!/^\d{1,40}$/.test(text)) throw validationError(`Invalid SequenceNumber: ${text}`);
  return Number(BigInt(text) - FIRST_SEQUENCE);
}
