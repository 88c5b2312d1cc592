import { INBOX } from '../system/names.ts';
import * as effects from './effects.ts';
import * as lateness from './lateness.ts';
import * as leaving from './leaving.ts';
import type { Invariant } from './outcome.ts';
import * as publishing from './publishing.ts';

export type { Outcome, Violation } from './outcome.ts';

/** When nothing is left to happen, nothing is left to do. */
const everythingSettles: Invariant = ({ settled, deployed, unpublished, waiting, failures, item }) => [
  ...(settled ? [] : ['the run did not come to an end']),
  ...(unpublished === 0 ? [] : [`${unpublished} outbox rows are unpublished`]),
  ...failures.map((error) => `a producer failed: ${error.stack ?? error.message}`),
  ...deployed.flatMap(({ station: { plan }, mapping }) => {
    if ('isAtEnd' in mapping) return mapping.isAtEnd() ? [] : [`${plan.name} has not read its log to the end`];
    const left = waiting(plan.name);
    const { enabled, batchSize, concurrency } = mapping.settings();
    // A breaker that has not seen a success since stays on trial.
    const onTrial = item(INBOX, `breaker!${plan.name}`) !== undefined;
    const asDeclared = enabled && (onTrial || (batchSize === plan.batchSize && concurrency === plan.concurrency));
    return [
      ...(left === 0 ? [] : [`${left} messages are left in ${plan.name}`]),
      ...(asDeclared ? [] : [`the mapping of ${plan.name} was left as ${JSON.stringify(mapping.settings())}`]),
    ];
  }),
];

/** The invariants, by name: every function of these files is one. */
export const INVARIANTS = {
  ...leaving,
  ...effects,
  ...publishing,
  ...lateness,
  everythingSettles,
} as const satisfies Record<string, Invariant>;

export type InvariantName = keyof typeof INVARIANTS;
