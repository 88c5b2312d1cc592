import { textAt } from '../json.ts';
import type { Context, Operations } from './context.ts';
import { invalidArgument, notFound } from './errors.ts';
import { type Input, numberIn, oneOf, required, timeAt } from './input.ts';
import { iteratorIn, iteratorToken } from './iterators.ts';
import { positionOf, sequenceNumber } from './sequence-number.ts';
import { childShards } from './shard-view.ts';
import { isOpen, type Shard, type Stream, shardIdOf, trimHorizon } from './stream.ts';
import { shardIn, streamIn } from './streams.ts';
import type { ResultObject } from './wire.ts';

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html */
const MAX_RECORDS = 10_000;
const MAX_BYTES = 10 * 1024 * 1024;
const TYPES = ['TRIM_HORIZON', 'LATEST', 'AT_SEQUENCE_NUMBER', 'AFTER_SEQUENCE_NUMBER', 'AT_TIMESTAMP'] as const;

export const readOperations: Operations = {
  GetShardIterator(input, context) {
    const shardId = required(input, 'ShardId');
    const stream = streamIn(input, context);
    const shard = shardIn(stream, shardId, context);
    const number = startingNumber(
      { type: input.ShardIteratorType, sequence: input.StartingSequenceNumber, timestamp: input.Timestamp },
      stream,
      shard,
      context,
    );
    return { ShardIterator: iteratorToken(iteratorAt(stream, shard, number), context.now()) };
  },
  GetRecords(input, context) {
    const limit = numberIn(input, 'Limit', { min: 1, max: MAX_RECORDS }) ?? MAX_RECORDS;
    const now = context.now();
    const iterator = iteratorIn(required(input, 'ShardIterator'), now);
    const stream = context.streams.find(iterator.stream);
    const shardId = shardIdOf(iterator.shard);
    if (stream?.createdAt !== iterator.streamCreatedAt)
      throw notFound(`Shard ${shardId} in stream ${iterator.stream} under account ${context.account} does not exist`);
    const shard = shardIn(stream, shardId, context);
    const { records, next, behindMs } = readShard(stream, shard, iterator.number, limit, context);
    return {
      Records: records,
      MillisBehindLatest: behindMs,
      ...(next === undefined
        ? { ChildShards: childShards(stream, shard) }
        : { NextShardIterator: iteratorToken(iteratorAt(stream, shard, next), now) }),
    };
  },
};

const iteratorAt = ({ name, createdAt }: Stream, { index }: Shard, number: number) => ({
  ...{ stream: name, streamCreatedAt: createdAt },
  ...{ shard: index, number },
});

/** Reads on in a shard. @returns `next`: where to go on; undefined at the end of a closed shard */
export function readShard(
  stream: Stream,
  shard: Shard,
  from: number,
  count: number,
  { log, now }: Context,
): {
  readonly records: readonly ResultObject[];
  readonly last: string | undefined;
  readonly next: number | undefined;
  readonly behindMs: number;
} {
  const { index, created, key } = shard;
  const limits = { since: trimHorizon(stream, now()), count, bytes: MAX_BYTES };
  const records = log.read(key, from, limits);
  const last = records.at(-1);
  const number = last === undefined ? Math.max(from, log.next(key)) : last.number + 1;
  const isAtTip = number >= log.next(key);
  const numberOf = (record: { readonly number: number; readonly arrivedAt: number }): string =>
    sequenceNumber({ shard: index, created, number: record.number }, Math.floor(record.arrivedAt / 1_000));
  return {
    records: records.map((record) => ({
      SequenceNumber: numberOf(record),
      ApproximateArrivalTimestamp: new Date(record.arrivedAt),
      Data: record.data,
      PartitionKey: record.partitionKey,
      EncryptionType: record.encrypted ? 'KMS' : 'NONE',
    })),
    last: last && numberOf(last),
    next: isAtTip && !isOpen(shard) ? undefined : number,
    behindMs: isAtTip || last === undefined ? 0 : Math.max(0, now() - last.arrivedAt),
  };
}

/** Where reading starts, as a position of GetShardIterator or SubscribeToShard says. @throws KinesisError */
export function startingNumber(
  position: Pick<Input, 'type' | 'sequence' | 'timestamp'>,
  stream: Stream,
  shard: Shard,
  { log, account, now }: Context,
): number {
  const type = oneOf(
    { shardIteratorType: required({ ShardIteratorType: position.type }, 'ShardIteratorType') },
    'shardIteratorType',
    TYPES,
  );
  const sequence = textAt(position, 'sequence');
  const needsSequence = type === 'AT_SEQUENCE_NUMBER' || type === 'AFTER_SEQUENCE_NUMBER';
  if (needsSequence !== (sequence !== undefined))
    throw invalidArgument(
      `Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ${type} and ${needsSequence ? 'no' : 'also a'} StartingSequenceNumber.`,
    );
  if (type === 'TRIM_HORIZON') return 0;
  if (type === 'LATEST') return log.next(shard.key);
  if (type === 'AT_TIMESTAMP') {
    const time = timeAt(position, 'timestamp');
    if (time === undefined)
      throw invalidArgument(
        'Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.',
      );
    if (time > now())
      throw invalidArgument(
        `The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ${time}, currentTimestampInMillis: ${now()}`,
      );
    return log.firstSince(shard.key, time);
  }
  const used = `StartingSequenceNumber ${sequence} used in GetShardIterator on shard ${shardIdOf(shard.index)} in stream ${stream.name} under account ${account} is invalid`;
  const at = positionOf(sequence ?? '');
  if (at === undefined) throw invalidArgument(`${used}.`);
  if (at.shard !== shard.index)
    throw invalidArgument(
      `Invalid StartingSequenceNumber. It encodes ${shardIdOf(at.shard)}, while it was used in a call to a shard with ${shardIdOf(shard.index)}`,
    );
  if (at.created !== shard.created) throw invalidArgument(`${used} because it did not come from this stream.`);
  // The end of a closed shard is a number too, beyond all that can be told apart.
  const number = Math.min(at.number, Number.MAX_SAFE_INTEGER - 1);
  return type === 'AT_SEQUENCE_NUMBER' ? number : number + 1;
}
