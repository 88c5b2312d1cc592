import { CfnStream } from 'aws-cdk-lib/aws-kinesis';
import { CfnTopic } from 'aws-cdk-lib/aws-sns';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import * as v from 'valibot';
import { deploys } from '../../../lib/constructs/channels/declared.ts';
import type { Channel, Queue } from '../../../lib/contracts/channels/channel.ts';
import { log } from '../../../lib/contracts/channels/log.ts';
import { fifoQueue, queue } from '../../../lib/contracts/channels/queue.ts';
import { fifoTopic, topic } from '../../../lib/contracts/channels/topic.ts';
import { days, hours, minutes, seconds } from '../../../lib/contracts/declaring/duration.ts';
import { fixed } from '../../../lib/contracts/declaring/retry.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import {
  type Source,
  type Subscription,
  type SubscriptionOptions,
  subscription,
} from '../../../lib/contracts/subscriptions/subscription.ts';
import type { Examples } from '../example.ts';

const Sold = event('shop.sold', { version: 1, data: v.object({ id: v.string() }), key: ({ id }) => id });
const Counted = event('shop.counted', { version: 1, data: v.object({ id: v.string() }), key: () => 'all' });
const events = [Sold];
const inOneLine = fifoTopic('news', { events, groupBy: () => 'all' });

const KIND = { queue: CfnQueue, log: CfnStream, topic: CfnTopic };

/** Deploys a channel as bare as can be: the rules here look at what is declared. */
function channel(scope: Construct, contract: Channel): void {
  const made = new Construct(scope, contract.name);
  if (contract.kind === 'log')
    new CfnStream(made, 'Resource', { retentionPeriodHours: contract.retention.seconds / 3_600 });
  else new KIND[contract.kind](made, 'Resource', {});
  deploys(made, { kind: 'channel', channel: contract });
}

function consumer<From extends Source>(scope: Construct, name: string, options: SubscriptionOptions<From>): void {
  const declared: Subscription = subscription(name, { guarantee: 'effectively-once', ...options });
  deploys(new Construct(scope, name), { kind: 'subscription', subscription: declared });
}

const jobs = (options: Partial<Queue> = {}): Queue => ({ ...queue('jobs', { events }), ...options });
const kept = (time: Queue['retention']) => queue('jobs', { events, retention: time });

