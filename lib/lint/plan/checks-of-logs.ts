import { numberOf } from '../reading/json.ts';
import type { Check, Found } from './check.ts';
import { properties } from './resources.ts';

/** At most double, at least half, in one call. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html */
export function shardSteps(from: number, to: number): readonly number[] {
  const steps: number[] = [];
  for (let count = from; count !== to; ) {
    count = to > count ? Math.min(to, count * 2) : Math.max(to, Math.ceil(count / 2));
    steps.push(count);
  }
  return steps;
}

/** What Kinesis refuses of a log that grows or shrinks. */
export const CHECKS_OF_LOGS: readonly Check[] = [
  {
    id: 'shards-in-steps',
    about: 'a log gets more than double, or less than half of its shards: Kinesis refuses',
    find: ({ changes }) =>
      changes.flatMap(({ type, action, before, after, path }): Found[] => {
        if (type !== 'AWS::Kinesis::Stream' || action !== 'update') return [];
        const from = numberOf(properties(before).ShardCount, 0) ?? 0;
        const to = numberOf(properties(after).ShardCount, 0) ?? 0;
        if (from === 0 || to === 0) return [];
        const steps = shardSteps(from, to);
        if (steps.length < 2) return [];
        return [
          {
            severity: 'error',
            path,
            what: `${from} shards become ${to}: UpdateShardCount takes at most double and at least half, ten times in 24 hours, and the deployment fails`,
            fix: `Deploy in ${steps.length} steps: ${steps.join(', ')} shards.`,
          },
        ];
      }),
  },
];
