import type { MappingConfig, MappingContext } from '../configuration/mapping.ts';
import type { Position, StreamSource } from './stream-source.ts';
import type { OpenWindow } from './tumbling-window.ts';

/** Pause after a failed attempt: doubles from base to cap, and starts anew when a batch got through. */
export const STREAM_RETRY_BASE_MS = 50;
export const STREAM_RETRY_CAP_MS = 5000;

/** Where one shard stands. */
export interface ShardProgress {
  /** Where reading started, until the first record was done. LATEST only where iterators last: it means when it was asked for. */
  readonly start: Position;
  /** Last record that is done. */
  done: string | undefined;
  /** Where the next read goes on; undefined: to be asked for from `done` or `start`. */
  iterator: string | undefined;
  /** The shard is closed and read to its end. */
  finished: boolean;
  /** The tumbling window it is in, with what was gathered. */
  window: OpenWindow | undefined;
}

export interface ShardWork {
  readonly shardId: string;
  readonly progress: ShardProgress;
  /** To be called when the progress has changed, in the turn of the change: it may have to outlive the engine. */
  readonly noteProgress: () => void;
  readonly config: MappingConfig;
  readonly context: MappingContext;
  readonly source: StreamSource;
  readonly signal: AbortSignal;
  readonly status: { lastResult: string };
}
