import type { RandomFaults } from '../../lib/local/faults.ts';
import type { FigureRow } from '../../lib/operations/systems/system.ts';

/** What the demo reports: what the system's reconciliation found, what lies in its queues, and what was done to provoke it. */
export interface Report {
  readonly system: string;
  /** The system's own figures: in JSON they stand beside the others. */
  readonly figures: Readonly<Record<string, unknown>>;
  readonly rows: readonly FigureRow[];
  /** What the samples are, in the plural, and who takes them. */
  readonly unit: string;
  readonly takenBy: string;
  readonly lost: number;
  readonly duplicatedEffects: number;
  readonly outOfOrder: number;
  readonly deadLettered: number;
  /** By who gave up, and by reason. */
  readonly deadLetters: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Messages in queues of the stack that nothing reads. */
  readonly unread: Readonly<Record<string, number>>;
  /** Consumers of the stack whose effects the reconciliation does not know. */
  readonly unchecked: readonly string[];
  /** What was made to go wrong by chance, by kind; null: nothing. */
  readonly faults: (RandomFaults & { readonly made: Readonly<Record<string, number>> }) | null;
  /** Malformed messages that were sent to each consumer. */
  readonly malformed: number;
  /** Samples that were accepted, and sent once more. */
  readonly sentTwice: number;
  /** Samples that were refused, and sent once more: nothing is suppressed, they are refused again. */
  readonly refusedTwice: number;
  /** The system's own trouble, by what: `eventsPublishedTwice`. */
  readonly trouble: Readonly<Record<string, number>>;
  /** By consumers and by who takes the samples. */
  readonly duplicatesSuppressed: number;
  /** The same by who suppressed them. */
  readonly duplicates: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly secondsToFirstEffect: number | null;
  /** Everything that does not reconcile, in words. Empty: it reconciles. */
  readonly problems: readonly string[];
}

/** For machines: the rows are for people, and the system's figures stand beside the others. */
export function reportJson({ rows: _, figures, ...report }: Report): string {
  return JSON.stringify({ ...figures, ...report });
}

export const totalOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
