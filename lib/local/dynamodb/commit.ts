import type { Store } from './dynalite.ts';
import type { Change, View } from './view.ts';

/** Who removed an item, when it was not a caller. */
export interface UserIdentity {
  readonly type: 'Service';
  readonly principalId: string;
}

/** Called with every change, in the order of the commits. */
export type ChangeListener = (change: Change, userIdentity: UserIdentity | undefined) => void;

/** Writes what actions have collected on a view: all of it or nothing. */
export type Commit = (views: readonly View[], userIdentity?: UserIdentity) => Promise<void>;

/**
 * Commits are atomic because memory-level applies a batch before `batch()` returns its promise: from an action's reads to
 * the end of its writes no other call runs. Listeners (streams, expiry) hear of the changes in the same turn.
 */
export function createCommit({ db }: Store, listeners: readonly ChangeListener[]): Commit {
  return (views, userIdentity) => {
    const written = db.batch(views.flatMap(({ writes }) => writes));
    for (const { changes } of views) {
      for (const change of changes) for (const listener of listeners) listener(change, userIdentity);
    }
    return written;
  };
}
