import { countBy } from '../../../operations/systems/letters.ts';
import { checkInvoices, checkMails, checkPayments, checkReservations, checkTotals } from './check-effects.ts';
import { checkLog, checkOrders } from './check-flow.ts';
import { type Input, openLedger } from './ledger.ts';
import type { Placed } from './producer.ts';
import type { Snapshot } from './snapshot.ts';

/** What became of the orders, in numbers. */
export interface OrdersFigures {
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
  /** Faults after which an e-mail may be sent once more. */
  readonly emailsAtRisk: number;
  readonly guests: number;
  readonly counted: number;
  /** Events that each consumer is seen to have given up: each once, however many copies of it there were. */
  readonly givenUp: Readonly<Record<string, number>>;
  /** Dead letters of each consumer that are there and were not seen. */
  readonly unseenLetters: Readonly<Record<string, number>>;
}

/** What was found about the orders. */
export interface OrdersFindings {
  readonly figures: OrdersFigures;
  readonly lost: number;
  readonly duplicatedEffects: number;
  readonly outOfOrder: number;
  readonly problems: readonly string[];
}

/** All checks. Each looks at the ledger and writes what it finds there. */
const CHECKS = [checkOrders, checkLog, checkPayments, checkReservations, checkInvoices, checkMails, checkTotals];

/** Consumers whose effects are checked. */
export const RECONCILED = ['charge-card', 'reserve-stock', 'make-invoice', 'send-email', 'sales-totals'] as const;

/** Compares what was put in with what the system has left behind. */
export function reconcile(input: Input, snapshot: Snapshot): OrdersFindings {
  const ledger = openLedger(input, snapshot);
  for (const check of CHECKS) check(ledger);
  const { tally, problems } = ledger;
  const accepted = [...ledger.expected.values()];
  const figures: OrdersFigures = {
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
    emailsAtRisk: ledger.disturbance.mailsAtRisk,
    guests: accepted.filter(({ data }) => data.customerId === null).length,
    counted: snapshot.totals.reduce((sum, { orders, cancellations }) => sum + orders + cancellations, 0),
    givenUp: Object.fromEntries(
      RECONCILED.map(
        (consumer) => [consumer, accepted.filter(({ id }) => ledger.isDead(consumer, id)).length] as const,
      ).filter(([, count]) => count > 0),
    ),
    unseenLetters: input.unseen ?? {},
  };
  return {
    figures,
    lost: tally.lost,
    duplicatedEffects: tally.duplicated,
    outOfOrder: tally.outOfOrder,
    problems,
  };
}

function uniqueRefusals(placed: readonly Placed[]): string[] {
  const reasons = new Map<string, string>();
  for (const { request, reply } of placed) if (reply.status === 'refused') reasons.set(request.invoiceNo, reply.reason);
  return [...reasons.values()];
}
