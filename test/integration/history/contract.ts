import * as v from 'valibot';
import { log } from '../../../lib/contracts/channels/log.ts';
import { queue } from '../../../lib/contracts/channels/queue.ts';
import { fifoTopic, topic } from '../../../lib/contracts/channels/topic.ts';
import { days, seconds } from '../../../lib/contracts/declaring/duration.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';

/** A small system for what the orders do not show: a log on demand, readers with enhanced fan-out, filters on data. */
export const Sighting = event('history.sighting', {
  version: 1,
  data: v.object({ bird: v.string(), count: v.number(), place: v.object({ country: v.string() }) }),
  key: ({ bird }) => bird,
});

const events = [Sighting] as const;

export const sightings = log('sightings', {
  events,
  capacity: 'on-demand',
  retention: days(365),
  shardMetrics: ['IncomingBytes', 'IncomingRecords'],
});

/** Two readers that do not disturb each other, one with a throughput of its own. */
export const countShared = subscription('count-shared', { to: sightings, timeout: seconds(20) });
export const countEnhanced = subscription('count-enhanced', {
  to: sightings,
  fanOut: 'enhanced',
  timeout: seconds(20),
});

/** Everything, kept in S3. */
export const keepSightings = subscription('keep-sightings', {
  to: sightings,
  guarantee: 'exactly-once-aggregation',
  batchSize: 10,
  timeout: seconds(20),
});

export const news = topic('news', { events });
export const frenchNews = queue('french-news', {
  events,
  from: news,
  filter: {
    subject: [{ prefix: 'great-' }],
    data: { count: [{ numeric: ['>=', 2] }], place: { country: ['France'] } },
  },
});
export const readFrench = subscription('read-french', { to: frenchNews, timeout: seconds(20) });

/** Standard work of an ordered topic: its subscription's dead letters are FIFO, its own are not. */
export const orderedNews = fifoTopic('ordered-news', { events });
export const anyNews = queue('any-news', { events, from: orderedNews });
export const readAny = subscription('read-any', { to: anyNews, timeout: seconds(20) });
