import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import type { Runtime } from '../../runtime/invocation/runtime.ts';
import type { Owner, World } from '../world/world.ts';
import { keepingPlace } from './place.ts';

/** What is under test has not come to an end, in time or at all. */
export class NotSettled extends Error {
  override readonly name = 'NotSettled';
}

/** What runs in a world and may also wait for what is outside of it. */
export interface Runner {
  /** The runtime of code whose calls and sleeps are counted: what waits for one of them waits for the world. */
  readonly watched: (owner: Owner, runtime: Runtime) => Runtime;
  /** Runs code of an owner. */
  readonly running: <T>(owner: Owner, work: () => Promise<T>) => Promise<T>;
  /**
   * Lets things happen until a condition holds or nothing happens before a time.
   * @returns whether it holds
   */
  readonly until: (isOver: () => boolean, limitMillis: number) => Promise<boolean>;
}

interface Counts {
  /** Calls and sleeps under way. */
  pending: number;
  /** Grows with each: tells whether something has gone on. */
  begun: number;
  /** Pieces of code at work. */
  running: number;
  /** `begun` when it was found to hang. */
  hangsAt: number | undefined;
}

/** Turns of the event loop before a wait for the world outside becomes a polite one. */
const EAGER_TURNS = 50;
/** Things that happen in one go: far more than any test needs, and few enough to end before whoever runs it gives up. */
const MOST_STEPS = 2_000_000;

/** @param patienceMillis real time that code may wait for the world outside */
export function runnerOf(world: World, patienceMillis: number): Runner {
  const owners = new Map<Owner, Counts>();

  function countsOf(owner: Owner): Counts {
    let counts = owners.get(owner);
    if (counts === undefined) {
      counts = { pending: 0, begun: 0, running: 0, hangsAt: undefined };
      owners.set(owner, counts);
    }
    return counts;
  }

  async function counted<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
    const counts = countsOf(owner);
    counts.pending += 1;
    counts.begun += 1;
    try {
      return await work();
    } finally {
      counts.pending -= 1;
    }
  }

  /** Code that is at work and waits for nothing of this world. */
  const outside = (): Counts[] =>
    [...owners].flatMap(([owner, counts]) => {
      const isAtWork = owner.alive && !owner.frozen && counts.running > 0;
      return isAtWork && counts.pending === 0 && counts.hangsAt !== counts.begun ? [counts] : [];
    });

  /** The world stands still while code waits for something real. */
  async function whileOutside(): Promise<void> {
    let since: number | undefined;
    for (let turns = 0; ; turns++) {
      const waiting = outside();
      if (waiting.length === 0) return;
      since ??= performance.now();
      if (performance.now() - since > patienceMillis) {
        for (const counts of waiting) counts.hangsAt = counts.begun;
        return;
      }
      await (turns < EAGER_TURNS ? turn() : wait(1));
    }
  }

  return {
    watched: (owner, runtime) => ({
      ...runtime,
      aws: (...call) => counted(owner, () => runtime.aws(...call)),
      sleep: (milliseconds) => counted(owner, () => runtime.sleep(milliseconds)),
      every: (milliseconds, task) => runtime.every(milliseconds, keepingPlace(task)),
    }),
    async running(owner, work) {
      const counts = countsOf(owner);
      counts.running += 1;
      counts.begun += 1;
      try {
        return await work();
      } finally {
        counts.running -= 1;
      }
    },
    async until(isOver, limit) {
      for (let steps = 0; ; steps++) {
        await turn();
        await whileOutside();
        if (isOver()) return true;
        const next = world.next();
        if (next === undefined || next > limit) return false;
        if (steps === MOST_STEPS)
          throw new NotSettled(`${MOST_STEPS} things have happened, and there is no end: something goes in circles`);
        await world.step();
      }
    },
  };
}
