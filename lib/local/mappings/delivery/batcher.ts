/** What is around the records of an event: `{"Records":[]}`. */
const AROUND_RECORDS_BYTES = 14;
/** Largest event a function takes, bytes: the records of a batch close before they would grow past it. */
export const BATCH_LIMIT_BYTES = 6 * 1024 * 1024 - AROUND_RECORDS_BYTES;

export interface BatcherOptions {
  /** Records per batch, 1 to 10,000. */
  readonly size: number;
  /** How long a batch may wait for more, in milliseconds; 0: it never waits. */
  readonly windowMs: number;
}

/** Gathers records into batches. Pure: it owns no timer; whoever holds it asks `dueAt` when to flush. */
export interface Batcher<T> {
  /** Adds what one poll brought; returns the batches that are complete. Without a window everything is. */
  add(records: readonly T[], now: number): T[][];
  /** Epoch milliseconds at which the open batch has to go; undefined when there is none. */
  readonly dueAt: number | undefined;
  /** Records waiting in the open batch. */
  readonly waiting: number;
  /** Takes the open batch as it is; empty when there is none. */
  flush(): T[];
}

/** @param sizeOf bytes a record takes in the event */
export function createBatcher<T>({ size, windowMs }: BatcherOptions, sizeOf: (record: T) => number): Batcher<T> {
  let open: T[] = [];
  let bytes = 0;
  let openedAt = 0;
  const take = (): T[] => {
    const batch = open;
    open = [];
    bytes = 0;
    return batch;
  };
  return {
    add(records, now) {
      const closed: T[][] = [];
      for (const record of records) {
        const added = sizeOf(record);
        if (open.length > 0 && bytes + added > BATCH_LIMIT_BYTES) closed.push(take());
        if (open.length === 0) openedAt = now;
        open.push(record);
        bytes += added;
        if (open.length >= size) closed.push(take());
      }
      if (open.length > 0 && windowMs === 0) closed.push(take());
      return closed;
    },
    get dueAt() {
      return open.length > 0 ? openedAt + windowMs : undefined;
    },
    get waiting() {
      return open.length;
    },
    flush: take,
  };
}
