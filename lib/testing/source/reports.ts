/** What became of one delivery of a message. */
export interface Delivered {
  readonly at: Date;
  /**
   * In the words of the runtime: `done`, `duplicate`, `retry`, `deferred`, `outage`, `held`, `parked`, `rejected`; `dropped`: at most once; `crashed`: the function ended, or timed out, before it
   * had settled the message.
   */
  readonly as: string;
  readonly reason?: string | undefined;
  readonly error?: Error | undefined;
}

/** Where a message stands. */
export type Standing =
  | 'waiting'
  | 'done'
  | 'duplicate'
  | 'retried'
  | 'deferred'
  | 'outage'
  | 'held'
  | 'parked'
  | 'dropped'
  | 'crashed'
  | 'dead-lettered';

/** A message that was given, and what became of it so far. */
export interface MessageReport {
  /** Id of its event; of the message, where that cannot be read. */
  readonly id: string;
  /** `retried`, `deferred`, `outage`, `held`, `crashed`: it comes again. `waiting`: it was not delivered yet. */
  readonly outcome: Standing;
  /** Why it was dead-lettered. */
  readonly reason: string | undefined;
  /** What the last delivery failed with. */
  readonly error: Error | undefined;
  readonly deliveries: readonly Delivered[];
}

const STANDINGS: Readonly<Record<string, Standing>> = {
  done: 'done',
  duplicate: 'duplicate',
  retry: 'retried',
  deferred: 'deferred',
  outage: 'outage',
  held: 'held',
  parked: 'parked',
  dropped: 'dropped',
  crashed: 'crashed',
  rejected: 'dead-lettered',
};
/** It comes again. */
const OPEN: ReadonlySet<Standing> = new Set(['waiting', 'retried', 'deferred', 'outage', 'held', 'crashed']);

interface Followed {
  readonly id: string;
  readonly deliveries: Delivered[];
  /** Given up by the queue or the mapping, which say no more than that. */
  givenUpBy: string | undefined;
}

export interface Reports {
  /** Follows a message from now on. @param messageId as the source calls it */
  readonly follow: (messageId: string, eventId: string) => void;
  readonly delivered: (messageId: string, delivered: Delivered) => void;
  readonly givenUp: (messageId: string, by: string) => void;
  readonly all: () => readonly MessageReport[];
  /** Those that come again. */
  readonly open: () => readonly MessageReport[];
  /** Deliveries of a message so far. */
  readonly count: (messageId: string) => number;
}

export function reports(): Reports {
  const followed = new Map<string, Followed>();
  const all = (): readonly MessageReport[] => [...followed.values()].map(reportOf);
  return {
    follow: (messageId, id) => void followed.set(messageId, { id, deliveries: [], givenUpBy: undefined }),
    delivered: (messageId, delivered) => void followed.get(messageId)?.deliveries.push(delivered),
    givenUp(messageId, by) {
      const message = followed.get(messageId);
      if (message !== undefined) message.givenUpBy = by;
    },
    all,
    open: () => all().filter(({ outcome }) => OPEN.has(outcome)),
    count: (messageId) => followed.get(messageId)?.deliveries.length ?? 0,
  };
}

function reportOf({ id, deliveries, givenUpBy }: Followed): MessageReport {
  const last = deliveries.at(-1);
  const outcome = givenUpBy === undefined ? STANDINGS[last?.as ?? ''] : 'dead-lettered';
  return {
    id,
    outcome: outcome ?? 'waiting',
    reason: givenUpBy ?? last?.reason,
    error: last?.error,
    deliveries: [...deliveries],
  };
}
