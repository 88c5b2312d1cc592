import type { Check, Found } from './check.ts';
import { CONTENTS, goesOrIsMadeAnew, isKept, list, MAPPING, short } from './resources.ts';

/** What is in a resource, and would go with it. */
export const CHECKS_OF_DATA: readonly Check[] = [
  {
    id: 'data-goes',
    about: 'a queue, log, table, bucket or key goes or is made anew, with what is in it',
    find: ({ changes }) =>
      changes.filter(goesOrIsMadeAnew).flatMap((change): Found[] => {
        const { type, path, action, replacing } = change;
        const contents = CONTENTS[type];
        if (contents === undefined) return [];
        const why =
          action === 'remove' ? 'is in the template no more' : `is made anew by a change of ${list(replacing)}`;
        if (isKept(change))
          return [
            {
              severity: 'warning',
              path,
              what: `the ${short(type)} ${why}: the old one stays with ${contents}, outside of the stack, and is paid for`,
              fix: 'Import it (cdk import) if it is still wanted; else empty and delete it by hand.',
            },
          ];
        return [
          {
            severity: 'error',
            path,
            what: `the ${short(type)} ${why}: ${contents} would be gone`,
            fix: 'Take the change back; or let it be emptied first (consumers done, a copy made), or set its removal policy to RETAIN in a deployment before this one.',
          },
        ];
      }),
  },
  {
    id: 'may-be-made-anew',
    about: 'whether something with contents is made anew, only CloudFormation knows',
    find: ({ changes }) =>
      changes
        .filter(({ action, type }) => action === 'may-replace' && (CONTENTS[type] !== undefined || type === MAPPING))
        .map(
          ({ type, path, replacing }): Found => ({
            severity: 'warning',
            path,
            what: `a change of ${list(replacing)} may make a new ${short(type)}`,
            fix: 'Look at a change set before you execute it: cdk deploy --method=prepare-change-set.',
          }),
        ),
  },
];
