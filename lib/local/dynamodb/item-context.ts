import type { Commit } from './commit.ts';
import type { Store } from './dynalite.ts';
import type { InFlight } from './in-flight.ts';
import type { Throughput } from './throughput.ts';
import type { TableCache } from './view.ts';

/** What operations on items work with. */
export interface ItemContext {
  readonly store: Store;
  readonly tables: TableCache;
  readonly commit: Commit;
  readonly inFlight: InFlight;
  /** Undefined: tables take everything. */
  readonly throughput?: Throughput | undefined;
}
