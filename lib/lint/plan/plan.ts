import { recordOf } from '../reading/json.ts';
import { changesOf, type PlannedStack, placeOf } from './changes.ts';
import type { PlanFinding, Taken } from './check.ts';
import { CHECKS } from './checks.ts';
import { nameOf } from './resources.ts';

/**
 * What deploying `after` over `before` would do that nobody may have meant: see CHECKS. A harmless change finds nothing.
 * @param before stacks as they are deployed, or were when a template was saved
 */
export function planFindings(before: readonly PlannedStack[], after: readonly PlannedStack[]): readonly PlanFinding[] {
  const plan = { changes: changesOf(before, after), taken: takenIn(before) };
  return CHECKS.flatMap(({ id, find }) => find(plan).map((found) => ({ check: id, ...found })));
}

function takenIn(stacks: readonly PlannedStack[]): ReadonlyMap<string, Taken> {
  return new Map(
    stacks.flatMap((planned) =>
      Object.entries(recordOf(planned.body.Resources)).flatMap(([logicalId, resource]): [string, Taken][] => {
        const stack = planned.name;
        const key = nameOf(recordOf(resource));
        return key === undefined
          ? []
          : [[key, { stack, logicalId, path: placeOf(planned, logicalId) ?? `${stack}/${logicalId}` }]];
      }),
    ),
  );
}
