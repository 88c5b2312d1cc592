import {
  type Envelope,
  formatSequence,
  parseSequence,
  readEnvelope,
  UnreadableMessage,
} from '../../../contracts/envelope.ts';
import { type OrderData, orderLog } from '../contract.ts';
import { decide } from '../request.ts';
import type { Placed } from './producer.ts';
import type { Snapshot } from './snapshot.ts';

/** What was put in, as the sender knows it. */
export interface Input {
  readonly placed: readonly Placed[];
  /** Stock before the first order, by SKU. */
  readonly shelf: ReadonlyMap<string, number>;
  /** Reasons to be found in the dead letters of every consumer that reads a queue or the log. */
  readonly malformed: readonly string[];
}

/** An event that must have had its effects. */
interface Expected {
  readonly id: string;
  readonly orderId: string;
  readonly sequence: number;
  readonly cancellation: boolean;
  readonly data: OrderData;
}

export interface Findings {
  readonly orders: number;
  readonly placed: number;
  readonly cancelled: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly charged: Readonly<Record<string, number>>;
  readonly reserved: Readonly<Record<string, number>>;
  readonly invoiced: number;
  readonly emailed: number;
  readonly guests: number;
  readonly counted: number;
  /** Effects that should be and are not: neither done nor in the dead letters. */
  readonly lost: number;
  readonly duplicatedEffects: number;
  readonly outOfOrder: number;
  readonly deadLettered: number;
  readonly deadLetters: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Everything that does not reconcile, in words. Empty: it reconciles. */
  readonly problems: readonly string[];
}

/** Dead letters that the simulated provider causes on purpose: an answer nobody documented, three times. */
const PROVIDER_REASON = 'attempts-exhausted';

/** Compares what was put in with what the system has left behind. */
export function reconcile(input: Input, snapshot: Snapshot): Findings {
  const problems: string[] = [];
  const expected = expectedEvents(input.placed);
  const tally = { lost: 0, duplicated: 0, outOfOrder: 0 };
  const lose = (count: number, text: string) => {
    if (count === 0) return;
    tally.lost += count;
    problems.push(`lost: ${text}`);
  };
  const repeat = (count: number, text: string) => {
    if (count === 0) return;
    tally.duplicated += count;
    problems.push(`twice: ${text}`);
  };
  const dead = deadEventIds(snapshot);

  checkOrders(expected, snapshot, lose);
  checkLog(expected, snapshot, lose, (id, sequence) => {
    tally.outOfOrder += 1;
    problems.push(`out of order: ${id} came after ${sequence}`);
  });
  checkPayments(expected, snapshot, dead, lose, repeat, problems, tally);
  checkReservations(expected, input.shelf, snapshot, dead, lose, repeat, problems);
  checkInvoices(expected, snapshot, dead, lose, repeat);
  checkMails(expected, snapshot, dead, lose, repeat);
  checkTotals(expected, snapshot, lose, repeat);
  const deadLetters = checkDeadLetters(input.malformed, snapshot, problems);

  const accepted = [...expected.values()];
  return {
    orders: new Set(input.placed.map(({ request }) => request.invoiceNo)).size,
    placed: accepted.filter(({ cancellation }) => !cancellation).length,
    cancelled: accepted.filter(({ cancellation }) => cancellation).length,
    refused: countBy(uniqueRefusals(input.placed)),
    charged: countBy(
      snapshot.payments.map(({ kind, status }) => (kind === 'refund' && status === 'approved' ? 'refunded' : status)),
    ),
    reserved: countBy(snapshot.reservations.flatMap(({ lines }) => lines.map(({ status }) => status))),
    invoiced: snapshot.invoices.length,
    emailed: snapshot.mails.length,
    guests: accepted.filter(({ data }) => data.customerId === null).length,
    counted: snapshot.totals.reduce((sum, { orders, cancellations }) => sum + orders + cancellations, 0),
    lost: tally.lost,
    duplicatedEffects: tally.duplicated,
    outOfOrder: tally.outOfOrder,
    deadLettered: Object.values(snapshot.deadLetters).reduce((sum, letters) => sum + letters.length, 0),
    deadLetters,
    problems,
  };
}

type Count = (count: number, text: string) => void;
type Dead = ReadonlyMap<string, ReadonlySet<string>>;

/** Accepted requests by event id. The same document sent twice is one event. */
function expectedEvents(placed: readonly Placed[]): Map<string, Expected> {
  const events = new Map<string, Expected>();
  for (const { request, reply } of placed) {
    if (reply.status !== 'accepted') continue;
    const id = `order-outbox/${reply.orderId}/${reply.sequence}`;
    const { data } = decide(request);
    events.set(id, { id, orderId: reply.orderId, sequence: reply.sequence, cancellation: request.cancellation, data });
  }
  return events;
}

