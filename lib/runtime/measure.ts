import { CONSUMER_METRIC } from '../contracts/metrics.ts';
import type { Subscription } from '../contracts/subscription.ts';
import type { Observed } from './handle-message.ts';
import type { Outcome } from './message.ts';
import type { Runtime } from './runtime.ts';
import { emitMetrics } from './telemetry.ts';

/** Which metric counts which outcome. Messages handed back untouched count as received only. */
const COUNTED = {
  done: CONSUMER_METRIC.done,
  duplicate: CONSUMER_METRIC.duplicates,
  retry: CONSUMER_METRIC.retried,
  rejected: CONSUMER_METRIC.rejected,
  deferred: CONSUMER_METRIC.deferred,
  outage: CONSUMER_METRIC.outages,
  parked: CONSUMER_METRIC.parked,
} as const satisfies Partial<Record<Outcome['kind'], string>>;

export function measure(
  s: Subscription,
  outcomes: readonly Outcome[],
  { ages, durations }: Observed,
  { now, write }: Runtime,
): void {
  const lost = s.guarantee === 'at-most-once' ? outcomes.filter(({ kind }) => kind !== 'done').length : 0;
  const counts = Object.entries(COUNTED).map(([kind, name]) => [
    name,
    { unit: 'Count' as const, values: [outcomes.filter((outcome) => outcome.kind === kind).length] },
  ]);
  emitMetrics(
    { subscription: s.name },
    {
      [CONSUMER_METRIC.received]: { unit: 'Count', values: [outcomes.length] },
      ...Object.fromEntries(counts),
      ...(lost > 0 ? { [CONSUMER_METRIC.dropped]: { unit: 'Count' as const, values: [lost] } } : {}),
      [CONSUMER_METRIC.age]: { unit: 'Milliseconds', values: ages },
      [CONSUMER_METRIC.duration]: { unit: 'Milliseconds', values: durations },
    },
    now(),
    write,
  );
}
