/** What is known of streams beside their records. Kept as JSON. */

export interface Shard {
  /** In its stream: 0, 1, ... */
  readonly index: number;
  /** Of its records in the log. */
  readonly key: number;
  /** Second in which it was made, as its sequence numbers have it: later than that of its parents. */
  readonly created: number;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  /** Epoch milliseconds; since then it takes no more records. */
  readonly closedAt?: number;
  /** Its range of hash keys, both ends included; decimal. */
  readonly from: string;
  readonly to: string;
  /** Index of the shard that it is a part of, or of both that it was made of. */
  readonly parents: readonly number[];
}

export interface Consumer {
  readonly name: string;
  readonly arn: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

export type StreamMode = 'PROVISIONED' | 'ON_DEMAND';

export interface Stream {
  readonly name: string;
  readonly arn: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Something else than ACTIVE until then, epoch milliseconds. */
  readonly busy: { readonly status: 'CREATING' | 'UPDATING'; readonly until: number };
  readonly mode: StreamMode;
  readonly retentionHours: number;
  /** Largest record. */
  readonly recordKib: number;
  readonly warmMibps?: number;
  /** Metrics by shard that were asked for. */
  readonly shardMetrics: readonly string[];
  /** Encrypted by this key. */
  readonly keyId?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Resource policies, JSON text, by ARN: of the stream and of its consumers. */
  readonly policies: Readonly<Record<string, string>>;
  readonly shards: readonly Shard[];
  readonly consumers: readonly Consumer[];
  /** When its shard count was set by UpdateShardCount in the last 24 hours, epoch milliseconds. */
  readonly scalings?: readonly number[];
}

const HOUR_MS = 60 * 60 * 1_000;

export const shardIdOf = (index: number): string => `shardId-${String(index).padStart(12, '0')}`;

export const isOpen = (shard: Shard): boolean => shard.closedAt === undefined;

/** Records that came before are gone. @returns epoch milliseconds */
export const trimHorizon = ({ retentionHours }: Stream, now: number): number => now - retentionHours * HOUR_MS;

/** A closed shard is there as long as its last record could be. */
export const shardsThere = (stream: Stream, now: number): readonly Shard[] =>
  stream.shards.filter(({ closedAt }) => closedAt === undefined || closedAt >= trimHorizon(stream, now));

export const childrenOf = (stream: Stream, shard: Shard): readonly Shard[] =>
  stream.shards.filter(({ parents }) => parents.includes(shard.index));

export const statusOf = ({ busy }: Stream, now: number): 'CREATING' | 'UPDATING' | 'ACTIVE' =>
  now < busy.until ? busy.status : 'ACTIVE';
