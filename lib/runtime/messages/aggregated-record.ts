import { createHash } from 'node:crypto';
import { KINESIS } from '../../contracts/declaring/limits.ts';

/**
 * Several events in one Kinesis record, in the format of the Kinesis Producer Library, so that its producers' records can be read
 * here and ours by its readers. https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
 *
 *   magic F3 89 9A C2 | protobuf AggregatedRecord | MD5 of the protobuf
 *
 * AggregatedRecord { repeated string partition_key_table = 1; repeated string explicit_hash_key_table = 2; repeated Record records = 3 }
 * Record { uint64 partition_key_index = 1; optional uint64 explicit_hash_key_index = 2; bytes data = 3; repeated Tag tags = 4 }
 */
const MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);
const MD5_BYTES = 16;

/** Protobuf wire types. https://protobuf.dev/programming-guides/encoding/ */
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

const tag = (field: number, wireType: number): number => (field << 3) | wireType;
const KEY_TABLE = tag(1, DELIMITED);
const RECORDS = tag(3, DELIMITED);
const KEY_INDEX = tag(1, VARINT);
const DATA = tag(3, DELIMITED);

const md5 = (bytes: Uint8Array): Buffer => createHash('md5').update(bytes).digest();

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

const delimited = (tagByte: number, content: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([tagByte]), varint(content.length), content]);

/** Magic, hash and the longest header of a key. */
export const recordOverhead = (key: string): number => MAGIC.length + MD5_BYTES + 6 + Buffer.byteLength(key);
/** Header of one event in the record, at its longest. */
export const EVENT_OVERHEAD_BYTES = 14;

/** One record with the data of several events, in order, all under one partition key. */
export function aggregated(key: string, data: readonly Uint8Array[]): Buffer {
  const record = (bytes: Uint8Array) =>
    delimited(RECORDS, Buffer.concat([Buffer.from([KEY_INDEX, 0]), delimited(DATA, bytes)]));
  const message = Buffer.concat([delimited(KEY_TABLE, Buffer.from(key)), ...data.map(record)]);
  return Buffer.concat([MAGIC, message, md5(message)]);
}

export interface UserRecord {
  readonly key: string;
  readonly data: Buffer;
}

/**
 * The events in an aggregated record, each with its own key.
 * @returns undefined for anything else: a plain record that happens to begin like one, a damaged one, or one without events is a plain record, as the
 *   format says
 */
export function deaggregated(record: Buffer): readonly UserRecord[] | undefined {
  if (record.length <= MAGIC.length + MD5_BYTES || !record.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const message = record.subarray(MAGIC.length, -MD5_BYTES);
  if (!md5(message).equals(record.subarray(-MD5_BYTES))) return undefined;
  const keys: string[] = [];
  const records: { index: number; data: Buffer }[] = [];
  const read = readFields(message, (fieldTag, value) => {
    if (fieldTag === KEY_TABLE && Buffer.isBuffer(value)) keys.push(value.toString('utf8'));
    if (fieldTag !== RECORDS || !Buffer.isBuffer(value)) return true;
    let index: number | undefined;
    let data: Buffer | undefined;
    const whole = readFields(value, (innerTag, inner) => {
      if (innerTag === KEY_INDEX && typeof inner === 'number') index = inner;
      if (innerTag === DATA && Buffer.isBuffer(inner)) data = inner;
      return true;
    });
    if (!whole || index === undefined || data === undefined) return false;
    records.push({ index, data });
    return true;
  });
  const known = records.flatMap(({ index, data }) => {
    const key = keys[index];
    return key === undefined || key === '' || key.length > KINESIS.maxPartitionKeyCharacters ? [] : [{ key, data }];
  });
  return read && known.length > 0 && known.length === records.length ? known : undefined;
}

/** Hands every field on; unknown ones too, to be passed over. @returns false when the bytes are no protobuf message, or the taker refused one */
function readFields(bytes: Buffer, take: (fieldTag: number, value: Buffer | number) => boolean): boolean {
  let at = 0;
  const next = (): number | undefined => {
    let value = 0;
    for (let factor = 1; factor <= Number.MAX_SAFE_INTEGER; factor *= 0x80) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const fieldTag = next();
    if (fieldTag === undefined) return false;
    const wireType = fieldTag & 7;
    if (wireType === VARINT) {
      const value = next();
      if (value === undefined || !take(fieldTag, value)) return false;
      continue;
    }
    const length = wireType === DELIMITED ? next() : { [FIXED64]: 8, [FIXED32]: 4 }[wireType];
    if (length === undefined || at + length > bytes.length) return false;
    if (!take(fieldTag, bytes.subarray(at, at + length))) return false;
    at += length;
  }
  return true;
}
