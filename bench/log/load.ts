import { setTimeout as sleep } from 'node:timers/promises';
import { createAwsCalls } from '../../lib/local/call.ts';
import { listAt, numberAt, objectAt, textAt } from '../../lib/local/json.ts';

/** The most PutRecords takes. */
export const RECORDS_PER_REQUEST = 500;
export const RECORD_BYTES = 1_000;
export const SHARDS = 4;
const REQUESTS_IN_FLIGHT = 2;
/** How long a reader waits that has found nothing. */
const IDLE_MS = 20;

/** Writes and reads a log, with as little work of its own as it can. */
export interface LogLoad {
  create(stream: string): Promise<void>;
  remove(stream: string): Promise<void>;
  /** Writes records, in full requests. */
  fill(stream: string, records: number): Promise<void>;
  /** A reader of what comes from now on. */
  reader(stream: string): Promise<{
    /** Reads so many records. @returns the mean time from a record's arrival until it was read, ms */
    read(records: number): Promise<number>;
  }>;
  close(): void;
}

export function logLoad(url: string): LogLoad {
  const calls = createAwsCalls(url, 'us-east-1');
  const Data = Buffer.alloc(RECORD_BYTES, 'sluice').toString('base64');
  const Records = Array.from({ length: RECORDS_PER_REQUEST }, (_, i) => ({ PartitionKey: `key-${i}`, Data }));

  async function put(StreamName: string): Promise<void> {
    const answer = await calls.json('kinesis', 'PutRecords', { StreamName, Records });
    if (numberAt(answer, 'FailedRecordCount') !== 0) throw new Error('a record was refused');
  }

  return {
    async create(StreamName) {
      await calls.json('kinesis', 'CreateStream', { StreamName, ShardCount: SHARDS });
      for (let status: string | undefined; status !== 'ACTIVE'; ) {
        const summary = await calls.json('kinesis', 'DescribeStreamSummary', { StreamName });
        status = textAt(objectAt(summary, 'StreamDescriptionSummary'), 'StreamStatus');
      }
    },
    remove: async (StreamName) => void (await calls.json('kinesis', 'DeleteStream', { StreamName })),
    async fill(StreamName, records) {
      let left = Math.ceil(records / RECORDS_PER_REQUEST);
      const work = async () => {
        while (left-- > 0) await put(StreamName);
      };
      await Promise.all(Array.from({ length: REQUESTS_IN_FLIGHT }, work));
    },
    async reader(StreamName) {
      const shards = listAt(await calls.json('kinesis', 'ListShards', { StreamName }), 'Shards');
      const iterators = await Promise.all(
        shards.map(async (shard) => {
          const position = { ShardId: textAt(shard, 'ShardId') ?? '', ShardIteratorType: 'LATEST' };
          const answer = await calls.json('kinesis', 'GetShardIterator', { StreamName, ...position });
          return textAt(answer, 'ShardIterator') ?? '';
        }),
      );
      return {
        async read(records) {
          let [read, behind] = [0, 0];
          const readShard = async (start: string) => {
            for (let ShardIterator = start; read < records; ) {
              const answer = await calls.json('kinesis', 'GetRecords', { ShardIterator });
              const found = listAt(answer, 'Records');
              const now = Date.now();
              read += found.length;
              for (const record of found)
                behind += now - (numberAt(record, 'ApproximateArrivalTimestamp') ?? 0) * 1_000;
              ShardIterator = textAt(answer, 'NextShardIterator') ?? '';
              if (found.length === 0) await sleep(IDLE_MS);
            }
          };
          await Promise.all(iterators.map(readShard));
          return behind / records;
        },
      };
    },
    close: calls.close,
  };
}
