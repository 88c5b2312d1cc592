import type { Account } from '../account/account.ts';
import type { Input } from './input.ts';
import type { RecordLog } from './record-log.ts';
import type { Stream } from './stream.ts';
import type { Streams } from './streams.ts';
import type { ResultObject } from './wire.ts';

/** What operations work on. */
export interface Context {
  readonly region: string;
  readonly account: string;
  readonly streams: Streams;
  readonly log: RecordLog;
  /** What the account grants; undefined: everything. */
  readonly quotas?: Account['kinesis'] | undefined;
  /** Divides the day of the quotas. Default 1. */
  readonly timeScale?: number;
  /** Told, in words, what a quota stopped. */
  readonly onThrottled?: ((what: string) => void) | undefined;
  /** Epoch milliseconds. */
  now(): number;
  /** When all that was kept so far is written; undefined: it is. */
  settled(): Promise<void> | undefined;
}

/** Carries a call out. @returns what is answered; undefined: nothing @throws KinesisError */
export type Operation = (input: Input, context: Context) => ResultObject | undefined;
export type Operations = Readonly<Record<string, Operation>>;

/** How long a stream is CREATING or UPDATING, and a consumer CREATING: nobody waits for a local stream. */
export const STATE_CHANGE_MS = 1;

/** Keeps what a call has made of a stream, which is busy with it for a moment. */
export function update(stream: Stream, changes: Partial<Stream>, { streams, now }: Context): void {
  streams.save({ ...stream, ...changes, busy: { status: 'UPDATING', until: now() + STATE_CHANGE_MS } });
}
