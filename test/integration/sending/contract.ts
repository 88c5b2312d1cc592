import * as v from 'valibot';
import { log } from '../../../lib/contracts/channels/log.ts';
import { outbox } from '../../../lib/contracts/channels/outbox.ts';
import { fifoQueue, queue } from '../../../lib/contracts/channels/queue.ts';
import { recurring } from '../../../lib/contracts/channels/recurring.ts';
import { topic } from '../../../lib/contracts/channels/topic.ts';
import { minutes, seconds } from '../../../lib/contracts/declaring/duration.ts';
import { fixed } from '../../../lib/contracts/declaring/retry.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';

/** A small system for what the orders do not show: documents of megabytes, work that is due later, readings in aggregated records. */
export const DocumentStored = event('sending.document-stored', {
  version: 1,
  data: v.object({ id: v.string(), lines: v.array(v.record(v.string(), v.unknown())) }),
  key: ({ id }) => id,
});

export const Due = event('sending.due', {
  version: 1,
  data: v.object({ what: v.string(), fail: v.optional(v.boolean(), false) }),
  key: ({ what }) => what,
});

export const Reading = event('sending.reading', {
  version: 1,
  data: v.object({ meter: v.string(), value: v.number() }),
  key: ({ meter }) => meter,
});

const retry = fixed({ attempts: 3, wait: seconds(0) });

export const documentTopic = topic('documents', {
  events: [DocumentStored],
  oversized: 'claim-check',
  compress: 'when-it-pays',
});
export const documentOutbox = outbox('document-outbox', { publishes: [documentTopic] });
export const documents = queue('document-work', { events: [DocumentStored], from: documentTopic });
export const countLines = subscription('count-lines', {
  to: documents,
  guarantee: 'effectively-once',
  retry,
  timeout: seconds(10),
});

export const reminders = queue('reminders', { events: [Due], tenantBy: ({ data }) => `tenant-of-${data.what}` });
export const remind = subscription('remind', {
  to: reminders,
  guarantee: 'effectively-once',
  retry,
  timeout: seconds(5),
});
export const everyMinute = recurring('every-minute', {
  to: reminders,
  event: Due,
  data: { what: 'recurring', fail: false },
  every: minutes(1),
});

export const readings = log('readings', { events: [Reading], aggregate: 4_096 });
export const sumReadings = subscription('sum-readings', {
  to: readings,
  guarantee: 'effectively-once',
  retry,
  timeout: seconds(10),
});

/** Chores of one kind are done one after the other. */
export const chores = fifoQueue('chores', { events: [Due] });
export const doChores = subscription('do-chores', {
  to: chores,
  guarantee: 'effectively-once',
  retry,
  timeout: seconds(10),
});
export const sweeping = recurring('sweeping', {
  to: chores,
  event: Due,
  data: { what: 'sweep', fail: false },
  every: minutes(1),
});
