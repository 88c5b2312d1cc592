import type { FaultKindName, Made } from '../../lib/local/faults.ts';
import type { Disturbance } from '../../lib/systems/orders/tools/ledger.ts';

/** Faults after which a consumer does something once more: it died, its answer was lost, it was asked twice, or did not hear in time. */
const REPEATING: ReadonlySet<FaultKindName> = new Set(['kill', 'lose-response', 'duplicate', 'throttle']);

/** What the faults that were made excuse, and no more: each at most one repetition. */
export function disturbanceBy(made: readonly Made[]): Disturbance {
  const repeating = made.filter(({ kind }) => REPEATING.has(kind));
  const atRisk = Map.groupBy(repeating, ({ functionName = '' }) => functionName.replace(/^sluice-[^-]+-orders-/, ''));
  const mailer = made.filter(({ functionName }) => functionName?.endsWith('-send-email'));
  return {
    // A lease under a clock that is wrong can be taken while its holder works.
    mailsAtRisk: mailer.filter(
      ({ kind, service }) =>
        kind === 'kill' || kind === 'skew-clock' || (kind === 'lose-response' && service === 'ses'),
    ).length,
    deadLettersAtRisk: Object.fromEntries([...atRisk].map(([consumer, { length }]) => [consumer, length])),
    clocksWrong: made.some(({ kind }) => kind === 'skew-clock'),
  };
}
