import type { JsonObject } from '../../json.ts';

/** One record of a stream, as the mapping handles it. */
export interface StreamRecord {
  readonly sequenceNumber: string;
  /** What order is kept by when a shard is worked on in parallel. */
  readonly orderingKey: string;
  /** Epoch milliseconds at which it arrived in the stream. */
  readonly arrivedAt: number;
  readonly bytes: number;
  /** The record as a function sees it. */
  readonly event: JsonObject;
}

export interface Shard {
  readonly shardId: string;
  /** Shards that must be read to their end before this one. */
  readonly parents: readonly string[];
}

/** Where reading starts. */
export type Position =
  | { readonly kind: 'TRIM_HORIZON' }
  | { readonly kind: 'LATEST' }
  | { readonly kind: 'AT_TIMESTAMP'; readonly timestampMs: number }
  | { readonly kind: 'AFTER'; readonly sequenceNumber: string };

/** How to read one kind of stream. */
export interface StreamSource {
  /** Name of the batch description in the record that goes to the on-failure destination. */
  readonly infoName: 'KinesisBatchInfo' | 'DDBStreamBatchInfo';
  /** Iterators never expire, not even over a restart of the engine. */
  readonly lastingIterators: boolean;
  /** What the description calls the arrival times' precision. */
  readonly secondsOnly: boolean;
  listShards(): Promise<Shard[]>;
  iterator(shardId: string, position: Position): Promise<string>;
  /** `next` is undefined at the end of a closed shard; `behind`: more is there already. */
  read(
    shardId: string,
    iterator: string,
    limit: number,
  ): Promise<{ records: StreamRecord[]; next: string | undefined; behind: boolean }>;
  /** Waits until another look is worth while; resolves at once when the signal is aborted. */
  idle(signal: AbortSignal): Promise<void>;
  /** Text that filters see as the decoded member, or undefined when the record has none. */
  readonly decoded: { readonly member: string; textOf(record: JsonObject): string } | undefined;
  close(): void;
}
