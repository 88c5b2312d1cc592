import type { Channel, Queue, Topic } from '../../contracts/channels/channel.ts';
import type { LogCapacity } from '../../contracts/channels/log-capacity.ts';
import { days } from '../../contracts/declaring/duration.ts';
import { HOURS_PER_MONTH, SECONDS_PER_MONTH, type Usage } from './charge.ts';
import { channelMetrics } from './metric-count.ts';
import type { PriceName } from './price-list.ts';
import type { Rate } from './rates.ts';

/** SQS and standard topics charge every 64 KB as a request. */
const CHUNK_BYTES = 65_536;
const PUT_UNIT_BYTES = 25_600;
const RECORD_STEP_BYTES = 1_024;
const MOST_PER_REQUEST = 10;
const BYTES_PER_GB = 1e9;
const DAY = days(1).seconds;
const WEEK = days(7).seconds;

/** Requests that a batch of messages takes where payload is charged by 64 KB. */
export const chunks = (messages: number, bytes: number): number =>
  Math.max(1, Math.ceil((messages * bytes) / CHUNK_BYTES));

/** How a channel is used beside its own traffic. */
export interface Around {
  /** Messages that arrive in one call: the outbox relay publishes what it got together. 1 for producers of which nothing is known. */
  readonly together: number;
  /** Queues subscribed to the topic. */
  readonly subscribedQueues: number;
  /** Consumers of the log that share its reading. */
  readonly readers: number;
  /** Consumers of the log with enhanced fan-out. */
  readonly enhancedReaders: number;
}

type Quantities = Partial<Record<PriceName, number>>;

/** What a month of a channel's traffic uses: sending and keeping. Receiving is the consumer's (`consumer-usage.ts`). */
export function channelUsage(channel: Channel, rate: Rate, around: Around): Usage[] {
  const used = {
    ...quantitiesOf(channel, rate, around),
    metrics: channelMetrics(channel, rate.perSecond / around.together),
  };
  const part = `${channel.kind} ${channel.name}`;
  return Object.entries(used).map(([price, quantity = 0]) => ({ price: price as PriceName, quantity, part }));
}

function quantitiesOf(channel: Channel, rate: Rate, around: Around): Quantities {
  switch (channel.kind) {
    case 'topic':
      return topicUsage(channel, rate, around);
    case 'queue':
      return queueUsage(channel, rate, around);
    case 'log':
      return logUsage({
        mode: channel.capacity,
        shards: channel.shards,
        perSecond: rate.perSecond,
        bytes: rate.bytes,
        retentionSeconds: channel.retention.seconds,
        readers: around.readers,
        enhancedReaders: around.enhancedReaders,
      });
  }
}

function topicUsage({ order }: Topic, { perSecond, bytes }: Rate, { together, subscribedQueues }: Around): Quantities {
  const messages = perSecond * SECONDS_PER_MONTH;
  const perRequest = Math.min(together, MOST_PER_REQUEST);
  const requests = messages / perRequest;
  if (order === 'none') return { snsStandard: requests * chunks(perRequest, bytes) };
  return {
    snsFifo: requests,
    snsFifoBytes: messages * bytes,
    snsFifoDeliveries: messages * subscribedQueues,
    snsFifoDeliveryBytes: messages * bytes * subscribedQueues,
  };
}

function queueUsage(queue: Queue, { perSecond, bytes }: Rate, { together }: Around): Quantities {
  const messages = perSecond * SECONDS_PER_MONTH;
  const perRequest = queue.from === undefined ? Math.min(together, MOST_PER_REQUEST) : 1;
  const requests = (messages / perRequest) * chunks(perRequest, bytes);
  if (queue.order === 'per-key') return { sqsFifo: requests };
  return { sqsStandard: requests, sqsFair: queue.tenantBy === undefined ? 0 : requests };
}

export interface LogTraffic {
  readonly mode: LogCapacity;
  /** Provisioned only. */
  readonly shards: number;
  readonly perSecond: number;
  readonly bytes: number;
  readonly retentionSeconds: number;
  readonly readers: number;
  readonly enhancedReaders: number;
}

/** A month of a log, in either mode. https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html */
export function logUsage(log: LogTraffic): Quantities {
  const records = log.perSecond * SECONDS_PER_MONTH;
  const bytesPerSecond = log.perSecond * log.bytes;
  const keptGb = (from: number, to: number) =>
    (bytesPerSecond * Math.max(0, Math.min(log.retentionSeconds, to) - from)) / BYTES_PER_GB;
  const longTerm = keptGb(WEEK, Number.POSITIVE_INFINITY);
  const read = bytesPerSecond * SECONDS_PER_MONTH;
  if (log.mode === 'on-demand') {
    return {
      kinesisStream: HOURS_PER_MONTH,
      kinesisIn: records * Math.ceil(log.bytes / RECORD_STEP_BYTES) * RECORD_STEP_BYTES,
      kinesisOut: read * log.readers,
      kinesisOutFanOut: read * log.enhancedReaders,
      kinesisOnDemandExtended: keptGb(DAY, WEEK),
      kinesisOnDemandLongTerm: longTerm,
    };
  }
  const shardHours = log.shards * HOURS_PER_MONTH;
  return {
    kinesisShard: shardHours,
    kinesisPut: records * Math.max(1, Math.ceil(log.bytes / PUT_UNIT_BYTES)),
    kinesisExtended: log.retentionSeconds > DAY ? shardHours : 0,
    kinesisLongTerm: longTerm,
    kinesisFanOut: shardHours * log.enhancedReaders,
    kinesisFanOutBytes: read * log.enhancedReaders,
  };
}
