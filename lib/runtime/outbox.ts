import { createHash } from 'node:crypto';
import { type Envelope, envelope } from '../contracts/envelope.ts';
import { ENV } from '../contracts/environment.ts';
import type { EventType } from '../contracts/event.ts';
import { DYNAMODB } from '../contracts/limits.ts';
import type { Outbox } from '../contracts/outbox.ts';
import { OUTBOX_TABLE } from '../contracts/tables.ts';
import { cancellationReasons, dynamodbOver, transactionBytes } from './aws/dynamodb.ts';
import { type Body, MessageTooLarge } from './body.ts';
import { claimsBucket, storeClaim } from './claim-check.ts';
import { requiredEnv } from './environment.ts';
import { type Write, WriteRefused } from './inbox.ts';
import { outboxBody, takesClaims } from './outbox-body.ts';
import { lambda, type Runtime } from './runtime.ts';

/** A row of the outbox table. */
export interface OutboxRow {
  readonly aggregateId: string;
  readonly sequence: number;
  /** The envelope as JSON; its data may be in the bucket of claims. */
  readonly body: string;
  readonly createdAt: string;
  /** Bucket of the sparse index; removed when the row is published. */
  readonly unpublished?: string;
}

/** Something that happened, to be told by the outbox. */
export interface Occurrence<Data = unknown> {
  readonly event: EventType<Data>;
  readonly data: Data;
}

/** Ties an event to its data, so that the compiler checks the pair. */
export const occurred = <Data>(event: EventType<Data>, data: Data): Occurrence => ({ event, data }) as Occurrence;

/** Another transaction committed an event of this aggregate first. Read the aggregate again and decide anew. */
export class SequenceConflict extends Error {
  override readonly name = 'SequenceConflict';
  constructor(aggregate: string, sequence: number, options?: ErrorOptions) {
    super(`aggregate '${aggregate}' already has an event with sequence ${sequence} or has changed meanwhile`, options);
  }
}

/** Writes and events that commit together. */
export interface Transaction {
  /** The entity whose events these are; at most 80 characters. */
  readonly aggregate: string;
  /** Sequence of its newest event; 0 for a new one. */
  readonly after: number;
  /** The business items, with their conditions. */
  readonly writes: readonly Write[];
  readonly events: readonly Occurrence[];
  readonly traceparent?: string | undefined;
  readonly correlationId?: string | undefined;
}

const MAX_AGGREGATE_CHARACTERS = 80;

/** Bucket of the unpublished index; spread by aggregate. */
const bucketOf = (aggregate: string): string =>
  String((createHash('sha256').update(aggregate).digest()[0] ?? 0) % OUTBOX_TABLE.unpublishedBuckets);

/**
 * Makes the transactional writer of an outbox: business items and events commit together or not at all. The order of events
 * is decided here: the sequence is part of the row's key, and its condition lets one writer win.
 */
export function outboxWriter(box: Outbox, runtime: Runtime = lambda) {
  const table = requiredEnv(ENV.outboxTable, `which table is outbox '${box.name}'`, runtime.env);
  const claims = takesClaims(box) ? claimsBucket(runtime.env) : '';
  const dynamodb = dynamodbOver(runtime.aws, runtime.id);

  /**
   * @returns the events as they will be published
   * @throws WriteRefused when a condition of `writes` does not hold; SequenceConflict when another transaction came first;
   *   MessageTooLarge when an event does not fit through a channel, InvalidKey when a channel would refuse its key. In each case
   *   nothing was written (data of oversized events may be left in the bucket, where it expires)
   */
  return async function transact(transaction: Transaction): Promise<Envelope[]> {
    const { aggregate, after, writes, events } = transaction;
    if (aggregate.length === 0 || aggregate.length > MAX_AGGREGATE_CHARACTERS) {
      throw new RangeError(
        `aggregate '${aggregate}' must have 1 to ${MAX_AGGREGATE_CHARACTERS} characters (given ${aggregate.length})`,
      );
    }
    if (writes.length + events.length > DYNAMODB.maxTransactionItems) {
      throw new RangeError(
        `${writes.length} writes and ${events.length} events do not fit one transaction of ${DYNAMODB.maxTransactionItems} items`,
      );
    }
    const createdAt = new Date(runtime.now());
    const envelopes = events.map(({ event, data }, i) => {
      const sequence = after + 1 + i;
      return envelope(event, data, {
        id: `${box.name}/${aggregate}/${sequence}`,
        source: `/sluice/${box.name}`,
        time: createdAt,
        sequence,
        traceparent: transaction.traceparent,
        correlationId: transaction.correlationId,
      });
    });
    const bodies = envelopes.map((event) => outboxBody(box, event, claims));
    const rows = bodies.map(({ text }, i) => rowOf(aggregate, after + 1 + i, text, createdAt));
    const TransactItems: Write[] = [
      ...writes,
      ...rows.map((Item) => ({
        Put: {
          TableName: table,
          Item,
          ConditionExpression: `attribute_not_exists(${OUTBOX_TABLE.partitionKey})`,
        },
      })),
    ];
    checkSum(TransactItems, envelopes, bodies);
    // Before the transaction: a row that is there must be publishable.
    await Promise.all(bodies.flatMap(({ claimed }) => (claimed === undefined ? [] : [storeClaim(runtime, claimed)])));
    try {
      await dynamodb('TransactWriteItems', { TransactItems });
    } catch (error) {
      const codes = cancellationReasons(error)?.map(({ Code }) => Code);
      if (codes === undefined) throw error;
      const refused = codes.flatMap((code, i) => (code === 'ConditionalCheckFailed' && i < writes.length ? [i] : []));
      if (refused.length > 0) throw new WriteRefused(refused, { cause: error });
      if (codes.includes('ConditionalCheckFailed') || codes.includes('TransactionConflict')) {
        throw new SequenceConflict(aggregate, after + 1, { cause: error });
      }
      throw error;
    }
    return envelopes;
  };
}

/** Events and writes may each fit, and not together. @throws MessageTooLarge naming the largest event */
function checkSum(items: readonly Write[], events: readonly Envelope[], bodies: readonly Body[]): void {
  const sum = transactionBytes({ TransactItems: [...items] });
  if (sum <= DYNAMODB.maxTransactionBytes) return;
  const bytes = Math.max(...bodies.map((body) => body.bytes));
  const event = events[bodies.findIndex((body) => body.bytes === bytes)];
  if (event === undefined) return;
  const where = `a transaction, here of ${items.length} items and ${sum} bytes together,`;
  const fix = 'Commit fewer events and writes at once, or make them smaller';
  throw new MessageTooLarge(event, bytes, where, DYNAMODB.maxTransactionBytes, fix);
}

const rowOf = (aggregate: string, sequence: number, body: string, createdAt: Date): OutboxRow => ({
  aggregateId: aggregate,
  sequence,
  body,
  createdAt: createdAt.toISOString(),
  unpublished: bucketOf(aggregate),
});
