import type { Json, JsonObject } from '../../json.ts';
import { isObject, listAt, numberAt, objectAt, textAt } from '../../json.ts';
import type { MappingContext } from '../configuration/mapping.ts';
import { pause } from '../delivery/pause.ts';
import type { Position, StreamRecord, StreamSource } from './stream-source.ts';

/** How often an empty shard is read again. AWS polls once a second (shared throughput). */
export const KINESIS_POLL_INTERVAL_MS = 150;
/** The comma between the records of an event. */
const SEPARATOR_BYTES = 1;
/** Records one GetRecords answers at most: the API's limit. */
const GET_RECORDS_LIMIT = 10_000;

/** Name of the stream in its ARN, or in the ARN of one of its consumers. */
export function streamNameOf(arn: string): string {
  return arn.split('/')[1] ?? '';
}

/**
 * Reads a Kinesis stream by polling each shard.
 * @param sourceArn of the stream, or of a consumer with enhanced fan-out: it has a position of its own either way, and records name it
 */
export function kinesisSource(sourceArn: string, { calls, region, accountId }: MappingContext): StreamSource {
  const StreamName = streamNameOf(sourceArn);
  return {
    infoName: 'KinesisBatchInfo',
    lastingIterators: false,
    secondsOnly: false,
    decoded: {
      member: 'data',
      textOf: (record) => Buffer.from(textAt(objectAt(record, 'kinesis'), 'data') ?? '', 'base64').toString('utf8'),
    },
    async listShards() {
      const shards: Json[] = [];
      let page: JsonObject = { StreamName };
      for (;;) {
        const answer = await calls.json('kinesis', 'ListShards', page);
        shards.push(...listAt(answer, 'Shards'));
        const NextToken = textAt(answer, 'NextToken');
        if (!NextToken) break;
        page = { NextToken };
      }
      return shards.map((shard) => ({
        shardId: textAt(shard, 'ShardId') ?? '',
        parents: [textAt(shard, 'ParentShardId'), textAt(shard, 'AdjacentParentShardId')].filter(
          (id) => id !== undefined,
        ),
      }));
    },
    async iterator(ShardId, position) {
      const answer = await calls.json('kinesis', 'GetShardIterator', {
        StreamName,
        ShardId,
        ...iteratorOptions(position),
      });
      return textAt(answer, 'ShardIterator') ?? '';
    },
    async read(shardId, ShardIterator, limit) {
      const answer = await calls.json('kinesis', 'GetRecords', {
        // The iterator does not say whose it is, and the role's permission is for the stream.
        StreamARN: sourceArn.split('/consumer/')[0] ?? '',
        ShardIterator,
        Limit: Math.min(limit, GET_RECORDS_LIMIT),
      });
      const records = listAt(answer, 'Records').map((record) =>
        toRecord(record, { shardId, sourceArn, region, accountId }),
      );
      const behind = records.length > 0 || (numberAt(answer, 'MillisBehindLatest') ?? 0) > 0;
      return { records, next: textAt(answer, 'NextShardIterator'), behind };
    },
    idle: (signal) => pause(KINESIS_POLL_INTERVAL_MS, signal),
    close: () => undefined,
  };
}

function iteratorOptions(position: Position): JsonObject {
  if (position.kind === 'AFTER')
    return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: position.sequenceNumber };
  if (position.kind === 'AT_TIMESTAMP')
    return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: position.timestampMs / 1000 };
  return { ShardIteratorType: position.kind };
}

function toRecord(
  source: Json,
  stream: { shardId: string; sourceArn: string; region: string; accountId: string },
): StreamRecord {
  const record = isObject(source) ? source : {};
  const sequenceNumber = textAt(record, 'SequenceNumber') ?? '';
  const partitionKey = textAt(record, 'PartitionKey') ?? '';
  const data = textAt(record, 'Data') ?? '';
  const arrived = record.ApproximateArrivalTimestamp;
  const seconds = typeof arrived === 'number' ? arrived : Number(arrived ?? Date.now() / 1000);
  const event = (bytes: string) => ({
    kinesis: {
      kinesisSchemaVersion: '1.0',
      ...{ partitionKey, sequenceNumber, data: bytes },
      approximateArrivalTimestamp: seconds,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${stream.shardId}:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: `arn:aws:iam::${stream.accountId}:role/lambda-role`,
    awsRegion: stream.region,
    eventSourceARN: stream.sourceArn,
  });
  return {
    sequenceNumber,
    orderingKey: partitionKey,
    // Seconds have no exact third decimal.
    arrivedAt: Math.round(seconds * 1000),
    // Base64 stands in JSON as it is.
    bytes: data.length + Buffer.byteLength(JSON.stringify(event(''))) + SEPARATOR_BYTES,
    event: event(data),
  };
}
