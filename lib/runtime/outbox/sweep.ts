import { OUTBOX_TABLE } from '../../contracts/agreed/tables.ts';
import { dynamodbOver, readItems } from '../aws/dynamodb.ts';
import type { Runtime } from '../invocation/runtime.ts';

const PAGE_ROWS = 500;

/** What the index tells of a row that waits. */
export interface IndexRow {
  readonly aggregateId: string;
  readonly sequence: number;
  readonly createdAt: string;
  readonly unpublished: string;
}

/** Where a sweep is in one bucket of the index. */
interface Place {
  readonly bucket: string;
  /** The last row that was looked at; undefined: the beginning. */
  from: IndexRow | undefined;
  /** Where an earlier sweep ran out of time: this one begins behind it, and ends there. */
  readonly mark: IndexRow | undefined;
  /** Behind the end, from the beginning up to the mark. */
  wrapped: boolean;
  done: boolean;
  page: readonly IndexRow[];
  last: IndexRow | undefined;
}

/** One pass over all rows that wait. */
export interface Sweep {
  /** The next rows of every bucket, the oldest first; empty at the end. */
  next(): Promise<readonly IndexRow[]>;
  /** These rows are dealt with, but for those of aggregates that nobody has tried. */
  passed(untried: ReadonlySet<string>): void;
  /** Keeps where the sweep stopped, for the next one. */
  close(): Promise<void>;
  /** Epoch milliseconds of the oldest row that waits; undefined: none does. */
  oldest(): Promise<number | undefined>;
}

/** Where the places of a sweep that ran out of time are kept: in a row that no aggregate can have. */
const MARKS = { aggregateId: 'sweeper', sequence: -2 };

/** Begins a pass over the index of unpublished rows, where the one before ran out of time. */
export async function beginSweep(table: string, runtime: Runtime): Promise<Sweep> {
  const dynamodb = dynamodbOver(runtime.aws, runtime.id);
  const [kept] = await readItems(dynamodb, table, [MARKS], runtime);
  const marks = (kept?.marks ?? {}) as Readonly<Record<string, IndexRow>>;
  /** The first row of each bucket whose beginning was read. */
  const firsts = new Map<string, IndexRow | undefined>();
  const places = Array.from({ length: OUTBOX_TABLE.unpublishedBuckets }, (_, i): Place => {
    const [bucket, mark] = [String(i), marks[i]];
    return { bucket, from: mark, mark, wrapped: false, done: false, page: [], last: undefined };
  });

  async function query(bucket: string, from: IndexRow | undefined, limit: number) {
    const { name, partitionKey } = OUTBOX_TABLE.unpublishedIndex;
    const { Items = [], LastEvaluatedKey } = await dynamodb('Query', {
      TableName: table,
      IndexName: name,
      KeyConditionExpression: '#bucket = :bucket',
      ExpressionAttributeNames: { '#bucket': partitionKey },
      ExpressionAttributeValues: { ':bucket': bucket },
      ExclusiveStartKey: from as Record<string, unknown> | undefined,
      Limit: limit,
    });
    return { rows: Items as unknown as IndexRow[], last: LastEvaluatedKey as IndexRow | undefined };
  }

  async function read(place: Place): Promise<void> {
    const { rows, last } = await query(place.bucket, place.from, PAGE_ROWS);
    if (place.from === undefined) firsts.set(place.bucket, rows[0]);
    const end = place.wrapped ? place.mark?.createdAt : undefined;
    place.page = end === undefined ? rows : rows.filter(({ createdAt }) => createdAt <= end);
    place.last = place.page.length < rows.length ? undefined : last;
  }

  function pass(place: Place, untried: ReadonlySet<string>): void {
    const stop = place.page.findIndex(({ aggregateId }) => untried.has(aggregateId));
    if (stop >= 0) {
      place.from = place.page[stop - 1] ?? place.from;
    } else if (place.last !== undefined) {
      place.from = place.last;
    } else if (place.mark !== undefined && !place.wrapped) {
      place.wrapped = true;
      place.from = undefined;
    } else {
      place.done = true;
    }
    place.page = [];
  }

  return {
    async next() {
      for (;;) {
        const open = places.filter(({ done }) => !done);
        await Promise.all(open.map(read));
        const rows = open.flatMap(({ page }) => page);
        if (rows.length > 0) return rows.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
        if (open.length === 0) return [];
        for (const place of open) pass(place, new Set());
      }
    },
    passed(untried) {
      for (const place of places) if (!place.done) pass(place, untried);
    },
    async close() {
      const stopped = places.flatMap(({ bucket, from, done }) =>
        done || from === undefined ? [] : [[bucket, from] as const],
      );
      if (stopped.length === 0 && Object.keys(marks).length === 0) return;
      await dynamodb('UpdateItem', {
        TableName: table,
        Key: MARKS,
        UpdateExpression: 'SET marks = :marks',
        ExpressionAttributeValues: { ':marks': Object.fromEntries(stopped) },
      });
    },
    async oldest() {
      // Begun behind a mark: the oldest rows are before it.
      const unseen = places.filter(({ bucket }) => !firsts.has(bucket));
      await Promise.all(
        unseen.map(async ({ bucket }) => firsts.set(bucket, (await query(bucket, undefined, 1)).rows[0])),
      );
      const times = [...firsts.values()].flatMap((row) => (row === undefined ? [] : [Date.parse(row.createdAt)]));
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}
