import type { RandomFaults } from '../../lib/local/faults.ts';
import type { Findings } from '../../lib/systems/orders/tools/reconcile.ts';

/** What the demo reports: the findings, and what was done to provoke them. */
export interface Report extends Findings {
  /** What was made to go wrong by chance, by kind; null: nothing. */
  readonly faults: (RandomFaults & { readonly made: Readonly<Record<string, number>> }) | null;
  /** Faults after which an e-mail may be sent once more. */
  readonly emailsAtRisk: number;
  /** Malformed messages that were sent to each consumer. */
  readonly malformed: number;
  /** Orders that were accepted, and sent once more. */
  readonly ordersSentTwice: number;
  /** Orders that were refused, and sent once more: nothing is suppressed, they are refused again. */
  readonly ordersRefusedTwice: number;
  readonly eventsPublishedTwice: number;
  /** By consumers and by place-order. */
  readonly duplicatesSuppressed: number;
  /** The same by who suppressed them: consumers, and place-order for orders that were sent twice. */
  readonly duplicates: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly secondsToFirstCharge: number | null;
}
