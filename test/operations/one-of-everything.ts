import * as v from 'valibot';
import { log } from '../../lib/contracts/channels/log.ts';
import { outbox } from '../../lib/contracts/channels/outbox.ts';
import { fifoQueue, queue } from '../../lib/contracts/channels/queue.ts';
import { tableChanges } from '../../lib/contracts/channels/table-changes.ts';
import { fifoTopic, topic } from '../../lib/contracts/channels/topic.ts';
import { days, seconds } from '../../lib/contracts/declaring/duration.ts';
import { event } from '../../lib/contracts/events/event.ts';
import { previousVersion } from '../../lib/contracts/events/upcast.ts';
import { breaker, subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { systemContract } from '../../lib/contracts/system.ts';

/** A system with every kind of channel and consumer, no two of whose figures are the same. */
const Seen = event('zoo.seen', {
  version: 2,
  data: v.object({ animal: v.string(), count: v.optional(v.number(), 1) }),
  previous: [previousVersion(1, v.object({ animal: v.string() }), (data) => ({ ...data, count: 1 }))],
  key: ({ animal }) => animal,
});
const Fed = event('zoo.fed', { version: 3, data: v.object({ animal: v.string() }), key: ({ animal }) => animal });
const events = [Seen, Fed] as const;
const traffic = (usualPerSecond: number, averageBytes: number) => ({
  ...{ peakPerSecond: usualPerSecond * 5, usualPerSecond, averageBytes },
});

const news = topic('news', { events, traffic: traffic(11, 70_000) });
const ordered = fifoTopic('ordered', { events, traffic: traffic(13, 900) });
const belt = log('belt', { events, traffic: traffic(600, 1_500), retention: days(3), shardMetrics: ['IncomingBytes'] });
const river = log('river', { events, traffic: traffic(17, 26_000), retention: days(9), capacity: 'on-demand' });
const brook = log('brook', { events: [Fed], shards: 2, retention: days(8), traffic: traffic(19, 30_000) });
const fed = queue('fed', { events: [Fed], from: news });
const first = fifoQueue('first', { events, from: ordered, retention: days(2), deadLetterRetention: days(5) });
const direct = queue('direct', { events, traffic: traffic(23, 100_000), tenantBy: ({ data }) => data.animal });
const line = fifoQueue('line', { events, traffic: { peakPerSecond: 29, averageBytes: 2_000 } });
const silent = queue('silent', { events });
const box = outbox('box', { publishes: [news, belt] });
const changes = tableChanges('changes', { item: v.object({ pk: v.string() }), changes: ['insert', 'remove'] });
const news2 = tableChanges('bare', { view: 'keys-only' });

const retry = { timeout: seconds(20) };
export const ZOO = systemContract('zoo', {
  ...{ news, ordered, belt, river, brook, fed, first, direct, line, silent, box, changes, news2 },
  onFed: subscription('on-fed', { to: fed, guarantee: 'at-most-once', batchWindow: seconds(3), batchSize: 100 }),
  onFirst: subscription('on-first', { to: first, guarantee: 'effectively-once', failedKey: 'park', ...retry }),
  onDirect: subscription('on-direct', { to: direct, guarantee: 'effectively-once', inbox: 'lease', concurrency: 2 }),
  onLine: subscription('on-line', { to: line, guarantee: 'effectively-once', checkFirst: true, breaker: breaker() }),
  onSilent: subscription('on-silent', { to: silent }),
  sums: subscription('sums', {
    ...{ to: belt, guarantee: 'exactly-once-aggregation', batchSize: 300, batchWindow: seconds(2) },
    lateness: { allowed: seconds(60) },
  }),
  copies: subscription('copies', { to: belt, guarantee: 'effectively-once', inbox: 'natural', fanOut: 'enhanced' }),
  onRiver: subscription('on-river', { to: river, guarantee: 'effectively-once' }),
  onRiver2: subscription('on-river-too', { to: river, fanOut: 'enhanced' }),
  onBrook: subscription('on-brook', { to: brook, fanOut: 'enhanced' }),
  onBrook2: subscription('on-brook-too', { to: brook }),
  onChanges: subscription('on-changes', { to: changes, guarantee: 'effectively-once' }),
});
