import {
  PEAK_HEADROOM,
  type ShardNeeds,
  shardNeeds,
  shardsFor,
  USUAL_HEADROOM,
} from '../../contracts/declaring/shards.ts';

/** What a log is planned from. */
export interface Plan {
  /** Messages per second, usually. */
  readonly perSecond: number;
  /** @default perSecond */
  readonly peakPerSecond?: number | undefined;
  readonly bytes: number;
  readonly retentionSeconds: number;
  /** How often what is kept is stored. Kinesis keeps three copies, and charges for one. */
  readonly copies: number;
  /** Messages per second that one consumer handles. */
  readonly perConsumer: number;
  /** Applications that read the log, each everything. @default 1 */
  readonly readers?: number | undefined;
  /** Longest outage of a consumer that must lose nothing. @default none is asked for */
  readonly outageSeconds?: number | undefined;
}

export interface Capacity {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly bytesPerDay: number;
  readonly bytesKept: number;
  readonly bytesStored: number;
  readonly consumers: number;
  /** Partitions of a log that deals one partition to one consumer: room to double the consumers. */
  readonly partitions: number;
  /** Shards' worth of each need at the peak, without headroom. */
  readonly needsAtPeak: ShardNeeds;
  readonly shards: number;
  /** Throughput to provide for: three times what is usual, or twice the peak. */
  readonly provisionPerSecond: number;
  /** Lag at which to sound the alarm: half of the retention. */
  readonly alarmAtSeconds: number;
  /** Until a consumer that was away for the outage, and now reads as fast as is provisioned, has caught up. */
  readonly catchUpSeconds: number | undefined;
}

/** A new partition changes which keys share one, so there are twice as many as needed from the start. */
const PARTITION_GROWTH = 2;
const ALARM_SHARE = 0.5;
const SECONDS_PER_DAY = 86_400;

/**
 * The capacity rules: shards for the largest of records, bytes and reading, at twice the peak and three times what is usual; retention beyond the longest
 * outage; an alarm at half of it; storage as size x rate x retention x copies.
 * @throws RangeError when the retention does not outlast the outage
 */
export function capacityOf(plan: Plan): Capacity {
  const { perSecond, bytes, retentionSeconds, copies, readers = 1, outageSeconds } = plan;
  const peakPerSecond = plan.peakPerSecond ?? perSecond;
  if (outageSeconds !== undefined && retentionSeconds <= outageSeconds) {
    throw new RangeError(
      `retention (${retentionSeconds} s) must be longer than the longest outage (${outageSeconds} s): what expires unread is lost. Raise the retention`,
    );
  }
  const bytesPerSecond = perSecond * bytes;
  const bytesKept = bytesPerSecond * retentionSeconds;
  const consumers = Math.ceil(perSecond / plan.perConsumer);
  const provisionPerSecond = Math.max(perSecond * USUAL_HEADROOM, peakPerSecond * PEAK_HEADROOM);
  return {
    messagesPerSecond: perSecond,
    bytesPerSecond,
    bytesPerDay: bytesPerSecond * SECONDS_PER_DAY,
    bytesKept,
    bytesStored: bytesKept * copies,
    consumers,
    partitions: consumers * PARTITION_GROWTH,
    needsAtPeak: shardNeeds(peakPerSecond, bytes, readers),
    shards: shardsFor({ peakPerSecond, averageBytes: bytes, usualPerSecond: perSecond }, readers),
    provisionPerSecond,
    alarmAtSeconds: retentionSeconds * ALARM_SHARE,
    catchUpSeconds:
      outageSeconds === undefined ? undefined : (outageSeconds * perSecond) / (provisionPerSecond - perSecond),
  };
}

const TERA = 1e12;
const PETA_IN_TERA = 1_000;

/**
 * Storage as it is reckoned by hand: the day rounded to whole TB before it is multiplied. 86.4 TB become 86, so that seven days are 602 TB and not 604.8.
 */
export function roundedByHand({ bytesPerDay }: Capacity, retentionSeconds: number, copies: number) {
  const terabytesPerDay = Math.round(bytesPerDay / TERA);
  const terabytesKept = terabytesPerDay * (retentionSeconds / SECONDS_PER_DAY);
  return { terabytesPerDay, terabytesKept, petabytesStored: (terabytesKept * copies) / PETA_IN_TERA };
}
