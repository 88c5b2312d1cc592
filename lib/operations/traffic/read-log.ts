import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';

/** A record of a log, as a tool reads it. */
export interface LogRecord {
  readonly shard: string;
  readonly sequenceNumber: string;
  readonly body: string;
}

/** Reads a log from its oldest record to its end, shard by shard. */
export async function readLog(kinesis: KinesisClient, streamName: string): Promise<LogRecord[]> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: streamName }));
  const shards = await Promise.all(Shards.map(({ ShardId = '' }) => readShard(kinesis, streamName, ShardId)));
  return shards.flat();
}

async function readShard(kinesis: KinesisClient, StreamName: string, ShardId: string): Promise<LogRecord[]> {
  const start = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' as const };
  let { ShardIterator: iterator } = await kinesis.send(new GetShardIteratorCommand(start));
  const records: LogRecord[] = [];
  while (iterator !== undefined) {
    const page = await kinesis.send(new GetRecordsCommand({ ShardIterator: iterator }));
    for (const { SequenceNumber = '', Data } of page.Records ?? []) {
      records.push({
        shard: ShardId,
        sequenceNumber: SequenceNumber,
        body: Buffer.from(Data ?? new Uint8Array()).toString('utf8'),
      });
    }
    if ((page.MillisBehindLatest ?? 0) === 0) break;
    iterator = page.NextShardIterator;
  }
  return records;
}
