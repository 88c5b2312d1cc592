import type { Check, Found } from './check.ts';
import { list, nameIn, short, takenKey } from './resources.ts';

/** Names that two resources would have, which CloudFormation refuses in the middle of a deployment. */
export const CHECKS_OF_NAMES: readonly Check[] = [
  {
    id: 'name-taken',
    about: 'a new resource has the name of one that is still there: a renamed subscription, a moved construct',
    find: ({ changes, taken }) =>
      changes
        .filter(({ action }) => action === 'add')
        .flatMap((change): Found[] => {
          const { type, after, path, stack, logicalId } = change;
          const name = nameIn(type, after);
          const by = name === undefined ? undefined : taken.get(takenKey(type, name));
          if (name === undefined || by === undefined || (by.stack === stack && by.logicalId === logicalId)) return [];
          return [
            {
              severity: 'error',
              path,
              what: `${short(type)} ${name} is created while ${by.path} still has that name: CloudFormation creates before it deletes, and the deployment fails with "already exists"`,
              fix: `Keep the old place (the logical id ${by.logicalId}: overrideLogicalId, or cdk refactor), or give the new one another name and move what is in the old one.`,
            },
          ];
        }),
  },
  {
    id: 'name-kept',
    about: 'a change makes a new resource, and the name stays: CloudFormation refuses it',
    find: ({ changes }) =>
      changes
        .filter(({ action }) => action === 'replace')
        .flatMap(({ type, before, after, path, replacing }): Found[] => {
          const [old, name] = [nameIn(type, before), nameIn(type, after)];
          if (name === undefined || name !== old) return [];
          return [
            {
              severity: 'error',
              path,
              what: `a change of ${list(replacing)} makes a new ${short(type)}, and the name ${name} stays: CloudFormation cannot update a stack when a custom-named resource requires replacing`,
              fix: 'Change the name too, and move what is in the old one; or take the change back.',
            },
          ];
        }),
  },
];
