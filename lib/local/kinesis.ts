import type { Account } from './account/account.ts';
import { kinesisApi } from './kinesis/api.ts';
import { migrateKinesis } from './kinesis/migrate.ts';
import { createRecordLog } from './kinesis/record-log.ts';
import { trimHorizon } from './kinesis/stream.ts';
import { createStreams } from './kinesis/streams.ts';
import type { ServiceHandler } from './service.ts';
import type { State } from './state/state.ts';
import { temporaryFile } from './state/transactions.ts';

/** Kinesis as a handler of the endpoint. */
export interface Kinesis {
  readonly handle: ServiceHandler;
  close(): void;
}

export interface KinesisOptions {
  readonly region: string;
  readonly account: string;
  /** Keeps streams and records over a restart. Without one records are in a temporary file that goes with the process. */
  readonly state?: State | undefined;
  /** What the account grants; undefined: everything. */
  readonly quotas?: Account['kinesis'] | undefined;
  /** Divides the day of the quotas. Default 1. */
  readonly timeScale?: number;
  readonly onThrottled?: (what: string) => void;
}

/** How often records are looked for that are beyond their retention; they are not read any more anyhow. */
const SWEEP_INTERVAL_MS = 10_000;
/** Records deleted in one go: others wait meanwhile. */
const SWEEP_RECORDS = 1_000;

/** Kinesis, with its records in a file: memory and speed do not depend on how many there are. */
export function createKinesis({ region, account, state, quotas, timeScale = 1, onThrottled }: KinesisOptions): Kinesis {
  const file = state?.file ?? temporaryFile();
  const log = createRecordLog(file);
  if (state !== undefined) migrateKinesis(state, log);
  const streams = createStreams(log, state);

  /** @returns whether there may be more to delete */
  const sweep = (): boolean => {
    const now = Date.now();
    for (const key of streams.doomed) {
      if (log.trim(key, Number.MAX_SAFE_INTEGER, SWEEP_RECORDS) > 0) return true;
      log.forget(key);
      streams.doomed.delete(key);
    }
    for (const stream of streams.all())
      for (const { key } of stream.shards) if (log.trim(key, trimHorizon(stream, now), SWEEP_RECORDS) > 0) return true;
    return false;
  };
  let next: NodeJS.Immediate | undefined;
  const sweepOn = (): void => {
    clearImmediate(next);
    next = sweep() ? setImmediate(sweepOn) : undefined;
  };
  const timer = setInterval(sweepOn, SWEEP_INTERVAL_MS).unref();

  return {
    handle: kinesisApi({
      ...{ region, account, streams, log, now: Date.now, settled: () => state?.settled() },
      ...{ quotas, timeScale, onThrottled },
    }),
    close() {
      clearInterval(timer);
      clearImmediate(next);
      if (state === undefined) file.close();
    },
  };
}