function uniqueRefusals(placed: readonly Placed[]): string[] {
  const reasons = new Map<string, string>();
  for (const { request, reply } of placed) if (reply.status === 'refused') reasons.set(request.invoiceNo, reply.reason);
  return [...reasons.values()];
}

function checkOrders(expected: ReadonlyMap<string, Expected>, snapshot: Snapshot, lose: Count): void {
  const stored = new Set(
    snapshot.orders.flatMap(({ orderId, documents }) =>
      Object.values(documents).map(({ sequence }) => `order-outbox/${orderId}/${sequence}`),
    ),
  );
  lose([...expected.keys()].filter((id) => !stored.has(id)).length, 'accepted orders that are not in the orders table');
  lose(snapshot.unpublished, 'events still unpublished in the outbox');
}

/** Every event is in the log, and the first copies of an order's events stand in sequence. */
function checkLog(
  expected: ReadonlyMap<string, Expected>,
  snapshot: Snapshot,
  lose: Count,
  misplace: (id: string, sequence: number) => void,
): void {
  const last = new Map<string, number>();
  const seen = new Set<string>();
  for (const { body } of snapshot.log) {
    const event = readable(body);
    if (event === undefined || seen.has(event.id)) continue;
    seen.add(event.id);
    const sequence = parseSequence(event.sequence) ?? 0;
    const before = last.get(event.subject) ?? 0;
    if (sequence !== before + 1) misplace(event.id, before);
    last.set(event.subject, Math.max(before, sequence));
  }
  lose([...expected.keys()].filter((id) => !seen.has(id)).length, 'events that are not in the log');
}

function readable(body: string): Envelope | undefined {
  try {
    return readEnvelope(body, orderLog.events);
  } catch (error) {
    if (error instanceof UnreadableMessage) return undefined; // A malformed message put in on purpose: checked among the dead letters.
    throw error;
  }
}

function checkPayments(
  expected: ReadonlyMap<string, Expected>,
  { payments, provider }: Snapshot,
  dead: Dead,
  lose: Count,
  repeat: Count,
  problems: string[],
  tally: { outOfOrder: number },
): void {
  const booked = new Map(payments.map((payment) => [payment.idempotencyKey, payment]));
  const missing = [...expected.keys()].filter((id) => !booked.has(id) && !dead.get('charge-card')?.has(id));
  lose(missing.length, `payments of ${missing.slice(0, 5).join(', ')}`);
  repeat(payments.length - booked.size, 'payments booked twice for one event');
  const movements = Map.groupBy(
    provider.filter(({ movedPence }) => movedPence !== undefined),
    ({ idempotencyKey }) => idempotencyKey,
  );
  const charges = countBy(
    provider
      .filter(({ kind, movedPence }) => kind === 'charge' && movedPence !== undefined)
      .map(({ orderId }) => orderId),
  );
  repeat(Object.values(charges).filter((count) => count > 1).length, "orders charged twice in the provider's books");
  for (const [id, payment] of booked) {
    const moved = movements.get(id)?.[0]?.movedPence;
    if (payment.status === 'approved' && moved !== payment.pence) {
      problems.push(`payment ${id}: booked ${payment.pence} pence, the provider moved ${moved ?? 'nothing'}`);
    }
    if (payment.status !== 'approved' && moved !== undefined) {
      problems.push(`payment ${id}: booked '${payment.status}', but the provider moved ${moved} pence`);
    }
  }
  for (const [orderId, ofOrder] of Map.groupBy(payments, (payment) => payment.orderId)) {
    const inTime = ofOrder.toSorted((a, b) => a.settledAt.localeCompare(b.settledAt)).map(({ sequence }) => sequence);
    if (inTime.some((sequence, i) => i > 0 && sequence < (inTime[i - 1] ?? 0))) {
      tally.outOfOrder += 1;
      problems.push(`out of order: payments of order ${orderId} were settled as ${inTime.join(', ')}`);
    }
  }
}

function checkReservations(
  expected: ReadonlyMap<string, Expected>,
  shelf: ReadonlyMap<string, number>,
  { reservations, stock }: Snapshot,
  dead: Dead,
  lose: Count,
  repeat: Count,
  problems: string[],
): void {
  const byEvent = Map.groupBy(
    reservations,
    ({ orderId, part }) => `order-outbox/${orderId}/${parseSequence(part.split('#')[0])}`,
  );
  for (const { id, data } of expected.values()) {
    if (dead.get('reserve-stock')?.has(id)) continue;
    const wanted = sum(data.lines.map(({ quantity }) => quantity));
    const decided = sum((byEvent.get(id) ?? []).flatMap(({ lines }) => lines.map(({ quantity }) => quantity)));
    lose(decided < wanted ? 1 : 0, `stock decisions of ${id}: ${decided} of ${wanted} pieces`);
    repeat(decided > wanted ? 1 : 0, `stock decisions of ${id}: ${decided} for ${wanted} pieces`);
  }
  const taken = new Map<string, number>();
  for (const { sku, quantity, status } of reservations.flatMap(({ lines }) => lines)) {
    const change = status === 'reserved' ? -quantity : status === 'returned' ? quantity : 0;
    taken.set(sku, (taken.get(sku) ?? 0) + change);
  }
  for (const { sku, quantity } of stock) {
    const due = (shelf.get(sku) ?? 0) + (taken.get(sku) ?? 0);
    if (quantity < 0) problems.push(`stock of ${sku} is negative: ${quantity}`);
    if (quantity !== due) problems.push(`stock of ${sku} is ${quantity}, the reservations say ${due}`);
  }
}

