import type { SystemInput } from '../../../operations/systems/system.ts';
import type { OrderData } from '../contract.ts';
import { decide } from '../request.ts';
import type { Placed } from './producer.ts';
import type { Snapshot } from './snapshot.ts';

/** What was put in, as the sender knows it. */
export interface Input {
  readonly placed: readonly Placed[];
  /** Stock before the first order, by SKU. */
  readonly shelf: ReadonlyMap<string, number>;
  /** Whether a consumer has given an event up. @default none was */
  readonly isDead?: SystemInput['isDead'];
  /** Dead letters of each consumer that are there and were not seen. @default none */
  readonly unseen?: SystemInput['unseen'];
  /** @default undisturbed */
  readonly disturbance?: Disturbance;
}

/** What was done to the system on purpose that excuses what is a problem otherwise. */
export interface Disturbance {
  /**
   * Times that something happened after which an e-mail may be sent once more: a worker died, or an answer was lost. The mail service takes
   * no idempotency key, so nobody can tell whether the first was sent.
   */
  readonly mailsAtRisk: number;
  /** Clocks were wrong: the times that workers wrote down say nothing about order. */
  readonly clocksWrong: boolean;
}

export const UNDISTURBED: Disturbance = { mailsAtRisk: 0, clocksWrong: false };

/** An event that must have had its effects. */
export interface Expected {
  readonly id: string;
  readonly orderId: string;
  readonly sequence: number;
  readonly cancellation: boolean;
  readonly data: OrderData;
}

/** What the checks compare, and where they write what they find. */
export interface Ledger {
  readonly input: Input;
  readonly disturbance: Disturbance;
  readonly snapshot: Snapshot;
  readonly expected: ReadonlyMap<string, Expected>;
  /** Whether a consumer has given the event up: then it owes no effect. */
  readonly isDead: SystemInput['isDead'];
  readonly tally: { lost: number; duplicated: number; outOfOrder: number };
  readonly problems: string[];
  /** Effects that a consumer owes and that are missing. A count of 0 or less is none. Behind dead letters that nobody has seen they are not known to be lost. */
  readonly lose: (count: number, text: string, consumer?: string) => void;
  /** Effects that are there too often. */
  readonly repeat: (count: number, text: string) => void;
  readonly misplace: (text: string) => void;
}

export function openLedger(input: Input, snapshot: Snapshot): Ledger {
  const tally = { lost: 0, duplicated: 0, outOfOrder: 0 };
  const problems: string[] = [];
  const unseen: Record<string, number> = { ...input.unseen };
  return {
    input,
    disturbance: input.disturbance ?? UNDISTURBED,
    snapshot,
    expected: expectedEvents(input.placed),
    isDead: input.isDead ?? (() => false),
    tally,
    problems,
    lose(count, text, consumer = '') {
      if (count <= 0) return;
      const unknown = Math.min(count, unseen[consumer] ?? 0);
      if (unknown > 0) {
        unseen[consumer] = (unseen[consumer] ?? 0) - unknown;
        problems.push(
          `lost or given up: ${unknown} of ${count} ${text}: so many dead letters of ${consumer} were not seen`,
        );
      }
      if (count === unknown) return;
      tally.lost += count - unknown;
      problems.push(`lost: ${text}`);
    },
    repeat(count, text) {
      if (count <= 0) return;
      tally.duplicated += count;
      problems.push(`twice: ${text}`);
    },
    misplace(text) {
      tally.outOfOrder += 1;
      problems.push(`out of order: ${text}`);
    },
  };
}

/** Accepted requests by event id. The same document sent twice is one event. */
function expectedEvents(placed: readonly Placed[]): Map<string, Expected> {
  const events = new Map<string, Expected>();
  for (const { request, reply } of placed) {
    if (reply.status !== 'accepted') continue;
    const id = `order-outbox/${reply.orderId}/${reply.sequence}`;
    const { data } = decide(request);
    events.set(id, { id, orderId: reply.orderId, sequence: reply.sequence, cancellation: request.cancellation, data });
  }
  return events;
}
