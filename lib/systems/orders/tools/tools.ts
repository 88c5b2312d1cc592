import { output } from '../../../operations/deployed/deployment.ts';
import { answerOf, callerOf } from '../../../operations/systems/calling.ts';
import type {
  MadeFault,
  SampleProducer,
  Sent,
  SystemInput,
  SystemTools,
  World,
} from '../../../operations/systems/system.ts';
import type { OrderRequest } from '../request.ts';
import type { Disturbance } from './ledger.ts';
import { publishAgain, publishedEvents } from './mishaps.ts';
import type { Placed, Reply } from './producer.ts';
import { RECONCILED, reconcile } from './reconcile.ts';
import { renumbered, SAMPLE_FILE, shelfFor, withCancelledOrders } from './samples.ts';
import { takeSnapshot } from './snapshot.ts';
import { fillShelf } from './stock.ts';
import { rowsOf, sumsOf, wrongSums } from './sums.ts';

/** Orders, placed with the function that takes them. A cancellation goes after the order that it cancels. */
export const orders: SampleProducer<OrderRequest, Reply> = {
  unit: 'orders',
  takenBy: 'place-order',
  file: SAMPLE_FILE,
  joined: withCancelledOrders,
  keyOf: (request) => request.cancels ?? String(request.invoiceNo),
  renewed: renumbered,
  open: ({ outputs }) => callerOf(output(outputs, 'PlaceOrderFunction')),
  answerOf,
};

/** The events of every n-th accepted order are published twice. */
const AGAIN_EVERY = 10;

export const ordersTools: SystemTools = {
  producers: { orders },
  prepare: ({ clients, outputs }, requests) =>
    fillShelf(clients, output(outputs, 'StockTable'), shelfFor(requests as readonly OrderRequest[])),
  async trouble({ clients, outputs }, sent) {
    const again = acceptedIds(sent as readonly Placed[]).filter((_, i) => i % AGAIN_EVERY === 0);
    await publishAgain(outputs, await publishedEvents(clients, output(outputs, 'OutboxTable'), again));
    return { eventsPublishedTwice: again.length };
  },
  reconciled: RECONCILED,
  // The simulated provider answers what nobody documented, three times.
  deliberate: { 'charge-card': ['attempts-exhausted'] },
  async reconcile(input: SystemInput, { clients, outputs, mailbox }: World) {
    const snapshot = await takeSnapshot(clients, outputs, mailbox);
    const { isDead, unseen, faults } = input;
    const found = reconcile(
      {
        placed: input.sent as readonly Sent<OrderRequest, Reply>[],
        shelf: shelfFor(input.prepared as readonly OrderRequest[]),
        isDead,
        unseen,
        disturbance: disturbanceBy(faults),
      },
      snapshot,
    );
    const charged = snapshot.payments.map(({ settledAt }) => Date.parse(settledAt));
    return {
      ...found,
      // Faults may have an event given up after its effect.
      problems: faults.length > 0 ? found.problems : [...found.problems, ...wrongSums(sumsOf(found.figures))],
      figures: { ...found.figures },
      rows: rowsOf(found.figures, faults.length > 0),
      firstEffect: charged.length === 0 ? undefined : Math.min(...charged),
    };
  },
};

/** What the faults that were made excuse, and no more: each at most one repetition. */
export function disturbanceBy(made: readonly MadeFault[]): Disturbance {
  const mailer = made.filter(({ functionName }) => functionName?.endsWith('-send-email'));
  return {
    // A lease under a clock that is wrong can be taken while its holder works.
    mailsAtRisk: mailer.filter(
      ({ kind, service }) =>
        kind === 'kill' || kind === 'skew-clock' || (kind === 'lose-response' && service === 'ses'),
    ).length,
    clocksWrong: made.some(({ kind }) => kind === 'skew-clock'),
  };
}

/**
 * By number, not as they came back: which events are published again must not depend on which order was the fastest. A copy of an event that the payment
 * provider never settles is no duplicate, but given up like the event itself.
 */
const acceptedIds = (placed: readonly Placed[]) =>
  placed
    .flatMap(({ reply }) =>
      reply.status === 'accepted' && !reply.duplicate ? [{ orderId: reply.orderId, sequence: reply.sequence }] : [],
    )
    .toSorted((a, b) => a.orderId.localeCompare(b.orderId, 'en') || a.sequence - b.sequence);
