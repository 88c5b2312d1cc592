import * as v from 'valibot';
import { log } from '../../../lib/contracts/channels/log.ts';
import { queue } from '../../../lib/contracts/channels/queue.ts';
import { hours, minutes, seconds } from '../../../lib/contracts/declaring/duration.ts';
import { fixed, immediate } from '../../../lib/contracts/declaring/retry.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';

/** A small system whose declarations change the alarms, so that seconds are enough to set them off. */
export const Parcel = event('alarms.parcel', {
  version: 1,
  data: v.object({ parcel: v.string() }),
  key: ({ parcel }) => parcel,
});

const traffic = { peakPerSecond: 100, averageBytes: 300, usualPerSecond: 0.05 };
const soon = { minutes: 1 };

/** A queue whose consumer chokes on everything until it is mended. */
export const parcels = queue('parcels', {
  events: [Parcel],
  traffic,
  alarms: {
    'queue-depth': { ...soon, threshold: 100 },
    'oldest-message': { threshold: 1 },
    'received-drop': { minutes: 5 },
  },
});

export const weighParcel = subscription('weigh-parcel', {
  to: parcels,
  guarantee: 'effectively-once',
  retry: fixed({ attempts: 2, wait: seconds(1) }),
  timeout: seconds(20),
  alarms: { 'queue-depth': { ...soon, threshold: 5 } },
});

const DAY_PERCENT_PER_SECOND = 100 / 86_400;

/** What happened to the parcels: two shards. */
export const journeys = log('journeys', {
  events: [Parcel],
  retention: hours(24),
  shards: 2,
  traffic,
  alarms: {
    'iterator-age': { ...soon, threshold: 2 * DAY_PERCENT_PER_SECOND },
    'log-lag-messages': { ...soon, threshold: 1 },
    'catch-up': { minutes: 3 },
    'received-drop': { off: 'parcels come when they come; the queue tells a drop' },
  },
});

/** Late parcels are left out of the count. */
export const countParcels = subscription('count-parcels', {
  to: journeys,
  guarantee: 'exactly-once-aggregation',
  retry: immediate({ attempts: 3 }),
  timeout: seconds(20),
  lateness: { allowed: minutes(1) },
  alarms: { 'late-dropped': soon },
});
