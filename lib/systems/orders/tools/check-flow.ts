import {
  type Envelope,
  parseJson,
  parseSequence,
  readParsed,
  UnreadableMessage,
} from '../../../contracts/events/envelope.ts';
import { isClosed } from '../../../runtime/messages/body.ts';
import { orderLog } from '../contract.ts';
import type { Ledger } from './ledger.ts';

/** Every accepted order is stored, published and in the log in sequence. */

export function checkOrders({ expected, snapshot, lose }: Ledger): void {
  const stored = new Set(
    snapshot.orders.flatMap(({ orderId, documents }) =>
      Object.values(documents).map(({ sequence }) => `order-outbox/${orderId}/${sequence}`),
    ),
  );
  lose([...expected.keys()].filter((id) => !stored.has(id)).length, 'accepted orders that are not in the orders table');
  lose(snapshot.unpublished, 'events still unpublished in the outbox');
}

/** Every event is in the log, and the first copies of an order's events stand in sequence. */
export function checkLog({ expected, snapshot, lose, misplace }: Ledger): void {
  const last = new Map<string, number>();
  const seen = new Set<string>();
  for (const { body } of snapshot.log) {
    const event = readable(body);
    if (event === undefined || seen.has(event.id)) continue;
    seen.add(event.id);
    const sequence = parseSequence(event.sequence) ?? 0;
    const before = last.get(event.subject) ?? 0;
    if (sequence !== before + 1) misplace(`${event.id} came after ${before}`);
    last.set(event.subject, Math.max(before, sequence));
  }
  lose([...expected.keys()].filter((id) => !seen.has(id)).length, 'events that are not in the log');
}

function readable(body: string): Envelope | undefined {
  try {
    // Its data is packed or in the bucket, where the consumers have read it; the header is all that is compared here.
    const value = parseJson(body, 'the body');
    return isClosed(value) ? (value as Envelope) : readParsed(value, orderLog.events).event;
  } catch (error) {
    if (error instanceof UnreadableMessage) return undefined; // A malformed message put in on purpose: checked among the dead letters.
    throw error;
  }
}
