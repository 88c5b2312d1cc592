import { closeSync, openSync, writeSync } from 'node:fs';
import type { Json, JsonObject } from '../json.ts';
import { listAt, numberAt, objectAt, textAt } from '../json.ts';
import { shardCreation } from './sequence-number.ts';

/** A stream as kinesis-local described it. */
export interface KeptStream {
  /** Of DescribeStreamSummary. */
  readonly description: JsonObject;
  /** Of DescribeStream. */
  readonly shards: readonly JsonObject[];
  /** Of ListStreamConsumers. */
  readonly consumers: readonly JsonObject[];
  /** Of ListTagsForStream. */
  readonly tags: readonly Json[];
  /** Since when shards take no more records, epoch milliseconds. */
  readonly closed: Readonly<Record<string, number>>;
}

export interface KeptRecord {
  readonly partitionKey: string;
  /** Base64. */
  readonly data: string;
  /** Epoch milliseconds. */
  readonly arrivedAt: number;
  readonly encryption: string;
}

/**
 * Writes streams in the form in which kinesis-local 0.6 saves and loads them (PERSIST_PATH).
 * @param records as kinesis-local answers them, by `STREAM/SHARD`, in order
 */
export function writeDataFile(
  path: string,
  streams: ReadonlyMap<string, KeptStream>,
  records: ReadonlyMap<string, readonly Json[]>,
): void {
  const file = openSync(path, 'w');
  try {
    // Shard by shard: all records together can be more than a string may hold.
    writeSync(file, '{"streams":{');
    for (const [index, [name, stream]] of [...streams].entries()) {
      const { shards, closed } = stream;
      const settings = settingsOf(name, stream);
      const members = JSON.stringify(settings).slice(0, -1);
      writeSync(file, `${index > 0 ? ',' : ''}${JSON.stringify(settings.streamArn)}:${members},"shards":{`);
      for (const [number, shard] of shards.entries()) {
        const list = records.get(`${name}/${textAt(shard, 'ShardId')}`) ?? [];
        const key = JSON.stringify(shardOf(shard, closed));
        writeSync(file, `${number > 0 ? ',' : ''}${JSON.stringify(key)}:${JSON.stringify(list)}`);
      }
      writeSync(file, '}}');
    }
    writeSync(file, '}}');
  } finally {
    closeSync(file);
  }
}

function settingsOf(name: string, { description, consumers, tags }: KeptStream) {
  const time = textAt(description, 'StreamCreationTimestamp') ?? '';
  return {
    streamName: name,
    streamArn: textAt(description, 'StreamARN') ?? '',
    streamStatus: 'ACTIVE',
    streamCreationTimestamp: Number.isNaN(Number(time)) ? time : new Date(Number(time) * 1_000).toISOString(),
    streamModeDetails: objectAt(description, 'StreamModeDetails'),
    encryptionType: textAt(description, 'EncryptionType') ?? 'NONE',
    keyId: textAt(description, 'KeyId') ?? null,
    enhancedMonitoring: listAt(description, 'EnhancedMonitoring'),
    retentionPeriod: { length: numberAt(description, 'RetentionPeriodHours') ?? 24, unit: 'HOURS' },
    maxRecordSizeInKiB: numberAt(description, 'MaxRecordSizeInKiB') ?? null,
    warmThroughputMiBps: null,
    shardCountUpdates: [],
    tags: Object.fromEntries(tags.map((tag) => [textAt(tag, 'Key') ?? '', textAt(tag, 'Value') ?? ''])),
    consumers: Object.fromEntries(
      consumers.map((consumer) => [
        textAt(consumer, 'ConsumerName') ?? '',
        { Tags: {}, StreamARN: description.StreamARN ?? '', ...consumer, ConsumerStatus: 'ACTIVE' },
      ]),
    ),
  };
}

function shardOf(shard: JsonObject, closed: KeptStream['closed']) {
  const ShardId = textAt(shard, 'ShardId') ?? '';
  const closedAt = closed[ShardId];
  const range = objectAt(shard, 'SequenceNumberRange');
  const start = textAt(range, 'StartingSequenceNumber') ?? '0';
  return {
    ShardId,
    ShardIndex: Number(ShardId.slice(ShardId.lastIndexOf('-') + 1)),
    ParentShardId: shard.ParentShardId ?? null,
    AdjacentParentShardId: shard.AdjacentParentShardId ?? null,
    HashKeyRange: shard.HashKeyRange ?? {},
    SequenceNumberRange: {
      StartingSequenceNumber: start,
      EndingSequenceNumber: range.EndingSequenceNumber ?? null,
    },
    CreatedAtTimestamp: new Date(shardCreation(start)).toISOString(),
    ClosedTimestamp: closedAt === undefined ? null : new Date(closedAt).toISOString(),
  };
}
