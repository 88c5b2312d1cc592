import { trafficOf } from '../channels/channel.ts';
import type { Outbox } from '../channels/outbox.ts';
import { loadOf, sumOfLoads, type TableLoad } from '../declaring/table-capacity.ts';
import type { InboxMode, Subscription } from './subscription.ts';

/** Request units of a table, and those of its index: CloudWatch shows them apart. */
export interface Units {
  readonly write: number;
  readonly read: number;
  readonly indexWrite: number;
}

const NONE: Units = { write: 0, read: 0, indexWrite: 0 };
const units = (some: Partial<Units>): Units => ({ ...NONE, ...some });

const WRITE_UNIT_BYTES = 1_024;
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html */
const TRANSACTION_FACTOR = 2;
/** An item of an index with its keys only, or one that a function made of a few numbers. */
const SMALL_ITEM = 1;

const itemUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));

/** Items of up to 1 KB, written in a transaction. */
export const effectUnits = (items: number): number => items * SMALL_ITEM * TRANSACTION_FACTOR;

/** Keys, times and the index's bucket of an outbox row, beside the event. */
const ROW_OVERHEAD_BYTES = 120;
export const outboxRowBytes = (eventBytes: number): number => eventBytes + ROW_OVERHEAD_BYTES;

/**
 * One event in the outbox, as `lib/runtime/outbox/outbox.ts` and `relay.ts` do it: the row and its aggregate's head commit in a transaction, and the row enters
 * the index of unpublished rows; once published, one transaction writes the whole row again, with an expiry, and the cursor, and the row leaves the index.
 * @param eventBytes the event with its envelope
 */
export function outboxUnits(eventBytes: number): Units {
  const row = itemUnits(outboxRowBytes(eventBytes)) * TRANSACTION_FACTOR;
  const head = SMALL_ITEM * TRANSACTION_FACTOR;
  const cursor = SMALL_ITEM * TRANSACTION_FACTOR;
  return { write: row + head + row + cursor, read: 2 * SMALL_ITEM, indexWrite: 2 * SMALL_ITEM };
}

/** A record of the inbox: key, fingerprint, state, times. */
export const INBOX_RECORD_BYTES = 250;

/** The inbox alone, per message that is handled once: `lib/runtime/inbox/once.ts`. */
const BY_MODE: Readonly<Record<InboxMode, (s: Subscription) => Units>> = {
  effect: ({ checkFirst }) => units({ write: SMALL_ITEM * TRANSACTION_FACTOR, read: checkFirst ? 1 : 0 }),
  lease: () => units({ write: 2 * SMALL_ITEM }),
  natural: () => NONE,
  none: () => NONE,
};

/** An aggregation's record of one event, in the transaction of its batch. */
const COUNTED: Units = units({ write: SMALL_ITEM * TRANSACTION_FACTOR });

export const inboxUnits = (s: Subscription): Units =>
  s.guarantee === 'exactly-once-aggregation' ? COUNTED : BY_MODE[s.inbox](s);

/** Events that an aggregation commits together: `lib/runtime/aggregation/aggregate.ts`. */
const EVENTS_PER_TRANSACTION = 45;

/** Transactions of an aggregation for a batch. */
export const transactionsOf = (s: Subscription, messages: number): number =>
  s.guarantee === 'exactly-once-aggregation' ? Math.ceil(messages / EVENTS_PER_TRANSACTION) : 0;

/** The inbox table, per batch: an aggregation's position, and the breaker's and the parked keys' state. */
export function batchUnits(s: Subscription, messages: number): Units {
  if (s.guarantee === 'exactly-once-aggregation') {
    return units({ read: 1, write: transactionsOf(s, messages) * SMALL_ITEM * TRANSACTION_FACTOR });
  }
  const asked = s.breaker !== undefined || s.failedKey === 'park';
  return units({ read: asked ? 2 : 0 });
}

const NO_LOAD: Required<TableLoad> = { write: 0, read: 0 };

/** What the declared peak of an outbox's busiest channel asks of its table; nothing, where no traffic is declared. The index has units of its own. */
export function outboxLoad({ publishes }: Outbox): Required<TableLoad> {
  const loads = publishes.flatMap((channel) => {
    const traffic = trafficOf(channel);
    return traffic === undefined ? [] : [loadOf(traffic.peakPerSecond, outboxUnits(traffic.averageBytes))];
  });
  return loads.toSorted((one, other) => other.write - one.write)[0] ?? NO_LOAD;
}

/** Messages a second at the declared peak of what a subscription consumes. @returns 0: nobody has said */
export const peakOf = ({ to }: Subscription): number =>
  to.kind === 'table-changes' ? 0 : (trafficOf(to)?.peakPerSecond ?? 0);

/** What the declared peak of a subscription asks of the inbox table: a record for each message, and what is asked or moved for each batch. */
export function inboxLoad(s: Subscription): Required<TableLoad> {
  const peak = peakOf(s);
  // Reads of batches are those of messages that come alone: more cannot be.
  const perBatch = batchUnits(s, s.batchSize);
  return sumOfLoads([
    loadOf(peak, inboxUnits(s)),
    loadOf(peak / s.batchSize, { write: perBatch.write }),
    loadOf(peak, { read: perBatch.read }),
  ]);
}
