import * as v from 'valibot';
import {
  event,
  exponential,
  fifoQueue,
  log,
  minutes,
  outbox,
  queue,
  seconds,
  subscription,
  topic,
} from '../../lib/contracts/index.ts';

/** A small system to be tested. */
const data = v.object({ parcel: v.string(), to: v.string() });
export const Sent = event('parcels.sent', { version: 1, data, key: ({ parcel }) => parcel });
export const Returned = event('parcels.returned', { version: 1, data, key: ({ parcel }) => parcel });

const events = [Sent, Returned] as const;
export const parcels = queue('parcels', { events });
export const parcelsInOrder = fifoQueue('parcels-in-order', { events });
export const parcelLog = log('parcel-log', { events, oversized: 'claim-check', compress: 'when-it-pays' });
export const announcements = topic('announcements', { events });
export const parcelBox = outbox('parcel-box', { publishes: [announcements] });

export const retry = exponential({ attempts: 3, base: seconds(10), cap: minutes(1) });
export const announce = subscription('announce', {
  to: parcels,
  guarantee: 'effectively-once',
  timeout: seconds(10),
  retry,
});

export const tables = { said: { partitionKey: 'parcel' } };
/** The write that a handler returns. */
export const said = (parcel: string, text: string) => [{ Put: { TableName: 'said', Item: { parcel, text } } }];
