import { event, queue, seconds, subscription } from 'sluice/contracts';
import * as v from 'valibot';

export const ParcelSent = event('parcels.sent', {
  version: 1,
  data: v.object({ parcel: v.string(), to: v.pipe(v.string(), v.nonEmpty()) }),
  key: ({ parcel }) => parcel,
});

export const parcels = queue('parcels', { events: [ParcelSent] });

export const announce = subscription('announce', {
  to: parcels,
  guarantee: 'effectively-once',
  timeout: seconds(10),
  concurrency: 5,
});
