import type { DatabaseFile } from '../state/transactions.ts';

/** A record as it is handed in. */
export interface NewRecord {
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /** It came to a stream that is encrypted. */
  readonly encrypted: boolean;
}

export interface KeptRecord extends NewRecord {
  /** In its shard: 1, 2, ... */
  readonly number: number;
  /** Epoch milliseconds; never less than that of the record before. */
  readonly arrivedAt: number;
}

/**
 * The records of all shards, in a file: how many there are costs neither time nor memory. A shard is known by a number that no
 * other shard, of whatever stream, has or had while there were records of it.
 */
export interface RecordLog {
  append(shard: number, record: NewRecord, now: number): Pick<KeptRecord, 'number' | 'arrivedAt'>;
  /** Puts a record where it was before; its number has to be above all of its shard. */
  restore(shard: number, record: KeptRecord): void;
  /**
   * Records from a number on, as many as the limits allow, but one at least.
   * @param since epoch milliseconds: what came before is gone
   */
  read(
    shard: number,
    from: number,
    limits: { readonly since: number; readonly count: number; readonly bytes: number },
  ): readonly KeptRecord[];
  /** The number that the next record of the shard will have. */
  next(shard: number): number;
  /** Numbers of the shard go on from here at least. */
  skipTo(shard: number, number: number): void;
  /** The number from which on records came at this time (epoch milliseconds) or later; at most that of the next one. */
  firstSince(shard: number, time: number): number;
  /** Deletes records that came before a time, at most so many. @returns how many */
  trim(shard: number, before: number, limit: number): number;
  /** Forgets a shard of which all records are deleted. */
  forget(shard: number): void;
  /** Shards of which there are records. */
  shards(): readonly number[];
}

/** Row ids are the shard's number and the record's: a shard's records lie side by side and are found without an index. */
const NUMBERS = 2 ** 36;
/** Shards that can be told apart: row ids are whole numbers up to 2^53. */
export const MOST_SHARDS = Number.MAX_SAFE_INTEGER / NUMBERS;

interface Tip {
  next: number;
  arrivedAt: number;
}

export function createRecordLog({ database, begin }: DatabaseFile): RecordLog {
  begin();
  database.exec(`
    CREATE TABLE IF NOT EXISTS "kinesis-log"
      (id INTEGER PRIMARY KEY, arrived INTEGER NOT NULL, partition TEXT NOT NULL, encrypted INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS "kinesis-tips" (shard INTEGER PRIMARY KEY, next INTEGER NOT NULL, arrived INTEGER NOT NULL)`);
  const insert = database.prepare('INSERT INTO "kinesis-log" VALUES (?, ?, ?, ?, ?)');
  const from = database.prepare('SELECT * FROM "kinesis-log" WHERE id >= ? AND id < ? ORDER BY id LIMIT ?');
  const first = database.prepare('SELECT id, arrived FROM "kinesis-log" WHERE id >= ? AND id < ? ORDER BY id LIMIT 1');
  const last = database.prepare(
    'SELECT id, arrived FROM "kinesis-log" WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1',
  );
  const remove = database.prepare('DELETE FROM "kinesis-log" WHERE id >= ? AND id < ?');
  const keptTip = database.prepare('SELECT next, arrived FROM "kinesis-tips" WHERE shard = ?');
  const keepTip = database.prepare('INSERT OR REPLACE INTO "kinesis-tips" VALUES (?, ?, ?)');
  const dropTip = database.prepare('DELETE FROM "kinesis-tips" WHERE shard = ?');
  const tips = new Map<number, Tip>();

  const idOf = (shard: number, number: number): number => shard * NUMBERS + number;
  const numberIn = (id: unknown): number => Number(id) % NUMBERS;
  const endOf = (shard: number): number => idOf(shard + 1, 0);

  function tipOf(shard: number): Tip {
    const known = tips.get(shard);
    if (known !== undefined) return known;
    const kept = keptTip.get(shard);
    const newest = last.get(idOf(shard, 0), endOf(shard));
    const tip = {
      next: Math.max(Number(kept?.next ?? 1), newest === undefined ? 1 : numberIn(newest.id) + 1),
      arrivedAt: Math.max(Number(kept?.arrived ?? 0), Number(newest?.arrived ?? 0)),
    };
    tips.set(shard, tip);
    return tip;
  }

  function put(shard: number, { number, arrivedAt, partitionKey, encrypted, data }: KeptRecord): void {
    begin();
    insert.run(idOf(shard, number), arrivedAt, partitionKey, encrypted ? 1 : 0, data);
    const tip = tipOf(shard);
    tip.next = number + 1;
    tip.arrivedAt = arrivedAt;
  }

  /** Arrival times never fall within a shard: the place of one is found by halving. */
  function firstSince(shard: number, time: number): number {
    let low = numberIn(first.get(idOf(shard, 0), endOf(shard))?.id ?? idOf(shard, tipOf(shard).next));
    let high = tipOf(shard).next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = first.get(idOf(shard, middle), endOf(shard));
      if (found === undefined || Number(found.arrived) >= time) high = middle;
      else low = numberIn(found.id) + 1;
    }
    return low;
  }

  return {
    append(shard, record, now) {
      const tip = tipOf(shard);
      const kept = { ...record, number: tip.next, arrivedAt: Math.max(now, tip.arrivedAt) };
      put(shard, kept);
      return kept;
    },
    restore: put,
    read(shard, number, { since, count, bytes }) {
      const oldest = first.get(idOf(shard, number), endOf(shard));
      if (oldest === undefined) return [];
      const start = Number(oldest.arrived) >= since ? numberIn(oldest.id) : firstSince(shard, since);
      const records: KeptRecord[] = [];
      let left = bytes;
      for (const row of from.iterate(idOf(shard, start), endOf(shard), count)) {
        const record = {
          number: numberIn(row.id),
          arrivedAt: Number(row.arrived),
          partitionKey: String(row.partition),
          encrypted: row.encrypted === 1,
          data: row.data as Uint8Array,
        };
        left -= record.data.length + record.partitionKey.length;
        if (left < 0 && records.length > 0) break;
        records.push(record);
      }
      return records;
    },
    next: (shard) => tipOf(shard).next,
    skipTo(shard, number) {
      const tip = tipOf(shard);
      tip.next = Math.max(tip.next, number);
      begin();
      keepTip.run(shard, tip.next, tip.arrivedAt);
    },
    firstSince,
    trim(shard, before, limit) {
      const oldest = first.get(idOf(shard, 0), endOf(shard));
      if (oldest === undefined || Number(oldest.arrived) >= before) return 0;
      begin();
      // What is deleted last could be the last of the shard: its number must not be given again.
      const tip = tipOf(shard);
      keepTip.run(shard, tip.next, tip.arrivedAt);
      const start = numberIn(oldest.id);
      const end = Math.min(firstSince(shard, before), start + limit);
      return Number(remove.run(idOf(shard, start), idOf(shard, end)).changes);
    },
    forget(shard) {
      begin();
      dropTip.run(shard);
      tips.delete(shard);
    },
    shards() {
      const found: number[] = [];
      for (let row = first.get(0, Number.MAX_SAFE_INTEGER); row !== undefined; ) {
        const shard = Math.floor(Number(row.id) / NUMBERS);
        found.push(shard);
        row = first.get(endOf(shard), Number.MAX_SAFE_INTEGER);
      }
      return found;
    },
  };
}
