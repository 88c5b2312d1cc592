import type { Envelope } from '../contracts/envelope.ts';
import { DYNAMODB } from '../contracts/limits.ts';
import { destinationsOf, type Outbox } from '../contracts/outbox.ts';
import { OUTBOX_TABLE } from '../contracts/tables.ts';
import { cancellationReasons, type Dynamodb, dynamodbOver, readItems } from './aws/dynamodb.ts';
import { type BatchLimits, inBatches, inParallel } from './batching.ts';
import type { OutboxRow } from './outbox.ts';
import { type Publish, PublishFailed, publisher } from './publish.ts';
import { lambda, type Runtime } from './runtime.ts';

/**
 * Rows marked in the transaction that advances the cursor. The size of a transaction is that of the items it changes, so that large rows are
 * marked in several.
 */
const ADVANCE: BatchLimits = {
  maxBatchEntries: DYNAMODB.maxTransactionItems - 1,
  maxBatchBytes: DYNAMODB.maxTransactionBytes - DYNAMODB.maxItemBytes,
};
/** A row beside its body, at most. */
const ROW_BYTES = 1_024;
const PARALLEL_AGGREGATES = 10;
const MILLIS_PER_SECOND = 1_000;

interface Row {
  readonly sequence: number;
  readonly event: Envelope;
  readonly bytes: number;
}

/** Events of one aggregate that wait, in sequence. */
interface Pending {
  readonly aggregate: string;
  readonly cursor: number;
  readonly rows: readonly Row[];
}

export interface Relayed {
  readonly published: number;
  /** Aggregates whose events could not all be published, with the reason. They are still in the outbox. */
  readonly failed: ReadonlyMap<string, string>;
}

/**
 * Publishes what waits in the outbox, in sequence per aggregate. The table decides, never the order of the calls: the cursor
 * says what was published, and a gap is read from the table. Between publishing and advancing the cursor a crash is possible;
 * then the same events, with the same ids, are published again and the consumers' inboxes drop them.
 */
export function outboxRelay(box: Outbox, table: string, runtime: Runtime = lambda) {
  const dynamodb = dynamodbOver(runtime.aws, runtime.id);
  const channels = box.publishes.map((channel) => ({ channel, publish: publisher(channel, {}, runtime) as Publish }));

  /** @param hints rows that a stream has shown for the aggregate; empty: read them */
  return async function relay(hints: ReadonlyMap<string, readonly OutboxRow[]>): Promise<Relayed> {
    const cursors = await readCursors(dynamodb, table, [...hints.keys()]);
    const pending: Pending[] = [];
    await inParallel([...hints], PARALLEL_AGGREGATES, async ([aggregate, rows]) => {
      const cursor = cursors.get(aggregate) ?? OUTBOX_TABLE.cursorSequence;
      const waiting = withoutGap(rows, cursor) ?? (await readWaiting(dynamodb, table, aggregate, cursor));
      if (waiting.length > 0) {
        pending.push({
          aggregate,
          cursor,
          rows: waiting.map(({ sequence, body }) => ({
            sequence,
            event: JSON.parse(body),
            bytes: Buffer.byteLength(body) + ROW_BYTES,
          })),
        });
      }
    });
    const unsent = new Map<string, string>();
    for (const { channel, publish } of channels) {
      const events = pending.flatMap(({ rows }) => rows.map(({ event }) => event));
      const wanted = events.filter(({ type }) => destinationsOf(box, type).includes(channel));
      try {
        if (wanted.length > 0) await publish(wanted);
      } catch (error) {
        if (!(error instanceof PublishFailed)) throw error;
        for (const [id, reason] of error.unsent) unsent.set(id, reason);
      }
    }
    const failed = new Map<string, string>();
    let published = 0;
    await inParallel(pending, PARALLEL_AGGREGATES, async (one) => {
      const stop = one.rows.find(({ event }) => unsent.has(event.id));
      if (stop !== undefined) failed.set(one.aggregate, unsent.get(stop.event.id) ?? '');
      const sent = one.rows.filter(({ sequence }) => stop === undefined || sequence < stop.sequence);
      published += sent.length;
      await advance(one, sent);
    });
    return { published, failed };
  };

  async function advance({ aggregate, cursor }: Pending, sent: readonly Row[]): Promise<void> {
    let from = cursor;
    for (const rows of inBatches(sent, ADVANCE)) {
      const chunk = rows.map(({ sequence }) => sequence);
      const to = chunk.at(-1) ?? from;
      if (!(await moveCursor(aggregate, from, to, chunk))) return;
      from = to;
    }
  }

  /** @returns false when somebody else (sweeper or stream) has moved it meanwhile: then it is their work to mark the rows */
  async function moveCursor(
    aggregate: string,
    from: number,
    to: number,
    sequences: readonly number[],
  ): Promise<boolean> {
    const expiresAt = Math.floor(runtime.now() / MILLIS_PER_SECOND) + box.keep.seconds;
    try {
      await dynamodb('TransactWriteItems', {
        TransactItems: [
          {
            Update: {
              TableName: table,
              Key: { aggregateId: aggregate, sequence: OUTBOX_TABLE.cursorSequence },
              UpdateExpression: 'SET published = :to',
              ConditionExpression: from === 0 ? 'attribute_not_exists(published)' : 'published = :from',
              ExpressionAttributeValues: from === 0 ? { ':to': to } : { ':to': to, ':from': from },
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
      if (cancellationReasons(error) !== undefined) return false;
      throw error;
    }
  }
}

/** The rows after the cursor when they leave no gap; undefined when the table must be asked. */
function withoutGap(rows: readonly OutboxRow[], cursor: number): readonly OutboxRow[] | undefined {
  if (rows.length === 0) return undefined;
  const waiting = rows.filter(({ sequence }) => sequence > cursor).sort((a, b) => a.sequence - b.sequence);
  return waiting.every(({ sequence }, i) => sequence === cursor + 1 + i) ? waiting : undefined;
}

async function readCursors(
  dynamodb: Dynamodb,
  table: string,
  aggregates: readonly string[],
): Promise<Map<string, number>> {
  const keys = aggregates.map((aggregateId) => ({ aggregateId, sequence: OUTBOX_TABLE.cursorSequence }));
  const items = await readItems(dynamodb, table, keys);
  return new Map(items.map(({ aggregateId, published }) => [aggregateId as string, published as number]));
}

async function readWaiting(dynamodb: Dynamodb, table: string, aggregate: string, cursor: number): Promise<OutboxRow[]> {
  const rows: OutboxRow[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page = await dynamodb('Query', {
      TableName: table,
      KeyConditionExpression: 'aggregateId = :aggregate AND #sequence > :cursor',
      ExpressionAttributeNames: { '#sequence': OUTBOX_TABLE.sortKey },
      ExpressionAttributeValues: { ':aggregate': aggregate, ':cursor': cursor },
      ConsistentRead: true,
      ExclusiveStartKey: from,
    });
    rows.push(...((page.Items ?? []) as OutboxRow[]));
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return rows;
}
