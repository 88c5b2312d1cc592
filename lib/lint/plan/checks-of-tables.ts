import { numberOf, recordOf } from '../reading/json.ts';
import type { Check, Found } from './check.ts';
import { properties } from './resources.ts';

const TABLES: ReadonlySet<string> = new Set(['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable']);
const USES = ['WriteUnitsPerSecond', 'ReadUnitsPerSecond'] as const;

/** What DynamoDB refuses of a table's capacity. */
export const CHECKS_OF_TABLES: readonly Check[] = [
  {
    id: 'warm-table-cools',
    about: 'a table is to have less warm throughput than it has: DynamoDB refuses',
    find: ({ changes }) =>
      changes.flatMap(({ type, action, before, after, path }): Found[] => {
        if (!TABLES.has(type) || action !== 'update') return [];
        const [old, now] = [before, after].map((resource) => recordOf(properties(resource).WarmThroughput));
        return USES.flatMap((use): Found[] => {
          const from = numberOf(old?.[use], 0) ?? 0;
          const to = numberOf(now?.[use], 0) ?? 0;
          // Nothing said leaves the table as it is.
          if (to === 0 || to >= from) return [];
          return [
            {
              severity: 'error',
              path,
              what: `${use} of its warm throughput falls from ${from} to ${to}: a table that was warmed stays so, and the deployment fails`,
              fix: `Keep ${from}: leave the declared peak as it was, or warm the table for more. It costs nothing more.`,
            },
          ];
        });
      }),
  },
];
