export interface Pace {
  /** Items in work at once. */
  readonly parallel: number;
  /** Items started per second. @default as fast as `parallel` allows */
  readonly perSecond?: number | undefined;
  /** Ends the sending early; what has started is finished. */
  readonly signal?: AbortSignal;
}

const MILLIS_PER_SECOND = 1_000;

/**
 * Runs a task for each item, at a rate and with a limit on how many run at once. Items with the same key run one after the
 * other in the order they came, so that a producer keeps the order per key that it promises.
 */
export async function paced<T>(
  items: AsyncIterable<T> | Iterable<T>,
  keyOf: (item: T) => string,
  run: (item: T) => Promise<void>,
  { parallel, perSecond, signal }: Pace,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const lastOfKey = new Map<string, Promise<void>>();
  const started = performance.now();
  let count = 0;
  let failure: { readonly error: unknown } | undefined;
  const isOver = () => signal?.aborted === true || failure !== undefined;
  for await (const item of items) {
    if (isOver()) break;
    if (perSecond !== undefined) await until(started + (count * MILLIS_PER_SECOND) / perSecond, signal);
    // While it waited for its turn, too.
    if (isOver()) break;
    count += 1;
    const key = keyOf(item);
    const task = (lastOfKey.get(key) ?? Promise.resolve())
      .then(() => run(item))
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => {
        running.delete(task);
        if (lastOfKey.get(key) === task) lastOfKey.delete(key);
      });
    lastOfKey.set(key, task);
    running.add(task);
    if (running.size >= parallel) await Promise.race(running);
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
}

async function until(time: number, signal: AbortSignal | undefined): Promise<void> {
  const left = time - performance.now();
  if (left <= 0 || signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, left);
    signal?.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}
