import type { Channel } from '../../contracts/channels/channel.ts';
import type { Outbox } from '../../contracts/channels/outbox.ts';
import type { Duration } from '../../contracts/declaring/duration.ts';

/** A table of the code under test. */
export interface TestTable {
  readonly partitionKey: string;
  readonly sortKey?: string;
  /** A secondary index with all attributes. */
  readonly index?: { readonly name: string; readonly partitionKey: string; readonly sortKey: string };
  /** What is in it at the beginning. */
  readonly items?: readonly Readonly<Record<string, unknown>>[];
}

/** What is there beside the code under test. */
export interface TestOptions {
  /** Tables by their names. */
  readonly tables?: Readonly<Record<string, TestTable>>;
  /** Names of buckets. */
  readonly buckets?: readonly string[];
  /** Channels that it publishes to, or puts work off to with `later()`: `publisher(channel)` finds them. */
  readonly channels?: readonly Channel[];
  /** Outbox that it writes to: its table, its relay, and the channels that it publishes to. */
  readonly outbox?: Outbox;
  /** Environment variables of the function, beside those of the runtime. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Latencies, sizes of batches, order and jitter by chance, the same for the same seed: a test in a loop over seeds meets them all.
   * @default no chance: whole batches in the order they came, waits as long as they are declared at most
   */
  readonly seed?: number;
  /**
   * Real time that a handler may wait for something that is not in the test (a server, a file, a timer of its own) while the test's time stands still. A handler that
   * waits for longer is taken to hang: time goes on, and its timeout strikes.
   * @default 1 s
   */
  readonly patience?: Duration;
}
