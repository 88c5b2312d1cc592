import type { Calls } from './provider.ts';
import type { Sent } from './traffic.ts';

/** When a message was sent, seen from the outage. */
export type Phase = 'before' | 'during' | 'after';

/** How often messages were received until they were done. */
export interface Receives {
  readonly highest: number;
  /** Messages by number of receives. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface LaneResult {
  readonly sent: number;
  readonly done: number;
  readonly deadLetters: number;
  /** Messages whose effect happened more than once. */
  readonly effectsTwice: number;
  /** Keys whose messages were not done in the order they were sent; undefined for a lane without order. */
  readonly keysOutOfOrder: number | undefined;
  readonly receives: Readonly<Record<Phase, Receives>>;
  /** Calls that the provider refused while it was down. */
  readonly callsWhileDown: number;
  /** Those of them by which the breaker tried whether it is back; undefined without a breaker. */
  readonly trialsWhileDown: number | undefined;
  /** Messages for which the provider was asked again although it had answered. */
  readonly askedAgain: number;
  /** From the provider's return until the last message that was sent before it was done; undefined when some never were. */
  readonly caughtUpAfterSeconds: number | undefined;
}

export interface Outage {
  /** Epoch milliseconds. */
  readonly downAt: number;
  readonly upAt: number;
}

/** A row of the work table. */
export type WorkItem = Readonly<Record<string, unknown>>;

const MILLIS_PER_SECOND = 1_000;

export const phaseOf = (sentAt: number, { downAt, upAt }: Outage): Phase =>
  sentAt < downAt ? 'before' : sentAt < upAt ? 'during' : 'after';

export interface Observations {
  readonly deadLetters: number;
  readonly calls: Calls;
  readonly outage: Outage;
  /** When the consumer was stopped first, epoch milliseconds; undefined: never. */
  readonly stoppedAt: number | undefined;
}

/** What becomes of batches that are under way when the consumer is stopped. */
const IN_FLIGHT_MILLIS = 2_000;

/** What became of a lane's messages, from what its function noted, the provider counted and the dead letters hold. */
export function measureLane(
  { name, ordered }: { readonly name: string; readonly ordered: boolean },
  sent: readonly Sent[],
  items: readonly WorkItem[],
  { deadLetters, calls, outage, stoppedAt }: Observations,
): LaneResult {
  const rows = new Map(items.map((item) => [String(item.pk), item]));
  const rowOf = ({ number }: Sent) => rows.get(`${name}/${number}`);
  const done = sent.filter((one) => rowOf(one) !== undefined);
  const receivesIn = (phase: Phase): Receives => {
    const found = done
      .filter(({ sentAt }) => phaseOf(sentAt, outage) === phase)
      .map((one) => Number(rowOf(one)?.receives));
    const counts = Object.groupBy(found, String);
    return {
      highest: Math.max(0, ...found),
      counts: Object.fromEntries(Object.entries(counts).map(([count, all]) => [count, all?.length ?? 0])),
    };
  };
  const waiting = sent.filter(({ sentAt }) => sentAt < outage.upAt);
  const lastDone = Math.max(...waiting.map((one) => Number(rowOf(one)?.doneAt ?? Number.POSITIVE_INFINITY)));
  const orders = items.filter(({ pk }) => String(pk).startsWith(`${name}!`)).map(({ numbers }) => numbers as number[]);
  return {
    sent: sent.length,
    done: done.length,
    deadLetters,
    effectsTwice: done.filter((one) => Number(rowOf(one)?.times) > 1).length,
    keysOutOfOrder: ordered ? orders.filter((numbers) => !isAscending(numbers)).length : undefined,
    receives: { before: receivesIn('before'), during: receivesIn('during'), after: receivesIn('after') },
    callsWhileDown: calls.refusedAt.length,
    trialsWhileDown:
      stoppedAt === undefined ? undefined : calls.refusedAt.filter((at) => at > stoppedAt + IN_FLIGHT_MILLIS).length,
    askedAgain: [...calls.answered.values()].filter((count) => count > 1).length,
    caughtUpAfterSeconds: Number.isFinite(lastDone) ? (lastDone - outage.upAt) / MILLIS_PER_SECOND : undefined,
  };
}

const isAscending = (numbers: readonly number[]): boolean =>
  numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0));
