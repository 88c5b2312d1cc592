import { CONSUMER_METRIC, METRIC_NAMESPACE } from '../lib/contracts/metrics.ts';

/** Adds up the consumers' own metric of duplicates from the metric lines in their logs. */
export function countDuplicates(): { readonly see: (line: string) => void; readonly total: () => number } {
  let total = 0;
  return {
    see(line) {
      if (!line.startsWith('{"_aws"') || !line.includes(METRIC_NAMESPACE)) return;
      const values: unknown = (JSON.parse(line) as Record<string, unknown>)[CONSUMER_METRIC.duplicates];
      if (Array.isArray(values)) total += values.reduce((sum: number, value: number) => sum + value, 0);
    },
    total: () => total,
  };
}