export const DECLARATION_EXAMPLES: Examples = {
  'Messaging-DuplicatesNotHandled': [
    {
      bad: (s) => consumer(s, 'charge', { to: jobs(), guarantee: 'at-least-once' }),
      good: (s) =>
        consumer(s, 'charge', { to: jobs(), guarantee: 'at-least-once', duplicates: 'it only warms a cache' }),
      path: 'charge',
      property: 'guarantee',
      value: "'at-least-once' with inbox 'none' (subscription 'charge')",
      fix: "duplicates: 'the counter is only a hint'",
    },
    {
      bad: (s) => consumer(s, 'charge', { to: jobs(), guarantee: 'at-least-once' }),
      good: (s) => consumer(s, 'charge', { to: jobs() }),
      path: 'charge',
      property: 'guarantee',
      value: "'at-least-once' with inbox 'none' (subscription 'charge')",
      fix: "guarantee: 'effectively-once'",
    },
  ],
  'Messaging-CriticalAcknowledgedFirst': [
    {
      bad: (s) => consumer(s, 'see', { to: jobs(), guarantee: 'at-most-once' }),
      good: (s) =>
        consumer(s, 'see', { to: queue('jobs', { events, criticality: 'telemetry' }), guarantee: 'at-most-once' }),
      path: 'see',
      property: 'guarantee',
      value: "'at-most-once' (subscription 'see'), while queue 'jobs' carries 'shop.sold' as critical",
      fix: "criticality: 'telemetry'",
    },
  ],
  'Messaging-LogWhereQueueFits': [
    {
      bad: (s) => {
        const sales = log('sales', { events });
        channel(s, sales);
        consumer(s, 'bill', { to: sales });
      },
      good: (s) => {
        const sales = log('sales', { events, replay: 'bills are made anew after a change of prices' });
        channel(s, sales);
        consumer(s, 'bill', { to: sales });
      },
      path: 'sales',
      property: 'replay',
      value: "none, and 'bill' is the only consumer of log 'sales'",
      fix: "replay: 'the search index is rebuilt from it'",
    },
    {
      bad: (s) => {
        const sales = log('sales', { events });
        channel(s, sales);
        consumer(s, 'bill', { to: sales });
      },
      good: (s) => {
        const sales = log('sales', { events });
        channel(s, sales);
        consumer(s, 'bill', { to: sales });
        consumer(s, 'count', { to: sales });
      },
      path: 'sales',
      property: 'replay',
      value: "none, and 'bill' is the only consumer of log 'sales'",
      fix: 'Declare queue() or fifoQueue()',
    },
  ],
  'Messaging-GlobalOrder': [
    {
      bad: (s) => channel(s, inOneLine),
      // The queue behind it has its group: it is told once.
      good: (s) => channel(s, fifoQueue('jobs', { events, from: inOneLine })),
      path: 'news',
      property: 'groupBy',
      value: "the same for every event of topic 'news'",
      fix: 'key: (order) => order.orderId',
    },
    {
      bad: (s) => channel(s, fifoQueue('jobs', { events, groupBy: () => 'all' })),
      good: (s) => channel(s, fifoQueue('jobs', { events, groupBy: ({ data }) => data.id })),
      path: 'jobs',
      property: 'groupBy',
      value: "the same for every event of queue 'jobs'",
      fix: 'key: (order) => order.orderId',
    },
    {
      bad: (s) => channel(s, log('counts', { events: [Counted] })),
      good: (s) => channel(s, log('counts', { events: [Counted, Sold] })),
      path: 'counts',
      property: 'key',
      value: "the same for every event of log 'counts'",
      fix: 'Order by what must be in order',
    },
  ],
  'Messaging-BodyMayExceedLimit': [
    {
      bad: (s) => channel(s, topic('news', { events, traffic: { peakPerSecond: 1, averageBytes: 65_537 } })),
      good: (s) => channel(s, topic('news', { events, traffic: { peakPerSecond: 1, averageBytes: 65_536 } })),
      path: 'news',
      property: 'traffic',
      value: "4 x averageBytes 65537 = 262148 bytes; topic 'news' takes 262144",
      fix: "oversized: 'claim-check'",
    },
    {
      bad: (s) =>
        channel(s, queue('jobs', { events, traffic: { peakPerSecond: 1, averageBytes: 9, largestBytes: 1_048_577 } })),
      good: (s) =>
        channel(
          s,
          queue('jobs', {
            events,
            oversized: 'claim-check',
            traffic: { peakPerSecond: 1, averageBytes: 9, largestBytes: 1_048_577 },
          }),
        ),
      path: 'jobs',
      property: 'traffic',
      value: "largestBytes 1048577 = 1048577 bytes; queue 'jobs' takes 1048576",
      fix: 'traffic: { largestBytes }',
    },
  ],
  'Messaging-RetentionBelowOutage': [
    {
      bad: (s) => {
        const sales = log('sales', { events, retention: days(2) });
        channel(s, sales);
        consumer(s, 'bill', { to: sales, toleratedOutage: days(3) });
      },
      good: (s) => {
        const sales = log('sales', { events, retention: days(4) });
        channel(s, sales);
        consumer(s, 'bill', { to: sales, toleratedOutage: days(3) });
      },
      path: 'bill',
      property: 'toleratedOutage',
      value: "259200 s (subscription 'bill'); log 'sales' keeps messages 172800 s",
      fix: 'Raise retention of the channel',
    },
  ],
  'Messaging-RetriesOutliveRetention': [
    {
      bad: (s) =>
        consumer(s, 'bill', {
          to: kept(hours(1)),
          timeout: seconds(10),
          retry: fixed({ attempts: 4, wait: minutes(20) }),
        }),
      good: (s) =>
        consumer(s, 'bill', {
          to: kept(hours(2)),
          timeout: seconds(10),
          retry: fixed({ attempts: 4, wait: minutes(20) }),
        }),
      path: 'bill',
      property: 'retry',
      value: "up to 3640 s (subscription 'bill'); queue 'jobs' keeps messages 3600 s",
      fix: 'Lower attempts or cap',
    },
  ],
};
