import { isUtf8 } from 'node:buffer';
import { deaggregated } from '../../../lib/runtime/messages/aggregated-record.ts';
import type { Attributes } from '../../../lib/testing/services/sizes.ts';

/** The one event type of the simulation. */
export const STEPPED = 'sim.stepped';

/** What happened to one consumer in a run, as only the world can know it. Invariants are decided from this. */
export interface Journal {
  /** Bodies that the channel took in, in its order. */
  readonly accepted: Accepted[];
  readonly runs: Run[];
  /** Effects that came to be, in their order. */
  readonly effects: Effect[];
  /** How often the inbox turned a key to `done`. */
  readonly completions: Map<string, number>;
  readonly letters: Letter[];
  /** Bodies that a stream mapping gave up. */
  readonly discarded: string[];
  /** Most receives of one message. */
  mostReceives: number;
  /** Something befell the lease of a key that explains two holders. */
  leaseDisturbed: boolean;
  /** What handlers were given for a step: its own result, or one that was kept. */
  readonly steps: { readonly id: string; readonly result: string }[];
}

export interface Accepted {
  /** As `textOf` gives it. */
  readonly body: string;
  /** Undefined: the body cannot be read. */
  readonly event: EventIdentity | undefined;
  readonly at: number;
  /** Queues only. */
  readonly attributes: Attributes;
  readonly received?: Received;
}

/** What a queue has counted of a message. */
export interface Received {
  readonly receives: number;
  readonly firstReceived: number | undefined;
}

export interface EventIdentity {
  readonly id: string;
  readonly ref: number;
  readonly key: string;
  /** Position within the key. */
  readonly n: number;
  readonly amount: number;
}

/** One run of a handler. */
export interface Run {
  readonly id: string;
  readonly ref: number;
  readonly instance: string;
  /** Which invocation of the instance it began in. */
  readonly invocation: number;
  readonly from: number;
  to: number | undefined;
  /** Undefined: still at work, or died. */
  outcome: 'returned' | 'failed' | 'deferred' | 'outage' | 'rejected' | 'hung' | 'crashed' | undefined;
  /** Which try the handler was told it is. */
  readonly attempt: number;
  /** Nobody waited for it any more when it came to its end. */
  abandoned: boolean;
  /** The invocation it began in had ended when it came to its end. */
  late: boolean;
  /** It came to no end of its own for longer than the function may run. */
  hung: boolean;
}

export interface Effect {
  readonly id: string;
  readonly ref: number;
  readonly key: string;
  readonly n: number;
  readonly amount: number;
  readonly at: number;
  /** Written by a handler whose invocation had ended. */
  readonly late?: boolean;
}

export interface Letter {
  readonly body: string;
  /** Undefined: moved by the queue itself, which gives no reason. */
  readonly reason: string | undefined;
  /** Moved by the queue, not by the runtime. */
  readonly moved: boolean;
  readonly at: number;
  /** When its message was received first, as the letter says: which of several copies of a body it is. */
  readonly firstReceived: number | undefined;
  readonly attributes: Attributes;
  /** When it was sent back. */
  sentBack: number | undefined;
}

export const emptyJournal = (): Journal => ({
  accepted: [],
  runs: [],
  effects: [],
  completions: new Map(),
  letters: [],
  discarded: [],
  mostReceives: 0,
  leaseDisturbed: false,
  steps: [],
});

/**
 * What a body says about its event; undefined when it does not have the form of one.
 * @param claimed the data behind a claim check, by its key
 */
export function identify(
  body: string,
  claimed: (key: string) => string | undefined = () => undefined,
): EventIdentity | undefined {
  try {
    const {
      id,
      type,
      data: own,
      claimCheck,
    } = JSON.parse(body) as {
      id?: unknown;
      type?: unknown;
      data?: Partial<EventIdentity>;
      claimCheck?: { key: string };
    };
    const data =
      claimCheck === undefined ? own : (JSON.parse(claimed(claimCheck.key) ?? '{}') as Partial<EventIdentity>);
    if (typeof id !== 'string' || type !== STEPPED || data?.key === undefined || typeof data.amount !== 'number') {
      return undefined;
    }
    return { id, ref: Number(data.ref), key: data.key, n: Number(data.n), amount: data.amount };
  } catch {
    return undefined; // Broken on purpose: such bodies are told apart by their text.
  }
}

/** The events in a record of the log. */
export const bodiesOf = (data: Buffer): string[] =>
  deaggregated(data)?.map((part) => textOf(part.data)) ?? [textOf(data)];

/** Bytes as text that is the same for the same bytes only: those that are no text are base64. */
export const textOf = (bytes: Buffer): string =>
  isUtf8(bytes) ? bytes.toString('utf8') : `base64:${bytes.toString('base64')}`;

/** Another event has its id. */
export const isContested = (event: Pick<EventIdentity, 'id' | 'ref'>, { accepted }: Journal): boolean =>
  accepted.some((other) => other.event?.id === event.id && other.event.ref !== event.ref);
