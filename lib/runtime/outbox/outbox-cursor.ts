import { OUTBOX_TABLE } from '../../contracts/agreed/tables.ts';
import type { Outbox } from '../../contracts/channels/outbox.ts';
import { DYNAMODB } from '../../contracts/declaring/limits.ts';
import { cancellationReasons, type Dynamodb, readItems } from '../aws/dynamodb.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { isTransientAnswer } from '../invocation/transient.ts';
import { type BatchLimits, inBatches } from '../publishing/batching.ts';
import type { OutboxRow } from './outbox.ts';

/**
 * Rows marked in the transaction that advances the cursor. The size of a transaction is that of the items it changes, so that large rows are
 * marked in several.
 */
const ADVANCE: BatchLimits = {
  maxBatchEntries: DYNAMODB.maxTransactionItems - 1,
  maxBatchBytes: DYNAMODB.maxTransactionBytes - DYNAMODB.maxItemBytes,
};
/** A row beside its body, at most. */
export const ROW_BYTES = 1_024;
const MILLIS_PER_SECOND = 1_000;
const REFUSED = 'ConditionalCheckFailed';

/** How far an aggregate was published. */
export interface Cursor {
  /** Sequence of the last published event, 0 before the first. */
  readonly at: number;
  /** What its row says, when it has one: an aggregate from before there were heads has its cursor in row 0 until it moves. */
  readonly stored?: number;
}

export async function readCursors(
  dynamodb: Dynamodb,
  table: string,
  aggregates: readonly string[],
  waits: Pick<Runtime, 'sleep' | 'random'>,
): Promise<ReadonlyMap<string, Cursor>> {
  const { cursorSequence, headSequence } = OUTBOX_TABLE;
  const keys = aggregates.flatMap((aggregateId) =>
    [cursorSequence, headSequence].map((sequence) => ({ aggregateId, sequence })),
  );
  const cursors = new Map<string, Cursor>();
  for (const item of await readItems(dynamodb, table, keys, waits)) {
    const { aggregateId, sequence, published } = item as { aggregateId: string; sequence: number; published?: number };
    if (published === undefined) continue;
    const { at = 0, stored } = cursors.get(aggregateId) ?? {};
    const own = sequence === cursorSequence ? published : stored;
    cursors.set(aggregateId, { at: Math.max(at, published), ...(own === undefined ? {} : { stored: own }) });
  }
  return cursors;
}

/** The next rows after the cursor, in sequence: as many as one transaction marks, 1 MB at most. `more`: there are others behind them. */
export async function readWaiting(
  dynamodb: Dynamodb,
  table: string,
  aggregate: string,
  cursor: number,
): Promise<{ rows: OutboxRow[]; more: boolean }> {
  const { Items = [], LastEvaluatedKey } = await dynamodb('Query', {
    TableName: table,
    KeyConditionExpression: 'aggregateId = :aggregate AND #sequence > :cursor',
    ExpressionAttributeNames: { '#sequence': OUTBOX_TABLE.sortKey },
    ExpressionAttributeValues: { ':aggregate': aggregate, ':cursor': cursor },
    ConsistentRead: true,
    Limit: ADVANCE.maxBatchEntries,
  });
  return { rows: Items as OutboxRow[], more: LastEvaluatedKey !== undefined };
}

/**
 * Sequences at or below the cursor that are still in the index: no relay ever looks at them. Versions without heads let such rows in.
 * The cursor and the marks of its rows commit together, so a row that is asked for after the cursor is no straggler of the index.
 */
export async function strandedRows(
  dynamodb: Dynamodb,
  table: string,
  suspects: readonly { readonly aggregateId: string; readonly sequence: number }[],
  waits: Pick<Runtime, 'sleep' | 'random'>,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const items = (await readItems(dynamodb, table, suspects, waits)) as unknown as OutboxRow[];
  const stranded = items.filter(({ unpublished }) => unpublished !== undefined);
  return new Map(
    [...Map.groupBy(stranded, ({ aggregateId }) => aggregateId)].map(([aggregate, rows]) => [
      aggregate,
      rows.map(({ sequence }) => sequence).sort((a, b) => a - b),
    ]),
  );
}

/** A row whose event was published. */
export interface PublishedRow {
  readonly sequence: number;
  /** Of the whole row. */
  readonly bytes: number;
}

/** Moves the cursor of an aggregate over published rows, takes them out of the index and lets them expire. */
export function cursorMover(box: Outbox, table: string, dynamodb: Dynamodb, { now }: Runtime) {
  return async function advance(aggregate: string, cursor: Cursor, published: readonly PublishedRow[]): Promise<void> {
    let { stored } = cursor;
    for (const rows of inBatches(published, ADVANCE)) {
      const chunk = rows.map(({ sequence }) => sequence);
      const to = chunk.at(-1) ?? 0;
      if (!(await move(aggregate, stored, to, chunk))) return;
      stored = to;
    }
  };

  /**
   * @returns false when somebody else (sweeper or stream) has moved it meanwhile: then it is their work to mark the rows
   * @throws Error when a row was taken away meanwhile
   */
  async function move(
    aggregate: string,
    from: number | undefined,
    to: number,
    sequences: readonly number[],
  ): Promise<boolean> {
    const expiresAt = Math.floor(now() / MILLIS_PER_SECOND) + box.keep.seconds;
    try {
      await dynamodb('TransactWriteItems', {
        TransactItems: [
          {
            Update: {
              TableName: table,
              Key: { aggregateId: aggregate, sequence: OUTBOX_TABLE.cursorSequence },
              UpdateExpression: 'SET published = :to',
              ConditionExpression: from === undefined ? 'attribute_not_exists(published)' : 'published = :from',
              ExpressionAttributeValues: from === undefined ? { ':to': to } : { ':to': to, ':from': from },
            },
          },
          ...sequences.map((sequence) => ({
            Update: {
              TableName: table,
              Key: { aggregateId: aggregate, sequence },
              UpdateExpression: 'SET expiresAt = :expiresAt REMOVE unpublished',
              ConditionExpression: 'attribute_exists(body)',
              ExpressionAttributeValues: { ':expiresAt': expiresAt },
            },
          })),
        ],
      });
      return true;
    } catch (error) {
      const codes = cancellationReasons(error)?.map(({ Code }) => Code);
      // A busy table has looked at no condition.
      if (codes === undefined || isTransientAnswer(error)) throw error;
      const gone = sequences.filter((_, i) => codes[i + 1] === REFUSED);
      if (codes[0] === REFUSED || gone.length === 0) return false;
      throw new Error(`published, but the row of sequence ${gone.join(', ')} is gone`, { cause: error });
    }
  }
}
