import { formatSequence, parseSequence } from '../../../contracts/events/envelope.ts';
import { countBy } from '../../../operations/systems/letters.ts';
import type { Expected, Ledger } from './ledger.ts';

/** Every event has had each of its effects, once: what the consumers have left behind against what was put in. */

export function checkPayments({
  expected,
  snapshot: { payments, provider },
  disturbance,
  isDead,
  lose,
  repeat,
  misplace,
  problems,
}: Ledger): void {
  const booked = new Map(payments.map((payment) => [payment.idempotencyKey, payment]));
  const missing = [...expected.keys()].filter((id) => !booked.has(id) && !isDead('charge-card', id));
  lose(missing.length, `payments of ${named(missing)}`, 'charge-card');
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
    } else if (payment.pence !== (expected.get(id)?.data.totalPence ?? payment.pence)) {
      problems.push(`payment ${id}: ${payment.pence} pence instead of ${expected.get(id)?.data.totalPence}`);
    }
    if (payment.status !== 'approved' && moved !== undefined) {
      problems.push(`payment ${id}: booked '${payment.status}', but the provider moved ${moved} pence`);
    }
  }
  const strangers = [...booked.keys(), ...movements.keys()].filter((id) => !expected.has(id));
  if (strangers.length > 0) problems.push(`payments that nobody ordered: ${named(strangers)}`);
  const unbooked = [...movements.keys()].filter((id) => expected.has(id) && !booked.has(id));
  if (unbooked.length > 0) problems.push(`money moved that is not booked: ${named(unbooked)}`);
  for (const [orderId, ofOrder] of disturbance.clocksWrong ? [] : Map.groupBy(payments, (payment) => payment.orderId)) {
    const inTime = ofOrder.toSorted((a, b) => a.settledAt.localeCompare(b.settledAt)).map(({ sequence }) => sequence);
    if (inTime.some((sequence, i) => i > 0 && sequence < (inTime[i - 1] ?? 0))) {
      misplace(`payments of order ${orderId} were settled as ${inTime.join(', ')}`);
    }
  }
}

export function checkReservations({
  expected,
  input: { shelf },
  snapshot: { reservations, stock },
  isDead,
  lose,
  repeat,
  problems,
}: Ledger): void {
  const byEvent = Map.groupBy(
    reservations,
    ({ orderId, part }) => `order-outbox/${orderId}/${parseSequence(part.split('#')[0])}`,
  );
  for (const { id, data } of expected.values()) {
    if (isDead('reserve-stock', id)) continue;
    const wanted = sum(data.lines.map(({ quantity }) => quantity));
    const decided = sum((byEvent.get(id) ?? []).flatMap(({ lines }) => lines.map(({ quantity }) => quantity)));
    lose(decided < wanted ? 1 : 0, `stock decisions of ${id}: ${decided} of ${wanted} pieces`, 'reserve-stock');
    repeat(decided > wanted ? 1 : 0, `stock decisions of ${id}: ${decided} for ${wanted} pieces`);
  }
  const strangers = [...byEvent.keys()].filter((id) => !expected.has(id));
  if (strangers.length > 0) problems.push(`stock decisions that nobody ordered: ${named(strangers)}`);
  const gone = [...shelf.keys()].filter((sku) => !stock.some((item) => item.sku === sku));
  if (gone.length > 0) problems.push(`articles without stock: ${named(gone)}`);
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

export function checkInvoices({ expected, snapshot: { invoices }, isDead, lose, repeat }: Ledger): void {
  const keys = new Set(invoices);
  const keyOf = ({ orderId, sequence, data }: Expected) =>
    `invoices/${orderId}/${formatSequence(sequence)}-${data.documentId}.pdf`;
  const events = [...expected.values()];
  const due = events.filter(({ id }) => !isDead('make-invoice', id)).map(keyOf);
  lose(due.filter((key) => !keys.has(key)).length, 'invoices', 'make-invoice');
  const known = new Set(events.map(keyOf));
  repeat([...keys].filter((key) => !known.has(key)).length, 'more invoices than events');
}

export function checkMails({
  expected,
  snapshot: { mails },
  disturbance,
  isDead,
  lose,
  repeat,
  problems,
}: Ledger): void {
  const sent = new Set(mails);
  const tagOf = ({ id }: Expected) => id.replaceAll('/', '_');
  const customers = [...expected.values()].filter(({ data }) => data.customerId !== null);
  const due = customers.filter(({ id }) => !isDead('send-email', id));
  lose(due.filter((event) => !sent.has(tagOf(event))).length, 'e-mails', 'send-email');
  repeat(mails.length - sent.size - disturbance.mailsAtRisk, 'e-mails sent twice');
  const owed = new Set(customers.map(tagOf));
  const strangers = [...sent].filter((tag) => !owed.has(tag));
  if (strangers.length > 0) problems.push(`e-mails that nobody is owed: ${named(strangers)}`);
}

const MINUTE_CHARACTERS = 16;

export function checkTotals({ expected, snapshot: { totals }, lose, repeat }: Ledger): void {
  const due = new Map<string, { events: number; pence: number }>();
  for (const { data, cancellation } of expected.values()) {
    const key = `${data.placedAt.slice(0, MINUTE_CHARACTERS)} ${data.country} ${data.currency}`;
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

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

const MAX_NAMED = 5;
const named = (ids: readonly string[]): string => ids.slice(0, MAX_NAMED).join(', ');
