/** Something that can be told to wake up early. */
export interface Bell {
  ring(): void;
  /** Waits until the bell rings or the time is over. A ring while nobody waits is remembered for the next wait. */
  wait(ms: number): Promise<void>;
}

export function createBell(): Bell {
  let rung = false;
  const waiting = new Set<() => void>();
  return {
    ring() {
      rung = waiting.size === 0;
      for (const wake of waiting) wake();
    },
    wait(ms) {
      if (rung) {
        rung = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        waiting.add(wake);
      });
    },
  };
}

/** Waits; resolves early, not rejects, when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/** Doubling delay: `base` after the first failure, never above `cap`, in milliseconds. */
export function backoff(attempt: number, base: number, cap: number): number {
  return Math.min(cap, base * 2 ** Math.min(attempt - 1, 30));
}

/** Tries of what a mapping has to know before it starts. */
const FIRST_TRIES = 6;
const FIRST_RETRY_BASE_MS = 50;
const FIRST_RETRY_CAP_MS = 1_000;

/**
 * Runs something again that failed, after growing pauses: one lost answer must not leave a mapping dead.
 * @throws the last error, after six tries or when the signal is aborted
 */
export async function insist<T>(run: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt === FIRST_TRIES || signal.aborted) throw error;
      await pause(backoff(attempt, FIRST_RETRY_BASE_MS, FIRST_RETRY_CAP_MS), signal);
    }
  }
}
