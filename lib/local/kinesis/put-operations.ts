import { textAt } from '../json.ts';
import type { Context, Operations } from './context.ts';
import { invalidArgument, invalidMember, notFound } from './errors.ts';
import { HASH_KEYS, hashKeyOf, shardFor } from './hash-keys.ts';
import { bytesAt, type Input, requiredText } from './input.ts';
import { positionOf, sequenceNumber } from './sequence-number.ts';
import { type Stream, shardIdOf, statusOf } from './stream.ts';
import { streamIn } from './streams.ts';

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const MAX_RECORDS = 500;
const MAX_BATCH_BYTES = 10 * 1024 * 1024;
const PARTITION_KEY = { min: 1, max: 256 };
const HASH_KEY = /^(0|[1-9]\d{0,38})$/;
const KIB = 1024;

export const putOperations: Operations = {
  PutRecord(input, context) {
    const stream = writableIn(input, context);
    const record = recordIn(input, stream);
    const order = textAt(input, 'SequenceNumberForOrdering');
    if (order !== undefined && positionOf(order) === undefined)
      throw invalidArgument(`ExclusiveMinimumSequenceNumber ${order} used in PutRecord is invalid.`);
    return { ...append(record, stream, context), EncryptionType: encryptionOf(stream) };
  },
  PutRecords(input, context) {
    const given = input.Records;
    if (!Array.isArray(given)) throw invalidMember('null', 'records', 'Member must not be null');
    const length = `Member must have length`;
    if (given.length < 1) throw invalidMember('[]', 'records', `${length} greater than or equal to 1`);
    if (given.length > MAX_RECORDS)
      throw invalidMember(`[${given.length} records]`, 'records', `${length} less than or equal to ${MAX_RECORDS}`);
    const stream = writableIn(input, context);
    // All of them are looked at before the first is kept.
    const records = given.map((record: Input) => recordIn(record, stream));
    const bytes = records.reduce((sum, record) => sum + bytesOf(record), 0);
    if (bytes > MAX_BATCH_BYTES)
      throw invalidArgument(`Records size exceeds 10 MB limit: ${bytes} bytes with their partition keys.`);
    return {
      FailedRecordCount: 0,
      Records: records.map((record) => append(record, stream, context)),
      EncryptionType: encryptionOf(stream),
    };
  },
};

interface Incoming {
  readonly partitionKey: string;
  readonly hashKey: string | undefined;
  readonly data: Uint8Array;
}

const bytesOf = ({ data, partitionKey }: Incoming): number => data.length + Buffer.byteLength(partitionKey);
const encryptionOf = ({ keyId }: Stream): string => (keyId === undefined ? 'NONE' : 'KMS');

/** While it is being made there is no stream yet. */
function writableIn(input: Input, context: Context): Stream {
  const stream = streamIn(input, context);
  if (statusOf(stream, context.now()) !== 'CREATING') return stream;
  throw notFound(`Stream ${stream.name} under account ${context.account} not found.`);
}

function recordIn(input: Input, stream: Stream): Incoming {
  const partitionKey = requiredText(input, 'PartitionKey', PARTITION_KEY);
  const hashKey = textAt(input, 'ExplicitHashKey');
  if (hashKey !== undefined && !HASH_KEY.test(hashKey))
    throw invalidMember(
      hashKey,
      'explicitHashKey',
      'Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})',
    );
  if (hashKey !== undefined && BigInt(hashKey) >= HASH_KEYS)
    throw invalidArgument(
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${hashKey}`,
    );
  const data = bytesAt(input, 'Data');
  if (data.length > stream.recordKib * KIB)
    throw invalidArgument(
      `Record of ${data.length} bytes is larger than the maximum record size of the stream ${stream.name}: ${stream.recordKib} KiB.`,
    );
  return { partitionKey, hashKey, data };
}

function append(record: Incoming, stream: Stream, { log, now }: Context) {
  const hashKey = record.hashKey === undefined ? hashKeyOf(record.partitionKey) : BigInt(record.hashKey);
  const shard = shardFor(stream.shards, hashKey);
  const encrypted = stream.keyId !== undefined;
  const { number, arrivedAt } = log.append(shard.key, { ...record, encrypted }, now());
  const { index, created } = shard;
  return {
    SequenceNumber: sequenceNumber({ shard: index, created, number }, Math.floor(arrivedAt / 1_000)),
    ShardId: shardIdOf(index),
  };
}
