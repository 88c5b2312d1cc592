import * as v from 'valibot';
import { queue } from '../../../lib/contracts/channel.ts';
import { seconds } from '../../../lib/contracts/duration.ts';
import { event } from '../../../lib/contracts/event.ts';
import { fixed } from '../../../lib/contracts/retry.ts';
import { subscription } from '../../../lib/contracts/subscription.ts';

/** A queue whose consumer chokes on one kind of message until it is mended. */
export const Parcel = event('alarms.parcel', {
  version: 1,
  data: v.object({ parcel: v.string() }),
  key: ({ parcel }) => parcel,
});

export const parcels = queue('parcels', { events: [Parcel] });

export const weighParcel = subscription('weigh-parcel', {
  to: parcels,
  guarantee: 'effectively-once',
  retry: fixed({ attempts: 2, wait: seconds(1) }),
  timeout: seconds(20),
});
