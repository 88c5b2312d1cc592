/** Load of a log, as a channel's `traffic` says it. */
export interface LogLoad {
  /** Messages per second at the peak. */
  readonly peakPerSecond: number;
  /** Size of a usual message with its envelope. */
  readonly averageBytes: number;
  /** Messages per second averaged over a month. @default not known: the peak alone decides */
  readonly usualPerSecond?: number;
}

/**
 * What one shard takes in and gives out. All consumers together share what is read, unless they have enhanced fan-out.
 * https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
 */
export const SHARD = {
  recordsPerSecond: 1_000,
  bytesPerSecond: 1_048_576,
  readBytesPerSecond: 2_097_152,
} as const;

/** A shard is never quite as busy as the next one, and keys grow: twice what the peak needs. */
export const PEAK_HEADROOM = 2;
/** Spikes that nobody declared: three times what is usual. */
export const USUAL_HEADROOM = 3;

/** Shards' worth of each thing that a shard is short of; not rounded. */
export interface ShardNeeds {
  readonly records: number;
  readonly bytes: number;
  readonly read: number;
}

/** @param consumers that share the shards' reading: those without enhanced fan-out. @default 1 */
export function shardNeeds(perSecond: number, averageBytes: number, consumers = 1): ShardNeeds {
  const bytesPerSecond = perSecond * averageBytes;
  return {
    records: perSecond / SHARD.recordsPerSecond,
    bytes: bytesPerSecond / SHARD.bytesPerSecond,
    read: (bytesPerSecond * consumers) / SHARD.readBytesPerSecond,
  };
}

/**
 * Shards that a log needs: the largest of its needs at twice the peak, and at three times the usual rate where that is more.
 * @param consumers that share the shards' reading. @default 1
 */
export function shardsFor({ peakPerSecond, averageBytes, usualPerSecond = 0 }: LogLoad, consumers = 1): number {
  const provisioned = Math.max(peakPerSecond * PEAK_HEADROOM, usualPerSecond * USUAL_HEADROOM);
  const { records, bytes, read } = shardNeeds(provisioned, averageBytes, consumers);
  return Math.max(1, Math.ceil(Math.max(records, bytes, read)));
}
