import { CONSUMER_METRIC, METRIC_NAMESPACE } from '../../lib/contracts/agreed/metrics.ts';

/** Duplicates that consumers suppressed, by subscription: their own metric, added up from the metric lines in their logs. */
export function countDuplicates(): {
  readonly see: (line: string) => void;
  readonly bySubscription: () => Readonly<Record<string, number>>;
} {
  const totals: Record<string, number> = {};
  return {
    see(line) {
      if (!line.startsWith('{"_aws"') || !line.includes(METRIC_NAMESPACE)) return;
      const { subscription, [CONSUMER_METRIC.duplicates]: values } = JSON.parse(line) as Record<string, unknown>;
      if (typeof subscription !== 'string' || !Array.isArray(values)) return;
      totals[subscription] = values.reduce((sum: number, value: number) => sum + value, totals[subscription] ?? 0);
    },
    bySubscription: () => ({ ...totals }),
  };
}
