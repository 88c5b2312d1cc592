import type { Chance } from './chance.ts';

/** Virtual time starts here: epoch milliseconds. */
export const EPOCH = Date.parse('2026-11-20T08:00:00Z');

/** Whoever waits for events: a function instance, a producer. */
export interface Owner {
  readonly name: string;
  alive: boolean;
  /** Between invocations Lambda freezes an instance: what comes for it waits. */
  frozen: boolean;
  readonly backlog: (() => void)[];
}

export interface World {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Latencies and choices among what could happen next. */
  readonly chance: Chance;
  /** Runs something later. With an owner: only if that still lives, and not while it is frozen. */
  readonly after: (milliseconds: number, run: () => void, owner?: Owner) => void;
  /** The owner whose event is running: where real timers of libraries belong. */
  readonly current: () => Owner | undefined;
  readonly die: (owner: Owner) => void;
  readonly freeze: (owner: Owner) => void;
  readonly thaw: (owner: Owner) => void;
  /** A line of the trace; computed only when somebody reads it. */
  readonly note: (line: () => string) => void;
  /**
   * Runs until nothing is left to happen. Between two events all that a promise set off has run.
   * @returns false when virtual time ran out first
   */
  readonly run: (limitMillis: number) => Promise<boolean>;
  /** When the next thing happens, in epoch milliseconds; undefined: nothing is left. */
  readonly next: () => number | undefined;
  /** Lets the next thing happen, and what it sets off at once. For who looks at the world in between; `run` is faster. */
  readonly step: () => Promise<void>;
  /** Lets time pass in which nothing happens. */
  readonly pass: (atMillis: number) => void;
  /** The same for the same history: tells whether two runs were alike. */
  readonly fingerprint: () => number;
  readonly steps: () => number;
}

interface Scheduled {
  readonly at: number;
  /** Breaks ties by chance. */
  readonly order: number;
  readonly run: () => void;
  readonly owner: Owner | undefined;
}

const before = (a: Scheduled, b: Scheduled): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/**
 * @param chance decides latencies, and what comes first of what could happen at once
 * @param trace takes the lines of the trace. @default nobody reads them
 */
export function createWorld(chance: Chance, trace?: (line: string) => void): World {
  const heap: Scheduled[] = [];
  let now = EPOCH;
  let steps = 0;
  let fingerprint = 0;
  let current: Owner | undefined;

  const world: World = {
    now: () => now,
    chance,
    current: () => current,
    after(milliseconds, run, owner) {
      push(heap, { at: now + Math.max(0, Math.round(milliseconds)), order: chance.next(), run, owner });
    },
    die(owner) {
      owner.alive = false;
      owner.backlog.length = 0;
    },
    freeze(owner) {
      owner.frozen = true;
    },
    thaw(owner) {
      owner.frozen = false;
      for (const run of owner.backlog.splice(0)) world.after(0, run, owner);
    },
    note: trace === undefined ? () => undefined : (line) => trace(`${stamp(now)} ${line()}`),
    async run(limitMillis) {
      const end = EPOCH + limitMillis;
      for (let event = pop(heap); event !== undefined; event = pop(heap)) {
        if (event.at > end) return false;
        now = event.at;
        const { owner } = event;
        if (owner !== undefined && !owner.alive) continue;
        if (owner?.frozen === true) {
          owner.backlog.push(event.run);
          continue;
        }
        steps += 1;
        fingerprint = Math.imul(fingerprint ^ (now - EPOCH), 0x01000193) ^ (event.order * 0x7fffffff);
        current = owner;
        event.run();
        // Neither begins before the last microtask is over: no guess about how many awaits there are. A turn of the event loop costs 4 µs more, and
        // is what tells that nobody has caught a rejection.
        await new Promise<void>(steps % STEPS_A_TURN === 0 ? setImmediate : tick);
      }
      return true;
    },
    next: () => heap[0]?.at,
    pass(at) {
      now = Math.max(now, at);
    },
    async step() {
      const event = pop(heap);
      if (event === undefined) return;
      now = event.at;
      const { owner } = event;
      if (owner?.frozen === true) owner.backlog.push(event.run);
      else if (owner?.alive !== false) {
        current = owner;
        event.run();
      }
      await new Promise<void>(setImmediate);
    },
    fingerprint: () => fingerprint >>> 0,
    steps: () => steps,
  };
  return world;
}

/** Streams of chance of one seed. */
export const STREAM = { scenario: 0, schedule: 1, runtime: 2, globals: 3 } as const;

const STEPS_A_TURN = 8;
const tick = process.nextTick as (resume: () => void) => void;
const stamp = (now: number): string => `${((now - EPOCH) / 1_000).toFixed(3).padStart(9)}s`;

function push(heap: Scheduled[], event: Scheduled): void {
  let i = heap.push(event) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !before(event, above)) break;
    heap[i] = above;
    i = parent;
  }
  heap[i] = event;
}

function pop(heap: Scheduled[]): Scheduled | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    let lower = heap[child];
    const right = heap[child + 1];
    if (lower === undefined) break;
    if (right !== undefined && before(right, lower)) {
      child += 1;
      lower = right;
    }
    if (!before(lower, last)) break;
    heap[i] = lower;
    i = child;
  }
  heap[i] = last;
  return first;
}
