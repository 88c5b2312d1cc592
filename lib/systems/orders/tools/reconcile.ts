import { checkInvoices, checkMails, checkPayments, checkReservations, checkTotals } from './check-effects.ts';
import { checkDeadLetters, checkLog, checkOrders } from './check-flow.ts';
import { countBy, type Input, openLedger, reasonOf } from './ledger.ts';
import type { Placed } from './producer.ts';
import type { Snapshot } from './snapshot.ts';

/** What became of the input, and whether it is all accounted for. */
export interface Findings {
  readonly orders: number;
  readonly placed: number;
  readonly cancelled: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly charged: Readonly<Record<string, number>>;
  readonly reserved: Readonly<Record<string, number>>;
  readonly invoiced: number;
  readonly emailed: number;
  /** Of them, sent once more: only what a disturbance excuses is no problem. */
  readonly emailedAgain: number;
  readonly guests: number;
  readonly counted: number;
  /** Effects that should be and are not: neither done nor in the dead letters. */
  readonly lost: number;
  readonly duplicatedEffects: number;
  readonly outOfOrder: number;
  readonly deadLettered: number;
  readonly deadLetters: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Events that each consumer is seen to have given up: each once, however many copies of it there were. */
  readonly givenUp: Readonly<Record<string, number>>;
  /** Dead letters of each consumer that are there and were not seen. */
  readonly unseenLetters: Readonly<Record<string, number>>;
  /** Everything that does not reconcile, in words. Empty: it reconciles. */
  readonly problems: readonly string[];
}

/** All checks. Each looks at the ledger and writes what it finds there. */
const CHECKS = [
  checkOrders,
  checkLog,
  checkPayments,
  checkReservations,
  checkInvoices,
  checkMails,
  checkTotals,
  checkDeadLetters,
];

/** Compares what was put in with what the system has left behind. */
export function reconcile(input: Input, snapshot: Snapshot): Findings {
  const ledger = openLedger(input, snapshot);
  for (const check of CHECKS) check(ledger);
  const { unseenLetters: unseen } = snapshot;
  const { tally, problems } = ledger;
  const accepted = [...ledger.expected.values()];
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
    emailedAgain: snapshot.mails.length - new Set(snapshot.mails).size,
    guests: accepted.filter(({ data }) => data.customerId === null).length,
    counted: snapshot.totals.reduce((sum, { orders, cancellations }) => sum + orders + cancellations, 0),
    lost: tally.lost,
    duplicatedEffects: tally.duplicated,
    outOfOrder: tally.outOfOrder,
    deadLettered: sumOf(Object.values(snapshot.deadLetters).map(({ length }) => length)) + sumOf(Object.values(unseen)),
    deadLetters: Object.fromEntries(
      Object.entries(snapshot.deadLetters)
        .filter(([consumer, { length }]) => length + (unseen[consumer] ?? 0) > 0)
        .map(([consumer, letters]) => [
          consumer,
          { ...countBy(letters.map(reasonOf)), ...(unseen[consumer] && { [NOT_SEEN]: unseen[consumer] }) },
        ]),
    ),
    givenUp: Object.fromEntries(
      Object.keys(snapshot.deadLetters)
        .map((consumer) => [consumer, accepted.filter(({ id }) => ledger.isDead(consumer, id)).length] as const)
        .filter(([, count]) => count > 0),
    ),
    unseenLetters: unseen,
    problems,
  };
}

/** In the place of a reason: a FIFO queue shows the first ten of a group, and whoever only looks takes none away. */
const NOT_SEEN = 'not-seen';

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

function uniqueRefusals(placed: readonly Placed[]): string[] {
  const reasons = new Map<string, string>();
  for (const { request, reply } of placed) if (reply.status === 'refused') reasons.set(request.invoiceNo, reply.reason);
  return [...reasons.values()];
}
