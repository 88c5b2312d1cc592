import { type JsonObject, listAt, numberAt, objectAt, textAt } from '../json.ts';
import { documents } from '../state/documents.ts';
import type { State } from '../state/state.ts';
import type { RecordLog } from './record-log.ts';
import { arrivalSecond, positionOf } from './sequence-number.ts';
import { type Shard, type Stream, shardIdOf } from './stream.ts';
import { STREAMS_STORE } from './streams.ts';

/** Stores of format 1: answers of the Kinesis that the engine had then, and records by `STREAM/SHARD/SEQUENCE-NUMBER`. */
const OLD_STREAMS = 'kinesis-streams';
const OLD_RECORDS = 'kinesis-records';

interface OldStream {
  /** Of DescribeStreamSummary. */
  readonly description: JsonObject;
  /** Of DescribeStream. */
  readonly shards: readonly JsonObject[];
  /** Of ListStreamConsumers. */
  readonly consumers: readonly JsonObject[];
  /** Of ListTagsForStream. */
  readonly tags: readonly JsonObject[];
  /** Since when shards take no more records, epoch milliseconds. */
  readonly closed: Readonly<Record<string, number>>;
}

interface OldRecord {
  readonly partitionKey: string;
  /** Base64. */
  readonly data: string;
  /** Epoch milliseconds. */
  readonly arrivedAt: number;
  readonly encryption: string;
}

const DEFAULT_RETENTION_HOURS = 24;
const DEFAULT_RECORD_KIB = 1_024;
const MOST_HASH_KEY = String(2n ** 128n - 1n);
/** What numbers were given to records that had expired is not known any more: new ones are above all of those. */
const ABOVE_ALL_BEFORE = 2 ** 32;

/** Takes over what an engine wrote that kept its data in format 1. All or nothing: it happens in one transaction. */
export function migrateKinesis(state: State, log: RecordLog): void {
  const { database, begin } = state.file;
  const tables = database.prepare('SELECT name FROM sqlite_schema WHERE name IN (?, ?)').all(OLD_STREAMS, OLD_RECORDS);
  if (tables.length < 2) return;
  begin();
  let lastKey = -1;
  const streams = new Map<string, Stream>();
  for (const [name, old] of documents<OldStream>(state, OLD_STREAMS).entries()) {
    const stream = streamOf(name, old, () => ++lastKey);
    streams.set(name, stream);
    documents<Stream>(state, STREAMS_STORE).put(name, stream);
  }
  // Sequence numbers of a shard have one length: in the order of the keys they grow.
  const last = new Map<number, number>();
  for (const { key, value } of database.prepare(`SELECT key, value FROM "${OLD_RECORDS}" ORDER BY key`).iterate()) {
    const [name = '', shardId, sequenceNumber = ''] = String(key).split('/');
    const shard = streams.get(name)?.shards.find(({ index }) => shardIdOf(index) === shardId);
    const number = positionOf(sequenceNumber)?.number;
    if (shard === undefined || number === undefined) continue;
    const record = JSON.parse(String(value)) as OldRecord;
    const arrivedAt = Math.max(withinSecond(record.arrivedAt, arrivalSecond(sequenceNumber)), last.get(shard.key) ?? 0);
    last.set(shard.key, arrivedAt);
    log.restore(shard.key, {
      ...{ number, arrivedAt, partitionKey: record.partitionKey },
      data: Buffer.from(record.data, 'base64'),
      encrypted: record.encryption === 'KMS',
    });
  }
  for (const { shards } of streams.values())
    for (const { key, closedAt } of shards) if (closedAt === undefined) log.skipTo(key, ABOVE_ALL_BEFORE);
  database.exec(`DROP TABLE "${OLD_RECORDS}"; DROP TABLE "${OLD_STREAMS}"`);
}

/** The sequence number names the second; the time was noted a moment later. */
const withinSecond = (time: number, second: number): number =>
  Math.min(Math.max(time, second * 1_000), second * 1_000 + 999);

function streamOf(name: string, old: OldStream, newKey: () => number): Stream {
  const { description, consumers, tags } = old;
  const createdAt = timeAt(description, 'StreamCreationTimestamp');
  const [monitoring] = listAt(description, 'EnhancedMonitoring');
  const keyId = textAt(description, 'EncryptionType') === 'KMS' ? textAt(description, 'KeyId') : undefined;
  return {
    ...{ name, arn: textAt(description, 'StreamARN') ?? '', createdAt },
    busy: { status: 'CREATING', until: createdAt },
    mode:
      textAt(objectAt(description, 'StreamModeDetails'), 'StreamMode') === 'ON_DEMAND' ? 'ON_DEMAND' : 'PROVISIONED',
    retentionHours: numberAt(description, 'RetentionPeriodHours') ?? DEFAULT_RETENTION_HOURS,
    recordKib: numberAt(description, 'MaxRecordSizeInKiB') ?? DEFAULT_RECORD_KIB,
    shardMetrics: listAt(monitoring, 'ShardLevelMetrics').map(String),
    ...(keyId === undefined ? {} : { keyId }),
    tags: Object.fromEntries(tags.map((tag) => [textAt(tag, 'Key') ?? '', textAt(tag, 'Value') ?? ''])),
    policies: {},
    shards: shardsOf(old, createdAt, newKey),
    consumers: consumers.map((consumer) => ({
      name: textAt(consumer, 'ConsumerName') ?? '',
      arn: textAt(consumer, 'ConsumerARN') ?? '',
      createdAt: timeAt(consumer, 'ConsumerCreationTimestamp'),
      tags: {},
    })),
  };
}

function shardsOf({ shards, closed }: OldStream, createdAt: number, newKey: () => number): Shard[] {
  const indexOf = (shardId: string): number => Number(shardId.slice(shardId.lastIndexOf('-') + 1));
  return shards.map((shard) => {
    const shardId = textAt(shard, 'ShardId') ?? '';
    const parents = [textAt(shard, 'ParentShardId'), textAt(shard, 'AdjacentParentShardId')].filter(
      (id) => id !== undefined,
    );
    const start = textAt(objectAt(shard, 'SequenceNumberRange'), 'StartingSequenceNumber') ?? '';
    const range = objectAt(shard, 'HashKeyRange');
    const closedAt = closed[shardId];
    return {
      ...{ index: indexOf(shardId), key: newKey(), parents: parents.map(indexOf) },
      created: positionOf(start)?.created ?? Math.floor(createdAt / 1_000),
      openedAt: Math.max(createdAt, ...parents.map((parent) => closed[parent] ?? createdAt)),
      ...(closedAt === undefined ? {} : { closedAt }),
      from: textAt(range, 'StartingHashKey') ?? '0',
      to: textAt(range, 'EndingHashKey') ?? MOST_HASH_KEY,
    };
  });
}

/** A time as epoch milliseconds: seconds, or ISO 8601. */
function timeAt(value: JsonObject, name: string): number {
  const seconds = numberAt(value, name);
  return Math.round(seconds === undefined ? Date.parse(textAt(value, name) ?? '') : seconds * 1_000) || 0;
}
