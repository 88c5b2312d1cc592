import { createHash } from 'node:crypto';
import { ENV } from '../../contracts/agreed/environment.ts';
import { OUTBOX_TABLE } from '../../contracts/agreed/tables.ts';
import { destinationsOf, type Outbox, type PublishedType } from '../../contracts/channels/outbox.ts';
import { DYNAMODB } from '../../contracts/declaring/limits.ts';
import { type Envelope, envelope } from '../../contracts/events/envelope.ts';
import type { EventType } from '../../contracts/events/event.ts';
import { cancellationReasons, dynamodbOver, transactionBytes } from '../aws/dynamodb.ts';
import { type Write, WriteRefused } from '../inbox/inbox.ts';
import { requiredEnv } from '../invocation/environment.ts';
import { patientCall } from '../invocation/patience.ts';
import { lambda, type Runtime } from '../invocation/runtime.ts';
import { type Body, MessageTooLarge } from '../messages/body.ts';
import { claimsBucket, storeClaim } from '../messages/claim-check.ts';
import { outboxBody, takesClaims } from './outbox-body.ts';
import { type Head, moveHead, newestOf } from './outbox-head.ts';

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
export interface Occurrence<Data = unknown, Type extends string = string> {
  readonly event: EventType<Data, Type>;
  readonly data: Data;
}

/** Ties an event to its data, so that the compiler checks the pair. */
export const occurred = <Data, const Type extends string>(
  event: EventType<Data, Type>,
  data: NoInfer<Data>,
): Occurrence<unknown, Type> => ({ event, data }) as Occurrence<unknown, Type>;

/**
 * The events do not come after the newest one of their aggregate: another transaction was first, or `after` is wrong. Read the aggregate
 * again and decide anew.
 */
export class SequenceConflict extends Error {
  override readonly name = 'SequenceConflict';
  /** Sequence of the aggregate's newest event, 0 when it has none; undefined when two transactions met and nobody knows yet. */
  readonly newest: number | undefined;

  constructor(aggregate: string, after: number, newest: number | undefined, options?: ErrorOptions) {
    super(conflictText(aggregate, after, newest), options);
    this.newest = newest;
  }
}

function conflictText(aggregate: string, after: number, newest: number | undefined): string {
  if (newest === undefined || newest === after) {
    return `aggregate '${aggregate}' already has an event with sequence ${after + 1} or has changed meanwhile`;
  }
  const claim =
    newest > after ? `already has an event with sequence ${after + 1}` : `has no event with sequence ${after}`;
  return `aggregate '${aggregate}' ${claim}: its newest is ${newest}, and the transaction says after: ${after}. Sequences go on for ever, also when published rows have expired and an id is used again`;
}

/** Writes and events that commit together. */
export interface Transaction<Type extends string = string> {
  /** The entity whose events these are; at most 80 characters. */
  readonly aggregate: string;
  /** Sequence of its newest event, ever; 0 for a new one. */
  readonly after: number;
  /** The business items, with their conditions. */
  readonly writes: readonly Write[];
  /** Each of a type that a channel of the outbox lists. */
  readonly events: readonly Occurrence<unknown, Type>[];
  readonly traceparent?: string | undefined;
  readonly correlationId?: string | undefined;
}

const MAX_AGGREGATE_CHARACTERS = 80;
/** The aggregate's head takes one. */
const MAX_WRITES_AND_EVENTS = DYNAMODB.maxTransactionItems - 1;

/** Bucket of the unpublished index; spread by aggregate. */
const bucketOf = (aggregate: string): string =>
  String((createHash('sha256').update(aggregate).digest()[0] ?? 0) % OUTBOX_TABLE.unpublishedBuckets);

/**
 * Makes the transactional writer of an outbox: business items and events commit together or not at all. The order of events
 * is decided here: the aggregate's head says which sequence is the newest, and its condition lets one writer win. The head stays when
 * the rows have expired. A transaction that meets another, or a throttle, is tried again for two seconds.
 */
