import { setTimeout as sleep } from 'node:timers/promises';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { Defer } from '../../../lib/runtime/invocation/outcomes.ts';
import { TOLERANCE_MILLIS } from '../../../lib/systems/notifications/rates.ts';

/**
 * Turns at a provider: each is a moment for one request. All instances of all workers take theirs from timelines that they share (`timeline.ts`), so that the
 * provider's rate holds over all of them.
 */

/** Reserves a run of turns. @returns when the first is, and how far apart they are, ms; undefined: so far ahead that it makes no sense to wait for it here */
export type Reserve = (count: number) => Promise<{ readonly first: number; readonly interval: number } | undefined>;

/** Time, for tests to bring their own. */
export interface TurnClock {
  readonly now: () => number;
  /** @throws whatever the signal was aborted with */
  readonly wait: (millis: number, signal: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
}

const CLOCK: TurnClock = {
  now: () => Date.now(),
  wait: (millis, signal) => sleep(millis, undefined, { signal }),
  random: () => Math.random(),
};

const MAX_MISSED = 5;
/** Turns that are reserved at once: those who ask while a reservation is under way share the next one. */
const MAX_RUN = 10;
const LEAST_WAIT_SECONDS = 2;
const WAIT_RANGE_SECONDS = 4;

/** Waits for a turn. @throws Defer when there is none soon: that is no failure, and costs no try */
export type TakeTurn = (signal: AbortSignal) => Promise<void>;

/** @param timelines to reserve from, in the order of preference */
export function turns(timelines: readonly Reserve[], clock: TurnClock = CLOCK): TakeTurn {
  const next = turnsInRuns(timelines);
  return async (signal) => {
    for (let missed = 0; missed < MAX_MISSED; missed++) {
      const turn = await next();
      if (turn === undefined) break;
      signal.throwIfAborted();
      // Whole milliseconds: a timer that is given a part of one fires before its time.
      const left = Math.ceil(turn - clock.now());
      if (left > 0) await clock.wait(left, signal);
      if (clock.now() - turn <= TOLERANCE_MILLIS) return;
    }
    const wait = seconds(Math.round(LEAST_WAIT_SECONDS + clock.random() * WAIT_RANGE_SECONDS));
    throw new Defer(wait, 'the rate of the provider is used up for the moment');
  };
}

/** One reservation at a time: a write for many turns instead of one for each. @returns asks for one turn */
function turnsInRuns(timelines: readonly Reserve[]): () => Promise<number | undefined> {
  const waiting: PromiseWithResolvers<number | undefined>[] = [];
  let reserving = false;

  async function reserve(count: number) {
    for (const timeline of timelines) {
      const run = await timeline(count);
      if (run !== undefined) return run;
    }
    return undefined;
  }

  async function serve(): Promise<void> {
    if (reserving) return;
    reserving = true;
    while (waiting.length > 0) {
      const group = waiting.splice(0, MAX_RUN);
      await reserve(group.length).then(
        (run) => {
          for (const [i, { resolve }] of group.entries()) resolve(run && run.first + i * run.interval);
        },
        (error: unknown) => {
          for (const { reject } of group) reject(error);
        },
      );
    }
    reserving = false;
  }

  return () => {
    const turn = Promise.withResolvers<number | undefined>();
    waiting.push(turn);
    void serve();
    return turn.promise;
  };
}
