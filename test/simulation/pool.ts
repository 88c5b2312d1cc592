import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Shrunk } from './shrink.ts';
import type { Answer, Done, Failure, Question, Ran, Task } from './worker.ts';

/** Seeds a thread takes at a time. */
const STRETCH = 50;

export interface Exploration {
  readonly from: number;
  readonly runs: number;
  /** Runs with this mutant instead of the runtime as it is. @default none */
  readonly mutant?: string;
  /** Each seed once for every request it makes, with a crash there instead of its faults. @default false */
  readonly crashes?: boolean;
  /** Stops giving out work after this many failing seeds. @default 1 */
  readonly stopAfter?: number;
  readonly onProgress?: (done: number) => void;
  /** Ends it early: no more work is given out, and what was is finished, so that the seeds up to some seed were run, each once. */
  readonly signal?: AbortSignal;
}

export interface Explored extends Omit<Ran, 'kind'> {}

export interface Pool {
  /** Runs seeds on all threads. Failures are in the order of their seeds. */
  readonly explore: (exploration: Exploration) => Promise<Explored>;
  /** Makes a failing scenario smaller. */
  readonly shrink: (failure: Pick<Failure, 'scenario'>, mutant?: string) => Promise<Shrunk>;
  /** What happens in the world of a seed, line by line. */
  readonly trace: (seed: number) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

/** @param threads @default one per processor */
export function openPool(threads: number = availableParallelism()): Pool {
  const workers = Array.from({ length: threads }, startWorker);
  /** The first thread does what is no work for several. */
  const alone = (task: Task): Promise<Done> => {
    const [first] = workers;
    if (first === undefined) throw new RangeError(`a pool needs at least one thread (given ${threads})`);
    return first.ask(task);
  };
  return {
    async explore({ from, runs, mutant, crashes = false, stopAfter = 1, onProgress, signal }) {
      const named = { crashes, ...(mutant === undefined ? {} : { mutant }) };
      const stretch = crashes ? 1 : STRETCH;
      const total = { runs: 0, steps: 0, faults: 0, fingerprint: 0 };
      const failures: Failure[] = [];
      let next = from;
      const work = async ({ ask }: ReturnType<typeof startWorker>) => {
        while (next < from + runs && failures.length < stopAfter && signal?.aborted !== true) {
          const start = next;
          const count = Math.min(stretch, from + runs - start);
          next += count;
          const done = await ask({ kind: 'run', from: start, count, ...named });
          if (done.kind !== 'run') throw unasked(done);
          total.runs += done.runs;
          total.steps += done.steps;
          total.faults += done.faults;
          // Whatever thread had which stretch.
          total.fingerprint = (total.fingerprint ^ Math.imul(done.fingerprint, start + 1)) >>> 0;
          failures.push(...done.failures);
          onProgress?.(total.runs);
        }
      };
      await Promise.all(workers.map(work));
      failures.sort((a, b) => a.seed - b.seed);
      return { ...total, failures };
    },
    async shrink({ scenario }, mutant) {
      const done = await alone({ kind: 'shrink', scenario, ...(mutant === undefined ? {} : { mutant }) });
      if (done.kind !== 'shrink') throw unasked(done);
      return done;
    },
    async trace(seed) {
      const done = await alone({ kind: 'trace', seed });
      if (done.kind !== 'trace') throw unasked(done);
      return done.lines;
    },
    async close() {
      await Promise.all(workers.map(({ close }) => close()));
    },
  };
}

const unasked = ({ kind }: Done): Error => new Error(`a thread answered '${kind}', which it was not asked`);

/** A thread of its own, because the simulation takes over the timers of its thread. */
function startWorker() {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { execArgv: [] });
  const waiting = new Map<
    number,
    { readonly resolve: (done: Done) => void; readonly reject: (error: Error) => void }
  >();
  let asked = 0;
  worker.on('message', ({ number, done }: Answer) => {
    waiting.get(number)?.resolve(done);
    waiting.delete(number);
  });
  const fail = (cause: Error) => {
    for (const { reject } of waiting.values()) reject(new Error('the simulator itself failed', { cause }));
    waiting.clear();
  };
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('its thread ended')));
  return {
    /** What nobody waits for any more is done all the same, before what is asked next. */
    ask: (task: Task): Promise<Done> =>
      new Promise((resolve, reject) => {
        asked += 1;
        waiting.set(asked, { resolve, reject });
        worker.postMessage({ number: asked, task } satisfies Question);
      }),
    close: () => worker.terminate(),
  };
}
