import { AwsError } from '../../runtime/aws/calls/call.ts';
import type { World } from '../world/world.ts';
import { MAX_PUT_RECORDS_BYTES, MAX_RECORD_BYTES } from './sizes.ts';

/** One record of a shard. */
export interface StreamRecord {
  readonly sequenceNumber: string;
  readonly arrivedAt: number;
  /** What it takes of an invocation's payload. */
  readonly bytes: number;
  /** What Lambda hands to a function, without the fields that are the same for all. */
  readonly event: object;
}

export interface Shard {
  readonly id: string;
  readonly records: StreamRecord[];
  /** Read to their ends before this one is: none, one (a split), two (a merge). */
  readonly parents: readonly Shard[];
  /** Range of hashes, [from, to) in [0, 1). */
  readonly from: number;
  readonly to: number;
  closed: boolean;
  /** Told when there is something new to read, or the shard was closed. */
  onNews: () => void;
}

export interface MemoryStream {
  readonly shards: readonly Shard[];
  readonly append: (
    key: string,
    record: Omit<StreamRecord, 'sequenceNumber'>,
  ) => { readonly number: string; readonly shard: string };
  /** Splits the widest open shard in two. */
  readonly split: () => void;
  /** Makes one shard of the narrowest two that lie side by side; nothing when only one is open. */
  readonly merge: () => void;
  /** Told of new shards. */
  onShard: (shard: Shard) => void;
}

/** Sequence numbers grow by more than one and in length: only a comparison as numbers is right. */
const FIRST_NUMBER = 99_990;

export function memoryStream(world: World, shardCount: number): MemoryStream {
  const shards: Shard[] = [];
  let number = FIRST_NUMBER;

  function open(from: number, to: number, parents: readonly Shard[] = []): void {
    const id = `shardId-${String(shards.length).padStart(12, '0')}`;
    const shard: Shard = { id, records: [], parents, from, to, closed: false, onNews: () => undefined };
    shards.push(shard);
    stream.onShard(shard);
  }

  const stream: MemoryStream = {
    shards,
    onShard: () => undefined,
    append(key, record) {
      const place = hash(key);
      const shard = shards.find(({ closed, from, to }) => !closed && from <= place && place < to);
      if (shard === undefined) throw new Error(`no open shard takes '${key}'`);
      number += world.chance.between(1, 9);
      shard.records.push({ ...record, sequenceNumber: String(number) });
      shard.onNews();
      return { number: String(number), shard: shard.id };
    },
    split() {
      const [widest] = shards.filter(({ closed }) => !closed).sort((a, b) => b.to - b.from - (a.to - a.from));
      if (widest === undefined) return;
      widest.closed = true;
      const middle = (widest.from + widest.to) / 2;
      open(widest.from, middle, [widest]);
      open(middle, widest.to, [widest]);
      widest.onNews();
    },
    merge() {
      const row = shards.filter(({ closed }) => !closed).sort((a, b) => a.from - b.from);
      const pairs = row.slice(1).map((right, i): [Shard, Shard] => [row[i] as Shard, right]);
      const [pair] = pairs.sort(([a, b], [c, d]) => b.to - a.from - (d.to - c.from));
      if (pair === undefined) return;
      for (const parent of pair) parent.closed = true;
      open(pair[0].from, pair[1].to, pair);
      for (const parent of pair) parent.onNews();
    },
  };
  for (let i = 0; i < shardCount; i++) open(i / shardCount, (i + 1) / shardCount);
  return stream;
}

/** FNV-1a, as a fraction: spreads keys over shards. */
function hash(key: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) value = Math.imul(value ^ key.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  return ((value ^ (value >>> 13)) >>> 0) / 2 ** 32;
}

/** Kinesis in memory: what goes through PutRecords, and the list of its shards. */
export function memoryKinesis(
  world: World,
  streams: ReadonlyMap<string, MemoryStream>,
  accepted: (stream: string, data: Buffer, sequenceNumber: string) => void,
) {
  const streamOf = (name: string): MemoryStream => {
    const stream = streams.get(name);
    if (stream === undefined) throw new AwsError('ResourceNotFoundException', `there is no stream '${name}'`, 400);
    return stream;
  };

  function putRecords({ StreamName, Records }: PutRecordsInput): object {
    const stream = streamOf(StreamName);
    const sizes = Records.map(({ Data, PartitionKey }) => Buffer.byteLength(Data, 'base64') + PartitionKey.length);
    const all = sizes.reduce((sum, bytes) => sum + bytes, 0);
    const tooLarge = sizes.find((bytes) => bytes > MAX_RECORD_BYTES);
    if (tooLarge !== undefined || all > MAX_PUT_RECORDS_BYTES) {
      throw new AwsError('InvalidArgumentException', `a record of ${tooLarge}, ${all} bytes together`, 400);
    }
    return {
      FailedRecordCount: 0,
      Records: Records.map(({ Data, PartitionKey }) => {
        const event = { partitionKey: PartitionKey, data: Data };
        const { number: SequenceNumber, shard } = stream.append(PartitionKey, {
          arrivedAt: world.now(),
          bytes: Data.length,
          event,
        });
        accepted(StreamName, Buffer.from(Data, 'base64'), SequenceNumber);
        return { SequenceNumber, ShardId: shard };
      }),
    };
  }

  return {
    call(operation: string, input: object): unknown {
      if (operation === 'PutRecords') return putRecords(input as PutRecordsInput);
      if (operation !== 'ListShards') throw new Error(`sluice/testing does not know Kinesis's ${operation}`);
      const { StreamName, StreamARN = '' } = input as { StreamName?: string; StreamARN?: string };
      const { shards } = streamOf(StreamName ?? StreamARN.slice(StreamARN.lastIndexOf('/') + 1));
      return {
        Shards: shards.map(({ id, parents: [parent, adjacent] }) => ({
          ShardId: id,
          ...(parent === undefined ? {} : { ParentShardId: parent.id }),
          ...(adjacent === undefined ? {} : { AdjacentParentShardId: adjacent.id }),
        })),
      };
    },
  };
}

interface PutRecordsInput {
  readonly StreamName: string;
  readonly Records: readonly { readonly Data: string; readonly PartitionKey: string }[];
}
