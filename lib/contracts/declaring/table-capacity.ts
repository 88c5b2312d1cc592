import { PEAK_HEADROOM } from './shards.ts';

/** Units of a table in a second: a write unit writes 1 KB, a read unit reads 4 KB. */
export interface TableLoad {
  /** @default none */
  readonly write?: number;
  /** @default none */
  readonly read?: number;
}

/**
 * What a new on-demand table takes; it takes more half an hour after it has been asked for more.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
 */
export const NEW_TABLE = { write: 4_000, read: 12_000 } as const satisfies Required<TableLoad>;

/**
 * The warm throughput that a table needs for its peak from its first second on: twice the peak, as of a shard, because partitions are never quite as busy as
 * each other. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
 * @param atPeak units that the declared peak asks for
 * @returns only what is more than a new table takes; undefined: nothing is
 */
export function warmThroughputFor(atPeak: TableLoad): TableLoad | undefined {
  const needed = (use: keyof TableLoad): Partial<Record<keyof TableLoad, number>> => {
    const units = Math.ceil((atPeak[use] ?? 0) * PEAK_HEADROOM);
    return units > NEW_TABLE[use] ? { [use]: units } : {};
  };
  const warm = { ...needed('write'), ...needed('read') };
  return Object.keys(warm).length === 0 ? undefined : warm;
}

/** Loads of one table together. */
export const sumOfLoads = (loads: readonly TableLoad[]): Required<TableLoad> => ({
  write: loads.reduce((sum, { write = 0 }) => sum + write, 0),
  read: loads.reduce((sum, { read = 0 }) => sum + read, 0),
});

/** So many messages a second, each with so many units. */
export const loadOf = (perSecond: number, { write = 0, read = 0 }: TableLoad): Required<TableLoad> => ({
  write: perSecond * write,
  read: perSecond * read,
});
