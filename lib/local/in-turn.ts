/** Runs work one after the other, in the order it was asked for. */
export interface Turns {
  /** What fails fails for its caller; the next begins all the same. */
  <T>(work: () => T | Promise<T>): Promise<T>;
  /** Comes when all that was asked for until now is over. */
  readonly settled: () => Promise<void>;
}

export function inTurn(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  const run = <T>(work: () => T | Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
  return Object.assign(run, { settled: async () => void (await last) });
}