export function outboxWriter<const Box extends Outbox>(box: Box, runtime: Runtime = lambda) {
  const table = requiredEnv(ENV.outboxTable, `which table is outbox '${box.name}'`, runtime.env);
  const claims = takesClaims(box) ? claimsBucket(runtime.env) : '';
  const dynamodb = dynamodbOver(patientCall(runtime), runtime.id);

  /**
   * @returns the events as they will be published
   * @throws WriteRefused when a condition of `writes` does not hold; SequenceConflict when another transaction came first;
   *   RangeError for an event that no channel of the outbox lists; MessageTooLarge when an event does not fit through a channel, InvalidKey when a channel would refuse its key. In each case
   *   nothing was written (data of oversized events may be left in the bucket, where it expires)
   */
  return async function transact(transaction: Transaction<PublishedType<Box>>): Promise<Envelope[]> {
    const { aggregate, after, writes, events } = transaction;
    if (aggregate.length === 0 || aggregate.length > MAX_AGGREGATE_CHARACTERS) {
      throw new RangeError(
        `aggregate '${aggregate}' must have 1 to ${MAX_AGGREGATE_CHARACTERS} characters (given ${aggregate.length})`,
      );
    }
    if (!Number.isSafeInteger(after) || after < 0) {
      throw new RangeError(
        `aggregate '${aggregate}': after must be the sequence of its newest event, a whole number from 0 (given ${after})`,
      );
    }
    if (writes.length + events.length > MAX_WRITES_AND_EVENTS) {
      throw new RangeError(
        `${writes.length} writes and ${events.length} events do not fit one transaction of ${DYNAMODB.maxTransactionItems} items, of which the aggregate's head takes one`,
      );
    }
    for (const { event } of events) checkListed(box, event.type);
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
    const to = after + events.length;
    const writesWith = (seen: Head | undefined): Write[] => [
      ...writes,
      ...rows.map((row) => putNew(table, row)),
      ...(rows.length === 0 ? [] : [moveHead(table, aggregate, { after, to, ...(seen && { seen }) })]),
    ];
    checkSum(writesWith(undefined), envelopes, bodies);
    // Before the transaction: a row that is there must be publishable.
    await Promise.all(bodies.flatMap(({ claimed }) => (claimed === undefined ? [] : [storeClaim(runtime, claimed)])));
    for (let seen: Head | undefined; ; ) {
      try {
        await dynamodb('TransactWriteItems', { TransactItems: writesWith(seen) });
        return envelopes;
      } catch (error) {
        const reasons = cancellationReasons(error) ?? [];
        const codes = reasons.map(({ Code }) => Code);
        const refused = codes.flatMap((code, i) => (code === REFUSED && i < writes.length ? [i] : []));
        if (refused.length > 0) throw new WriteRefused(refused, { cause: error });
        if (!codes.includes(REFUSED) && !codes.includes('TransactionConflict')) throw error;
        const ofHead = codes[writes.length + rows.length] === REFUSED;
        const before: Head = (ofHead ? reasons.at(-1)?.Item : undefined) ?? {};
        const newest = codes.includes(REFUSED) ? await newestOf(dynamodb, table, aggregate, after, before) : undefined;
        if (!ofHead || newest !== after || seen !== undefined) {
          throw new SequenceConflict(aggregate, after, newest, { cause: error });
        }
        // The aggregate is right, and its head was not there or behind: a version without heads wrote the events before these.
        seen = before;
      }
    }
  };
}

const REFUSED = 'ConditionalCheckFailed';

const putNew = (TableName: string, Item: OutboxRow): Write => ({
  Put: { TableName, Item, ConditionExpression: `attribute_not_exists(${OUTBOX_TABLE.partitionKey})` },
});

/** Its rows would wait for ever, and everything of their aggregate behind them. @throws RangeError naming what the channels list */
function checkListed(box: Outbox, type: string): void {
  if (destinationsOf(box, type).length > 0) return;
  const listed = box.publishes.map(
    ({ kind, name, events }) => `${kind} '${name}': ${events.map((one) => one.type).join(', ')}`,
  );
  throw new RangeError(
    `event '${type}' would go nowhere: no channel of outbox '${box.name}' lists it (${listed.join('; ')}). Add it to the events of one of them, or publish to one that lists it`,
  );
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
