import type { EventIdentity } from './journal.ts';
import { countOf, each, type Invariant, outOfOrder } from './outcome.ts';

/** Invariants of what goes into channels. */

/** What is published arrives in order per key on an ordered channel. */
export const publishedInOrder = each(({ station: { plan, journal } }) => {
  if (plan.source === 'queue') return [];
  const first = new Map<string, EventIdentity>();
  for (const { event } of journal.accepted) if (event !== undefined && !first.has(event.id)) first.set(event.id, event);
  return outOfOrder([...first.values()]).map((text) => `published: ${text}`);
});

/** What the publisher reports sent is in the channel. */
export const publisherIsHonest: Invariant = ({ sentButLost }) =>
  sentButLost.map((id) => `${id} was reported sent and is not there`);

/** Every event that was committed reaches every channel, and a sequence has no gaps. */
export const outboxDelivers = each(({ station: { journal } }, { outboxRows }) => {
  // By what it says as well: an id that is used again is another event.
  const there = new Set(journal.accepted.map(({ event }) => `${event?.id} ${event?.ref}`));
  return outboxRows
    .filter(({ id, ref }) => !there.has(`${id} ${ref}`))
    .map(({ id, ref }) => `${id} (event ${ref}) was committed and not published`);
});

export const outboxHasNoGaps: Invariant = ({ outboxRows }) => [
  ...[...Map.groupBy(outboxRows, ({ key }) => key)].flatMap(([key, rows]) =>
    rows.flatMap(({ n }, i) => (n === i + 1 ? [] : [`row ${i + 1} of ${key} has sequence ${n}`])),
  ),
  ...[...countOf(outboxRows.map(({ ref }) => String(ref)))].flatMap(([ref, count]) =>
    count > 1 ? [`event ${ref} was committed ${count} times`] : [],
  ),
];
