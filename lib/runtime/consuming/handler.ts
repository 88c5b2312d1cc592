import type { Envelope } from '../../contracts/events/envelope.ts';
import type { AnyEventType, DataOf } from '../../contracts/events/event.ts';
import type { Write } from '../inbox/inbox.ts';
import type { HandlerResult, Step } from '../inbox/once.ts';
import type { Log } from '../invocation/telemetry.ts';

/** What a handler is given beside the data. */
export interface HandlerContext<Data = unknown> {
  readonly event: Envelope<Data>;
  /** The same for every delivery of the event: hand it to whatever you call. */
  readonly idempotencyKey: string;
  /**
   * Which try this is, from 1: tries that failed are counted, receives are not. A try under which the function ended counts once it is known to be its fault, and
   * one that failed in the moment before does not. At most once: receives.
   */
  readonly attempt: number;
  readonly log: Log;
  /** Milliseconds until the function is stopped. The handler is abandoned before that, while there is time to settle: see `signal`. */
  readonly remainingMillis: () => number;
  /**
   * Fires when the handler is abandoned, 15 % of the timeout and at most 2.25 s before the function is stopped: hand it to whatever you call,
   * `fetch(url, { signal })`. An abandoned handler is a failed attempt, whatever it still comes to; its `part()` and `step()` do nothing any more and throw.
   */
  readonly signal: AbortSignal;
  /**
   * Mode `effect` only, for effects that exceed one transaction: commits some writes now, once, under a name of their own.
   * A redelivery skips the parts that are done.
   * @throws Fenced when the handler is over: abandoned, or settled
   */
  readonly part: (name: string, writes: () => Promise<readonly Write[]>) => Promise<void>;
  /**
   * Mode `lease` only, for work of several outside effects: does one of them under a name of its own and keeps its result (JSON) with
   * the lease. A redelivery is given the result and does not do it again; only a crash between the effect and its record repeats it.
   * @throws Defer when the lease was lost meanwhile; Fenced when the handler is over; Reject when the results of all steps exceed 380,000 bytes
   */
  readonly step: Step;
}

/** What a consumer does with one kind of event. */
export type Handler<Data> = (data: Data, context: HandlerContext<Data>) => Promise<HandlerResult>;

/** One handler for each event type of the channel: a missing or unknown one does not compile. */
export type Handlers<E extends AnyEventType> = { readonly [T in E as T['type']]: Handler<DataOf<T>> };
