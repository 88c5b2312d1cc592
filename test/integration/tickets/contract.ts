import * as v from 'valibot';
import { log } from '../../../lib/contracts/channels/log.ts';
import { fifoQueue, queue } from '../../../lib/contracts/channels/queue.ts';
import { tableChanges } from '../../../lib/contracts/channels/table-changes.ts';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { fixed } from '../../../lib/contracts/declaring/retry.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import { breaker, subscription } from '../../../lib/contracts/subscriptions/subscription.ts';

/** A small system for what the orders do not show: a breaker, parked keys, a poison message among many. */
export const Ticket = event('tickets.ticket', {
  version: 1,
  data: v.object({ ticket: v.string(), number: v.number(), fail: v.optional(v.string()) }),
  key: ({ ticket }) => ticket,
});

const events = [Ticket] as const;

export const steady = queue('steady', { events });
export const ordered = fifoQueue('ordered', { events });
export const journal = log('journal', { events, shards: 1 });

/** Asks a dependency that may be down. */
export const askDependency = subscription('ask-dependency', {
  to: steady,
  guarantee: 'effectively-once',
  retry: fixed({ attempts: 3, wait: seconds(1) }),
  breaker: breaker({ failures: 3, coolDown: seconds(4), maxCoolDown: seconds(8) }),
  timeout: seconds(20),
});

/** In order per ticket; a ticket that fails is parked with what follows it. */
export const inOrder = subscription('in-order', {
  to: ordered,
  guarantee: 'effectively-once',
  retry: fixed({ attempts: 2, wait: seconds(1) }),
  failedKey: 'park',
  timeout: seconds(20),
});

/** The same from a log, whose one shard all tickets share. */
export const fromLog = subscription('from-log', {
  to: journal,
  guarantee: 'effectively-once',
  retry: fixed({ attempts: 2, wait: seconds(1) }),
  failedKey: 'park',
  timeout: seconds(20),
});

/** A table that its writers know nothing more of, and its changes. */
export const shelfChanges = tableChanges('shelf-changes', { item: v.object({ pk: v.string(), count: v.number() }) });

export const ShelfChanged = event('tickets.shelf-changed', {
  version: 1,
  data: v.object({ shelf: v.string(), from: v.nullable(v.number()), to: v.nullable(v.number()), expired: v.boolean() }),
  key: ({ shelf }) => shelf,
});

export const shelfLog = log('shelf-log', { events: [ShelfChanged] });

/** Change data capture: the changes of the table, as events of the log. */
export const tellShelf = subscription('tell-shelf', {
  to: shelfChanges,
  retry: fixed({ attempts: 2, wait: seconds(1) }),
  breaker: breaker({ failures: 3, coolDown: seconds(2), maxCoolDown: seconds(4) }),
  failedKey: 'park',
  timeout: seconds(20),
});
