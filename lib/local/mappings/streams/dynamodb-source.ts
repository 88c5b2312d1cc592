import type { Json, JsonObject } from '../../json.ts';
import { isObject, listAt, numberAt, objectAt, textAt } from '../../json.ts';
import type { MappingContext } from '../configuration/mapping.ts';
import { createBell } from '../delivery/pause.ts';
import type { Position, StreamRecord, StreamSource } from './stream-source.ts';

/** A stream without news is looked at this often all the same; normally an append rings. */
const IDLE_INTERVAL_MS = 1000;
/** Records one GetRecords answers at most: the API's limit. */
const GET_RECORDS_LIMIT = 1000;

/** Reads a DynamoDB stream; appends wake it at once. */
export function dynamodbSource(streamArn: string, { calls, onStreamAppend }: MappingContext): StreamSource {
  const bell = createBell();
  const stopListening = onStreamAppend(streamArn, () => bell.ring());
  return {
    infoName: 'DDBStreamBatchInfo',
    lastingIterators: true,
    secondsOnly: true,
    decoded: undefined,
    async listShards() {
      const answer = await calls.json('streams', 'DescribeStream', { StreamArn: streamArn });
      return listAt(objectAt(answer, 'StreamDescription'), 'Shards').map((shard) => ({
        shardId: textAt(shard, 'ShardId') ?? '',
        parents: [textAt(shard, 'ParentShardId')].filter((id) => id !== undefined),
      }));
    },
    async iterator(ShardId, position) {
      const answer = await calls.json('streams', 'GetShardIterator', {
        StreamArn: streamArn,
        ShardId,
        ...iteratorOptions(position),
      });
      return textAt(answer, 'ShardIterator') ?? '';
    },
    async read(_shardId, ShardIterator, limit) {
      const answer = await calls.json('streams', 'GetRecords', {
        ShardIterator,
        Limit: Math.min(limit, GET_RECORDS_LIMIT),
      });
      const records = listAt(answer, 'Records').map((record) => toRecord(record, streamArn));
      return { records, next: textAt(answer, 'NextShardIterator'), behind: records.length > 0 };
    },
    async idle(signal) {
      const stop = (): void => bell.ring();
      signal.addEventListener('abort', stop);
      if (!signal.aborted) await bell.wait(IDLE_INTERVAL_MS);
      signal.removeEventListener('abort', stop);
    },
    close: stopListening,
  };
}

function iteratorOptions(position: Position): JsonObject {
  if (position.kind === 'AFTER')
    return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: position.sequenceNumber };
  return { ShardIteratorType: position.kind === 'LATEST' ? 'LATEST' : 'TRIM_HORIZON' };
}

function toRecord(source: Json, eventSourceARN: string): StreamRecord {
  const record = isObject(source) ? source : {};
  const change = objectAt(record, 'dynamodb');
  return {
    sequenceNumber: textAt(change, 'SequenceNumber') ?? '',
    orderingKey: JSON.stringify(change.Keys ?? null),
    arrivedAt: (numberAt(change, 'ApproximateCreationDateTime') ?? Date.now() / 1000) * 1000,
    bytes: Buffer.byteLength(JSON.stringify(change)) + 512,
    event: { ...record, eventSourceARN },
  };
}
