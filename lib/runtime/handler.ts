import type { Envelope } from '../contracts/envelope.ts';
import type { AnyEventType, DataOf } from '../contracts/event.ts';
import type { Write } from './inbox.ts';
import type { HandlerResult, Step } from './once.ts';
import type { Log } from './telemetry.ts';

/** What a handler is given beside the data. */
export interface HandlerContext<Data = unknown> {
  readonly event: Envelope<Data>;
  /** The same for every delivery of the event: hand it to whatever you call. */
  readonly idempotencyKey: string;
  /** Which try this is, from 1, where the source counts. */
  readonly attempt: number;
  readonly log: Log;
  /** Milliseconds until the function is stopped. */
  readonly remainingMillis: () => number;
  /**
   * Mode `effect` only, for effects that exceed one transaction: commits some writes now, once, under a name of their own.
   * A redelivery skips the parts that are done.
   */
  readonly part: (name: string, writes: () => Promise<readonly Write[]>) => Promise<void>;
  /**
   * Mode `lease` only, for work of several outside effects: does one of them under a name of its own and keeps its result (JSON) with
   * the lease. A redelivery is given the result and does not do it again; only a crash between the effect and its record repeats it.
   * @throws Defer when the lease was lost meanwhile; Reject when the result has more than 100,000 characters
   */
  readonly step: Step;
}

/** What a consumer does with one kind of event. */
export type Handler<Data> = (data: Data, context: HandlerContext<Data>) => Promise<HandlerResult>;

/** One handler for each event type of the channel: a missing or unknown one does not compile. */
export type Handlers<E extends AnyEventType> = { readonly [T in E as T['type']]: Handler<DataOf<T>> };
