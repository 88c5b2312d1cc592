import type { Message, Outcome } from './message.ts';
import { Reject, Retry, toError } from './outcomes.ts';

export interface UnitOptions {
  /** What a failure stops: the rest of its unit, or everything that has not started. */
  readonly stops: 'unit' | 'batch';
  /** Units in work at once. */
  readonly parallel: number;
  /** Whether there is time for one more message. */
  readonly hasTime: () => boolean;
}

const HELD: Outcome = { kind: 'held' };

/**
 * Handles messages in order within a unit and side by side across units. Messages without a unit are units of their own.
 * @returns what became of each message; none is missing
 */
export async function runUnits(
  messages: readonly Message[],
  unitOf: (message: Message) => string,
  handle: (message: Message) => Promise<'done' | 'duplicate'>,
  options: UnitOptions,
): Promise<Map<Message, Outcome>> {
  const outcomes = new Map<Message, Outcome>(messages.map((message) => [message, HELD]));
  const units = [...Map.groupBy(messages, unitOf).values()];
  let stopped = false;

  async function runUnit(unit: readonly Message[]): Promise<void> {
    for (const message of unit) {
      if (stopped || !options.hasTime()) return;
      const outcome = await handle(message).then(
        (kind): Outcome => ({ kind }),
        (thrown: unknown) => outcomeOf(toError(thrown)),
      );
      outcomes.set(message, outcome);
      if (outcome.kind === 'retry') {
        stopped = options.stops === 'batch';
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

function outcomeOf(error: Error): Outcome {
  if (error instanceof Reject) return { kind: 'rejected', reason: error.reason, error };
  if (error instanceof Retry && error.after !== undefined) {
    return { kind: 'retry', error, afterSeconds: error.after.seconds };
  }
  return { kind: 'retry', error };
}
