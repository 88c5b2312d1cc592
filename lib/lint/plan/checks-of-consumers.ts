import { at, type Json, listOf } from '../reading/json.ts';
import type { Change } from './changes.ts';
import type { Check, Found, Plan } from './check.ts';
import { componentOf, MAPPING, nameIn, properties } from './resources.ts';

/** A mapping that comes, with the one that it takes the place of: the same source, under another subscription. */
export interface Renamed {
  readonly from: Change;
  readonly to: Change;
}

/** Subscriptions that go while another one comes in the same stack, with the same code or the same source. */
export function renamedMappings({ changes }: Plan): readonly Renamed[] {
  const mappings = changes.filter(({ type }) => type === MAPPING);
  const gone = mappings.filter(({ action }) => action === 'remove');
  return mappings
    .filter(({ action }) => action === 'add')
    .flatMap((to) => {
      const from = gone.find((one) => one.stack === to.stack && sourceOf(one, changes) === sourceOf(to, changes));
      return from === undefined ? [] : [{ from, to }];
    });
}

/** Where a mapping reads: by the source's name where it has one, for its logical id may be what has changed. */
function sourceOf({ before, after }: Change, changes: readonly Change[]): string {
  const arn = properties(after ?? before).EventSourceArn;
  const id = listOf(at(arn, 'Fn::GetAtt'))[0];
  const source = changes.find(({ logicalId }) => logicalId === id);
  const named = source === undefined ? undefined : nameIn(source.type, source.after ?? source.before);
  return named ?? JSON.stringify(arn);
}

const isLog = (mapping: Json | undefined): boolean => properties(mapping).StartingPosition !== undefined;

/** What consumers know of what they have handled: their inbox, and their position in a log. */
export const CHECKS_OF_CONSUMERS: readonly Check[] = [
  {
    id: 'inbox-begins-empty',
    about: 'a subscription has another name: what it has handled is not known to it any more',
    find: (plan) =>
      renamedMappings(plan).flatMap(({ from, to }): Found[] => {
        const [old, now] = [componentOf(from.before), componentOf(to.after)];
        if (old === undefined || now === undefined || old === now) return [];
        return [
          {
            severity: 'error',
            path: to.path,
            what: `subscription '${old}' becomes '${now}', and the inbox knows events by the subscription's name: what '${old}' has handled and comes again (sent twice, redriven, read again from a log) is handled once more; its parked keys and counted tries stay behind`,
            fix: `Keep the name '${old}'. If it must change: stop the producers, let queue and dead letters run empty, then deploy; a log's new consumer begins at its starting position.`,
          },
        ];
      }),
  },
  {
    id: 'mapping-begins-anew',
    about: 'a consumer of a log or a table stream is made anew: its position is lost',
    find: ({ changes }) =>
      changes.flatMap((change): Found[] => {
        const { type, action, path, after, before, stack } = change;
        if (type !== MAPPING || !isLog(after)) return [];
        const took = changes.find(
          (one) =>
            one.type === MAPPING &&
            one.action === 'remove' &&
            one.stack === stack &&
            sourceOf(one, changes) === sourceOf(change, changes),
        );
        if (action !== 'replace' && !(action === 'add' && took !== undefined)) return [];
        const position = String(properties(after ?? before).StartingPosition);
        const then =
          position === 'LATEST'
            ? 'what comes between the two is skipped'
            : 'everything that is still kept is read again, from the oldest';
        return [
          {
            severity: 'error',
            path,
            what: `the event source mapping is made anew and begins at ${position}: ${then}`,
            fix: 'Keep its logical id and its source. If it must change: AT_TIMESTAMP with the time of the deployment, and an inbox for what is read twice.',
          },
        ];
      }),
  },
];
