import type { Message, Outcome } from './message.ts';

export interface UnitOptions {
  /** What a failure stops: the rest of its unit, or everything that has not started. */
  readonly stops: 'unit' | 'batch';
  /**
   * Whether a rejection whose dead letter is still to be sent holds the rest of its unit as well. On an ordered source it must:
   * should the function die before the dead letter is sent, the message would come again after its successors.
   */
  readonly rejectionStops: boolean;
  /** Units in work at once. */
  readonly parallel: number;
  /** Whether there is time for one more message. */
  readonly hasTime: () => boolean;
}

/** Outcomes after which the rest of the unit must wait. */
const STOPS: ReadonlySet<Outcome['kind']> = new Set(['retry', 'deferred', 'outage', 'held']);

const HELD: Outcome = { kind: 'held' };

/**
 * Handles messages in order within a unit and side by side across units. Messages without a unit are units of their own.
 * @param handle never rejects: a failure is an outcome
 * @returns what became of each message; none is missing
 */
export async function runUnits(
  messages: readonly Message[],
  unitOf: (message: Message) => string,
  handle: (message: Message) => Promise<Outcome>,
  options: UnitOptions,
): Promise<Map<Message, Outcome>> {
  const outcomes = new Map<Message, Outcome>(messages.map((message) => [message, HELD]));
  const units = [...Map.groupBy(messages, unitOf).values()];
  let stopped = false;

  async function runUnit(unit: readonly Message[]): Promise<void> {
    for (const message of unit) {
      if (stopped || !options.hasTime()) return;
      const outcome = await handle(message);
      outcomes.set(message, outcome);
      if (outcome.kind === 'rejected' && !outcome.sent && options.rejectionStops) return;
      if (STOPS.has(outcome.kind)) {
        // A dependency that is down is down for the others too.
        stopped ||= options.stops === 'batch' || outcome.kind === 'outage';
        return;
      }
    }
  }

  const queue = units.values();
  await Promise.all(
    Array.from({ length: Math.min(options.parallel, units.length) }, async () => {
      for (const unit of queue) await runUnit(unit);
    }),
  );
  return outcomes;
}
