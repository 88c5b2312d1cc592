/** Limits of one request of a batch API. */
export interface BatchLimits {
  readonly maxBatchEntries: number;
  readonly maxBatchBytes: number;
}

/** Cuts a list into batches within the limits, in order. An item larger than a batch gets a batch of its own. */
export function inBatches<T extends { readonly bytes: number }>(items: readonly T[], limits: BatchLimits): T[][] {
  const batches: T[][] = [];
  let batch: T[] = [];
  let bytes = 0;
  for (const item of items) {
    if (batch.length === limits.maxBatchEntries || (batch.length > 0 && bytes + item.bytes > limits.maxBatchBytes)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += item.bytes;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/**
 * Rounds in which every key appears at most once: the n-th item of a key is in the n-th round. Sent round by round, the order
 * per key holds although a batch API may take some entries of a request and refuse others.
 */
export function inRounds<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const rounds: T[][] = [];
  const seen = new Map<string, number>();
  for (const item of items) {
    const round = seen.get(keyOf(item)) ?? 0;
    seen.set(keyOf(item), round + 1);
    const entries = rounds[round] ?? [];
    entries.push(item);
    rounds[round] = entries;
  }
  return rounds;
}

/** Runs tasks side by side, at most `limit` at once. Rejects with the first failure after all have ended. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const workers = Array.from({ length: Math.min(limit, items.length) }, async () => {
    for (const item of queue) await run(item);
  });
  const failed = (await Promise.allSettled(workers)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
