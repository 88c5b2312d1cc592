import * as v from 'valibot';
import { log } from '../../../lib/contracts/channels/log.ts';
import { fifoQueue, queue } from '../../../lib/contracts/channels/queue.ts';
import { tableChanges } from '../../../lib/contracts/channels/table-changes.ts';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';

/** A small system that gets what nobody should send: a consumer for each kind of source. */
export const Parcel = event('poison.parcel', {
  version: 1,
  data: v.object({ parcel: v.string(), refuse: v.optional(v.boolean(), false), filling: v.optional(v.string(), '') }),
  key: ({ parcel }) => parcel,
});

const events = [Parcel] as const;
const options = { guarantee: 'effectively-once', timeout: seconds(20) } as const;

export const anyOrder = queue('any-order', { events });
export const inGroups = fifoQueue('in-groups', { events });
export const belt = log('belt', { events, shards: 1 });
export const shelfChanges = tableChanges('shelf-changes');

export const fromQueue = subscription('from-queue', { to: anyOrder, ...options });
export const fromGroups = subscription('from-groups', { to: inGroups, ...options });
export const fromBelt = subscription('from-belt', { to: belt, ...options });
export const fromShelf = subscription('from-shelf', { to: shelfChanges, ...options });
