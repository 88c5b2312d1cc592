import { streamVerdict } from '../../local/mappings/delivery/response.ts';
import { type BatchOutcome, type Discard, processBatch } from '../../local/mappings/streams/stream-batch.ts';
import { MAX_PAYLOAD_BYTES } from '../services/sizes.ts';
import type { MemoryStream, Shard, StreamRecord } from '../services/streams.ts';
import type { World } from '../world/world.ts';
import type { Ending, FunctionSpec, LambdaHost } from './instances.ts';
import type { MappingFaults } from './queue-mapping.ts';

export interface StreamMapping {
  /** Whether everything that has arrived has been seen through. */
  readonly isAtEnd: () => boolean;
  /** Whether nothing is to be read now: everything was, or what could be waits to be tried again. */
  readonly isIdle: () => boolean;
}

export interface StreamMappingOptions {
  readonly batchSize: number;
  /** -1: without end. */
  readonly maximumRetries: number;
  readonly recordOf: (record: StreamRecord, shard: Shard) => object;
  readonly discarded: (discard: Discard<StreamRecord>, shard: Shard) => void;
}

const MAX_READ_MILLIS = 250;
const RETRY_BASE_MILLIS = 50;
const RETRY_CAP_MILLIS = 5_000;

/**
 * Reads every shard in order, a parent before its children, and sees each batch through: checkpoints, retry budget, splitting,
 * giving up. The rules are those of the engine (`lib/local/mappings/streams/stream-batch.ts`).
 */
export function streamMapping(
  world: World,
  host: LambdaHost,
  stream: MemoryStream,
  target: FunctionSpec,
  options: StreamMappingOptions,
  { plan, next }: MappingFaults,
): StreamMapping {
  const ended = new Map<Shard, Promise<void>>();
  const read = new Map<Shard, number>();
  /** Until when a shard waits before its batch is tried again. */
  const waits = new Map<Shard, number>();

  const pause = (milliseconds: number) => new Promise<void>((resolve) => world.after(milliseconds, resolve));

  function invoke(shard: Shard, records: readonly StreamRecord[]): Promise<BatchOutcome> {
    const fault = plan.invoke(next());
    if (fault !== undefined) plan.fire();
    const numbers = records.map(({ sequenceNumber }) => sequenceNumber);
    world.note(() => `${shard.id} -> ${numbers.join(', ')}${fault === undefined ? '' : ` (fault ${fault})`}`);
    if (fault === 'throttle') return pause(RETRY_BASE_MILLIS).then(() => ({ kind: 'throttled' }));
    const event = { Records: records.map((record) => options.recordOf(record, shard)) };
    return new Promise((resolve) => {
      const instance = host.invoke(target, event, (ending) =>
        resolve(fault === 'lost-answer' ? failed(null) : outcomeOf(ending, numbers)),
      );
      // Lambda may run a batch again that it has lost sight of, beside the first.
      if (fault === 'double') host.invoke(target, event, () => undefined);
      if (fault === 'kill') host.kill(instance);
    });
  }

  async function readShard(shard: Shard): Promise<void> {
    for (const parent of shard.parents) await ended.get(parent);
    let position = 0;
    read.set(shard, 0);
    for (;;) {
      const batch = fitting(shard.records.slice(position, position + options.batchSize));
      if (batch.length === 0) {
        if (shard.closed) return;
        await new Promise<void>((resolve) => {
          shard.onNews = resolve;
        });
        await pause(world.chance.between(1, MAX_READ_MILLIS));
        continue;
      }
      await processBatch(
        batch,
        { maximumRetries: options.maximumRetries, maximumAgeMs: -1, bisect: true },
        {
          invoke: (records) => invoke(shard, records),
          discard: async (discard) => options.discarded(discard, shard),
          advance: () => undefined,
          wait(failures) {
            const wait = Math.min(RETRY_CAP_MILLIS, RETRY_BASE_MILLIS * 2 ** failures);
            waits.set(shard, world.now() + wait);
            return pause(wait);
          },
          arrivedAt: ({ arrivedAt }) => arrivedAt,
          now: world.now,
          stopped: () => false,
        },
      );
      position += batch.length;
      read.set(shard, position);
    }
  }

  const start = (shard: Shard) => ended.set(shard, readShard(shard));
  for (const shard of stream.shards) start(shard);
  stream.onShard = start;
  /** Behind a parent that was not read to its end, or at its own. */
  const hasNothing = (shard: Shard): boolean =>
    shard.parents.some((parent) => read.get(parent) !== parent.records.length) ||
    read.get(shard) === shard.records.length;
  return {
    isAtEnd: () => stream.shards.every((shard) => read.get(shard) === shard.records.length),
    isIdle: () => stream.shards.every((shard) => (waits.get(shard) ?? 0) > world.now() || hasNothing(shard)),
  };
}

/** As many as go into one invocation. Only of large records there are fewer than are there. */
function fitting(records: readonly StreamRecord[]): readonly StreamRecord[] {
  let bytes = 0;
  const tooMany = records.findIndex(({ bytes: own }, i) => {
    bytes += own;
    return i > 0 && bytes > MAX_PAYLOAD_BYTES;
  });
  return tooMany < 0 ? records : records.slice(0, tooMany);
}

const failed = (functionError: 'Unhandled' | null): BatchOutcome => ({ kind: 'failed', requestId: '', functionError });

function outcomeOf(ending: Ending, numbers: readonly string[]): BatchOutcome {
  if (ending.kind === 'failed') return failed('Unhandled');
  const verdict = streamVerdict(JSON.stringify(ending.value ?? null), numbers);
  if (verdict.kind === 'success') return verdict;
  return verdict.kind === 'from' ? { ...verdict, requestId: '' } : failed(null);
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
export const kinesisRecord = (
  { sequenceNumber, arrivedAt, event }: StreamRecord,
  shard: Shard,
  stream = 'log',
): object => ({
  kinesis: {
    kinesisSchemaVersion: '1.0',
    sequenceNumber,
    approximateArrivalTimestamp: arrivedAt / 1_000,
    ...event,
  },
  eventSource: 'aws:kinesis',
  eventVersion: '1.0',
  eventID: `${shard.id}:${sequenceNumber}`,
  eventName: 'aws:kinesis:record',
  invokeIdentityArn: 'arn:aws:iam::000000000000:role/simulated',
  awsRegion: 'us-east-1',
  eventSourceARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${stream}`,
});

/** https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
export const dynamodbRecord = ({ sequenceNumber, arrivedAt, event }: StreamRecord): object => ({
  eventID: sequenceNumber,
  eventName: 'INSERT',
  eventVersion: '1.1',
  eventSource: 'aws:dynamodb',
  awsRegion: 'us-east-1',
  dynamodb: {
    ApproximateCreationDateTime: arrivedAt / 1_000,
    SequenceNumber: sequenceNumber,
    StreamViewType: 'NEW_IMAGE',
    ...event,
  },
  eventSourceARN: 'arn:aws:dynamodb:us-east-1:000000000000:table/simulated/stream/1',
});
