import type { Shard } from '../../../lib/testing/services/streams.ts';
import type { EventIdentity } from './journal.ts';
import { each } from './outcome.ts';

/** An event of the log, where it stands and what it says. */
export interface LoggedEvent {
  readonly identity: EventIdentity;
  /** When it happened, epoch milliseconds. */
  readonly at: number;
  readonly arrivedAt: number;
}

/** How far a shard's watermark is, at least and at most: parents without events may count or not. */
interface Mark {
  readonly low: number;
  readonly high: number;
}

const NOTHING_READ: Mark = { low: Number.NEGATIVE_INFINITY, high: Number.NEGATIVE_INFINITY };

/**
 * Late is what the watermark of its shard says, however the shard was cut into batches and whatever came again; a shard goes on from its
 * parents, the lower of two.
 */
export const latenessAsDeclared = each(({ station: { plan, journal } }, { shards, eventsIn, scenario }) => {
  // Data that is gone when it is read moves no watermark, and nobody knows when that was.
  if (plan.lateness === undefined || scenario.events.some(({ form }) => form === 'claim-lost')) return [];
  const allowed = plan.lateness * 1_000;
  const verdicts = new Map<string, { readonly late: boolean; readonly inTime: boolean }[]>();
  const marks = new Map<Shard, Mark>();
  for (const shard of shards) {
    let mark = inherited(shard.parents.map((parent) => marks.get(parent) ?? NOTHING_READ));
    for (const { identity, at, arrivedAt } of eventsIn(shard)) {
      const verdict = { late: at < mark.low - allowed, inTime: at >= mark.high - allowed };
      verdicts.set(identity.id, [...(verdicts.get(identity.id) ?? []), verdict]);
      const seen = Math.min(at, arrivedAt);
      mark = { low: Math.max(mark.low, seen), high: Math.max(mark.high, seen) };
    }
    marks.set(shard, mark);
  }
  const setAside = new Set(journal.discarded);
  return [...verdicts].flatMap(([id, copies]) => {
    const isCounted = journal.completions.has(id);
    const body = journal.accepted.find(({ event }) => event?.id === id)?.body ?? '';
    if (!isCounted && setAside.has(body)) return [];
    if (isCounted && copies.every(({ late }) => late)) return [`${id} is late and was counted`];
    return !isCounted && copies.some(({ inTime }) => inTime) ? [`${id} is in time and was not counted`] : [];
  });
});

function inherited(parents: readonly Mark[]): Mark {
  if (parents.length === 0) return NOTHING_READ;
  const lowest = Math.min(...parents.map(({ low }) => low));
  const known = parents.map(({ high }) => high).filter((high) => high !== Number.NEGATIVE_INFINITY);
  return { low: lowest, high: known.length === 0 ? Number.NEGATIVE_INFINITY : Math.min(...known) };
}
