import { AwsError } from '../../../lib/runtime/aws/call.ts';
import type { World } from '../world.ts';

/** One record of a shard. */
export interface StreamRecord {
  readonly sequenceNumber: string;
  readonly arrivedAt: number;
  /** What Lambda hands to a function, without the fields that are the same for all. */
  readonly event: object;
}

export interface Shard {
  readonly id: string;
  readonly records: StreamRecord[];
  /** Read to its end before this one is. */
  readonly parent: Shard | undefined;
  /** Range of hashes, [from, to) in [0, 1). */
  readonly from: number;
  readonly to: number;
  closed: boolean;
  /** Told when there is something new to read, or the shard was closed. */
  onNews: () => void;
}

export interface MemoryStream {
  readonly shards: readonly Shard[];
  readonly append: (key: string, record: Omit<StreamRecord, 'sequenceNumber'>, number?: string) => string;
  /** Splits the widest open shard in two. */
  readonly split: () => void;
  /** Told of new shards. */
  onShard: (shard: Shard) => void;
}

/** Sequence numbers grow by more than one and in length: only a comparison as numbers is right. */
const FIRST_NUMBER = 99_990;

export function memoryStream(world: World, shardCount: number): MemoryStream {
  const shards: Shard[] = [];
  let number = FIRST_NUMBER;

  function open(from: number, to: number, parent?: Shard): void {
    const id = `shardId-${String(shards.length).padStart(12, '0')}`;
    const shard: Shard = { id, records: [], parent, from, to, closed: false, onNews: () => undefined };
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
      return String(number);
    },
    split() {
      const [widest] = shards.filter(({ closed }) => !closed).sort((a, b) => b.to - b.from - (a.to - a.from));
      if (widest === undefined) return;
      widest.closed = true;
      const middle = (widest.from + widest.to) / 2;
      open(widest.from, middle, widest);
      open(middle, widest.to, widest);
      widest.onNews();
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

/** Kinesis in memory: what goes through PutRecords. */
export function memoryKinesis(
  world: World,
  streams: ReadonlyMap<string, MemoryStream>,
  accepted: (stream: string, data: Buffer, sequenceNumber: string) => void,
) {
  return {
    call(operation: string, input: object): unknown {
      if (operation === 'ListShards') return { Shards: shardsOf(streams, input) };
      if (operation !== 'PutRecords') throw new Error(`the simulator does not know Kinesis's ${operation}`);
      const { StreamName, Records } = input as {
        StreamName: string;
        Records: readonly { Data: string; PartitionKey: string }[];
      };
      const stream = streams.get(StreamName);
      if (stream === undefined)
        throw new AwsError('ResourceNotFoundException', `there is no stream '${StreamName}'`, 400);
      return {
        FailedRecordCount: 0,
        Records: Records.map(({ Data, PartitionKey }) => {
          const event = { partitionKey: PartitionKey, data: Data };
          const SequenceNumber = stream.append(PartitionKey, { arrivedAt: world.now(), event });
          accepted(StreamName, Buffer.from(Data, 'base64'), SequenceNumber);
          return { SequenceNumber };
        }),
      };
    },
  };
}

function shardsOf(streams: ReadonlyMap<string, MemoryStream>, input: object): object[] {
  const { StreamARN = '' } = input as { StreamARN?: string };
  const stream = streams.get(StreamARN.slice(StreamARN.lastIndexOf('/') + 1)) ?? [...streams.values()][0];
  return (stream?.shards ?? []).map(({ id, parent }) => ({
    ShardId: id,
    ...(parent === undefined ? {} : { ParentShardId: parent.id }),
  }));
}
