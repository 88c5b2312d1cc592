import type { PoolOptions, PoolWorker, WorkerRequest } from 'vitest/node';
import { ThreadsPoolWorker } from 'vitest/node';

/** A worker is replaced after so many runs, so that what tests leave behind cannot add up. */
const RUNS_PER_WORKER = 200;
/** The pool forces a worker out without a word when a run hangs; a run that ends says so first. */
type Listener = Parameters<PoolWorker['on']>;

let thread: { readonly worker: ThreadsPoolWorker; runs: number } | undefined;

/**
 * A pool worker that outlives the run. Vitest starts a thread for every run, and each mutant is a run: loading Vitest and the SDK
 * clients again would be most of its time. The modules of the project are still loaded anew for every test file (`isolate`).
 */
export function keptWorker(options: PoolOptions): PoolWorker {
  const kept = thread ?? { worker: new ThreadsPoolWorker(options), runs: 0 };
  const { worker } = kept;
  const isNew = kept.runs === 0;
  const listeners: Listener[] = [];
  let config: unknown;
  let ended = false;

  function answer(type: 'started' | 'stopped'): void {
    const message = { type, __vitest_worker_response__: true };
    for (const [event, listener] of [...listeners]) if (event === 'message') listener(message);
  }

  thread = kept;
  kept.runs += 1;
  return {
    name: 'kept',
    on(event, listener) {
      listeners.push([event, listener]);
      worker.on(event, listener);
    },
    off(event, listener) {
      worker.off(event, listener);
    },
    send(message: WorkerRequest) {
      if (message.type === 'start') {
        ({ config } = message.context);
        if (isNew) worker.send(message);
        else queueMicrotask(() => answer('started'));
      } else if (message.type === 'run') {
        // The thread knows the configuration of its first run only; which tests to run is part of it.
        worker.send({ ...message, context: { ...message.context, config } as typeof message.context });
      } else if (message.type === 'stop') {
        ended = true;
        answer('stopped');
      } else worker.send(message);
    },
    deserialize: (data) => worker.deserialize(data),
    start: async () => {
      if (isNew) await worker.start();
    },
    async stop() {
      for (const [event, listener] of listeners) worker.off(event, listener);
      if (ended && kept.runs < RUNS_PER_WORKER) return;
      if (thread === kept) thread = undefined;
      await worker.stop();
    },
  };
}

/** Ends the thread that is kept. */
export async function stopKeptWorker(): Promise<void> {
  const kept = thread;
  thread = undefined;
  await kept?.worker.stop();
}