function checkInvoices(
  expected: ReadonlyMap<string, Expected>,
  { invoices }: Snapshot,
  dead: Dead,
  lose: Count,
  repeat: Count,
): void {
  const keys = new Set(invoices);
  const due = [...expected.values()]
    .filter(({ id }) => !dead.get('make-invoice')?.has(id))
    .map(({ orderId, sequence, data }) => `invoices/${orderId}/${formatSequence(sequence)}-${data.documentId}.pdf`);
  lose(due.filter((key) => !keys.has(key)).length, 'invoices');
  repeat(Math.max(0, keys.size - due.length), 'more invoices than events');
}

function checkMails(
  expected: ReadonlyMap<string, Expected>,
  { mails }: Snapshot,
  dead: Dead,
  lose: Count,
  repeat: Count,
): void {
  const sent = new Set(mails);
  const due = [...expected.values()].filter(
    ({ id, data }) => data.customerId !== null && !dead.get('send-email')?.has(id),
  );
  lose(due.filter(({ id }) => !sent.has(id.replaceAll('/', '_'))).length, 'e-mails');
  repeat(mails.length - sent.size, 'e-mails sent twice');
}

const MINUTE_CHARACTERS = 16;

function checkTotals(expected: ReadonlyMap<string, Expected>, { totals }: Snapshot, lose: Count, repeat: Count): void {
  const due = new Map<string, { events: number; pence: number }>();
  for (const { data, cancellation } of expected.values()) {
    const key = `${data.placedAt.slice(0, MINUTE_CHARACTERS)} ${data.country}`;
    const total = due.get(key) ?? { events: 0, pence: 0 };
    due.set(key, { events: total.events + 1, pence: total.pence + data.totalPence * (cancellation ? -1 : 1) });
  }
  const counted = new Map(totals.map((total) => [`${total.minute} ${total.country}`, total]));
  for (const key of new Set([...due.keys(), ...counted.keys()])) {
    const total = counted.get(key);
    const events = (total?.orders ?? 0) + (total?.cancellations ?? 0);
    const pence = (total?.salesPence ?? 0) - (total?.refundsPence ?? 0);
    const want = due.get(key) ?? { events: 0, pence: 0 };
    lose(Math.max(0, want.events - events), `${want.events - events} events in the total of ${key}`);
    repeat(Math.max(0, events - want.events), `${events - want.events} events too many in the total of ${key}`);
    if (events === want.events && pence !== want.pence)
      repeat(1, `the total of ${key} is ${pence} pence instead of ${want.pence}`);
  }
}

/** Event ids in the dead letters, by consumer. */
function deadEventIds({ deadLetters }: Snapshot): Dead {
  return new Map(
    Object.entries(deadLetters).map(([consumer, letters]) => [
      consumer,
      new Set(letters.flatMap(({ letter }) => (letter?.eventId === undefined ? [] : [letter.eventId]))),
    ]),
  );
}

/** Every malformed message is there with its reason, and nothing else is but what the simulated provider does. */
function checkDeadLetters(
  malformed: readonly string[],
  { deadLetters }: Snapshot,
  problems: string[],
): Findings['deadLetters'] {
  const found: Record<string, Record<string, number>> = {};
  for (const [consumer, letters] of Object.entries(deadLetters)) {
    const reasons = countBy(letters.map(({ letter }) => letter?.reason ?? 'no reason given'));
    if (letters.length > 0) found[consumer] = reasons;
    const due = consumer === 'order-outbox' ? {} : countBy(malformed);
    for (const [reason, count] of Object.entries(due)) {
      if (reasons[reason] !== count)
        problems.push(
          `dead letters of ${consumer}: ${reasons[reason] ?? 0} with reason '${reason}' instead of ${count}`,
        );
    }
    const strangers = Object.keys(reasons).filter(
      (reason) => !(reason in due) && !(consumer === 'charge-card' && reason === PROVIDER_REASON),
    );
    if (strangers.length > 0) problems.push(`dead letters of ${consumer} that nobody expects: ${strangers.join(', ')}`);
  }
  return found;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
