import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { Traffic } from '../../../lib/contracts/channels/channel.ts';
import { log } from '../../../lib/contracts/channels/log.ts';
import { outbox } from '../../../lib/contracts/channels/outbox.ts';
import { fifoQueue, queue } from '../../../lib/contracts/channels/queue.ts';
import { tableChanges } from '../../../lib/contracts/channels/table-changes.ts';
import { fifoTopic, topic } from '../../../lib/contracts/channels/topic.ts';
import { days, seconds } from '../../../lib/contracts/declaring/duration.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import { breaker, subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { systemContract } from '../../../lib/contracts/system.ts';
import { DEFAULT_ASSUMPTIONS } from '../../../lib/operations/cost/assumptions.ts';
import { SECONDS_PER_MONTH } from '../../../lib/operations/cost/charge.ts';
import type { PriceName } from '../../../lib/operations/cost/price-list.ts';
import { ratesOf } from '../../../lib/operations/cost/rates.ts';
import { type CostOptions, systemCost } from '../../../lib/operations/cost/system-cost.ts';

const Happened = event('test.happened', { version: 1, data: v.object({ id: v.string() }), key: ({ id }) => id });
const events = [Happened];
const usual = (perSecond: number, averageBytes = 1_000): Traffic => ({
  peakPerSecond: perSecond * 10,
  usualPerSecond: perSecond,
  averageBytes,
});

/** What a part uses per second, price by price, without its metrics. */
function used(declared: Record<string, unknown>, part: string, options: Partial<CostOptions> = {}) {
  const { charges } = systemCost(systemContract('test', declared), { region: 'us-east-1', ...options });
  const perSecond = charges
    .filter((line) => line.part === part && line.price !== 'metrics')
    .map(({ price, quantity }) => [price, Number((quantity / SECONDS_PER_MONTH).toPrecision(6))] as const);
  return Object.fromEntries(perSecond) as Partial<Record<PriceName, number>>;
}

describe('queues', () => {
  it('are charged for sending by the message, for receiving and deleting by the batch', () => {
    const work = queue('work', { events, traffic: usual(10) });
    const worker = subscription('worker', { to: work });
    expect(used({ work, worker }, 'queue work')).toEqual({ sqsStandard: 10 });
    expect(used({ work, worker }, 'consumer worker')).toMatchObject({ sqsStandard: 20, lambdaRequests: 10 });
  });

  it('charge every 64 KB', () => {
    const work = queue('work', { events, traffic: usual(10, 65_537) });
    const worker = subscription('worker', { to: work });
    expect(used({ work, worker }, 'queue work')).toEqual({ sqsStandard: 20 });
    expect(used({ work, worker }, 'consumer worker').sqsStandard).toBe(30);
  });

  it('that idle are polled all the same', () => {
    const work = queue('work', { events, traffic: usual(0.01) });
    const worker = subscription('worker', { to: work });
    expect(used({ work, worker }, 'consumer worker').sqsStandard).toBeCloseTo(5 / 20 + 0.01, 6);
  });

  it.each([
    ['a window gathers: five pollers share 1,000 in 2 s', { batchWindow: seconds(2), batchSize: 1_000 }, 1_000, 400],
    ['never more than a batch', { batchWindow: seconds(2), batchSize: 50 }, 1_000, 50],
    ['few at once must take more each: 1,000 a second, 100 ms, 20 at once', { concurrency: 20 }, 1_000, 5],
  ])('batches: %s', (_, options, rate, perBatch) => {
    const work = queue('work', { events, traffic: usual(rate, 10) });
    const worker = subscription('worker', { to: work, ...options });
    expect(used({ work, worker }, 'consumer worker').lambdaRequests).toBeCloseTo(rate / perBatch, 6);
  });

  it('in order cost the price of FIFO, fair ones a surcharge', () => {
    const ordered = fifoQueue('ordered', { events, traffic: usual(1) });
    expect(used({ ordered }, 'queue ordered')).toEqual({ sqsFifo: 1 });
    const fair = queue('fair', { events, traffic: usual(1), tenantBy: ({ data }) => data.id });
    expect(used({ fair }, 'queue fair')).toEqual({ sqsStandard: 1, sqsFair: 1 });
  });
});

describe('topics', () => {
  it('without order are charged by the request; delivery to queues is free', () => {
    const news = topic('news', { events, traffic: usual(10) });
    const one = queue('one', { events, from: news });
    expect(used({ news, one }, 'topic news')).toEqual({ snsStandard: 10 });
    expect(used({ news, one }, 'queue one')).toEqual({ sqsStandard: 10 });
  });

  it('bring to a queue message by message, however the producer sends them', () => {
    const news = topic('news', { events, traffic: usual(8) });
    const one = queue('one', { events, from: news });
    const own = queue('own', { events, traffic: usual(8) });
    const box = outbox('box', { publishes: [news, own] });
    const all = { news, one, own, box };
    // The relay sends two together.
    expect(used(all, 'topic news')).toEqual({ snsStandard: 4 });
    expect(used(all, 'queue own')).toEqual({ sqsStandard: 4 });
    expect(used(all, 'queue one')).toEqual({ sqsStandard: 8 });
    // Also where the outbox lists the queue itself.
    expect(used({ ...all, box: outbox('box', { publishes: [news, one] }) }, 'queue one')).toEqual({ sqsStandard: 8 });
  });

  it('in order are charged for bytes, and for every subscription', () => {
    const news = fifoTopic('news', { events, traffic: usual(10) });
    const one = fifoQueue('one', { events, from: news });
    const two = queue('two', { events, from: news });
    expect(used({ news, one, two }, 'topic news')).toEqual({
      snsFifo: 10,
      snsFifoBytes: 10_000,
      snsFifoDeliveries: 20,
      snsFifoDeliveryBytes: 20_000,
    });
  });
});

describe('logs', () => {
  it('are charged by shard hours and units of 25 KB, retention beyond a day and a week', () => {
    const records = log('records', { events, shards: 2, retention: days(8), traffic: usual(10, 25_601) });
    const { kinesisShard, kinesisPut, kinesisExtended, kinesisLongTerm } = used({ records }, 'log records');
    expect({ kinesisPut, kinesisShard, kinesisExtended }).toEqual({
      kinesisPut: 20,
      kinesisShard: Number(((2 * 730) / SECONDS_PER_MONTH).toPrecision(6)),
      kinesisExtended: Number(((2 * 730) / SECONDS_PER_MONTH).toPrecision(6)),
    });
    // One day's bytes.
    expect((kinesisLongTerm ?? 0) * SECONDS_PER_MONTH).toBeCloseTo((10 * 25_601 * 86_400) / 1e9, 2);
    const short = log('short', { events, retention: days(1), traffic: usual(10) });
    expect(used({ short }, 'log short')).not.toHaveProperty('kinesisExtended');
  });

  it('are polled once a second and shard', () => {
    const records = log('records', { events, shards: 2, traffic: usual(10) });
    const reader = subscription('reader', { to: records });
    expect(used({ records, reader }, 'consumer reader').lambdaRequests).toBeCloseTo(2, 6);
    const quiet = log('quiet', { events, shards: 2, traffic: usual(0.5) });
    const rare = subscription('rare', { to: quiet });
    expect(used({ quiet, rare }, 'consumer rare').lambdaRequests).toBeCloseTo(0.5, 6);
  });
});

describe('logs with more to pay for', () => {
  it('on demand are charged by the hour and by GB, written by the whole KB', () => {
    const records = log('records', { events, capacity: 'on-demand', retention: days(2), traffic: usual(10, 1_500) });
    const reader = subscription('reader', { to: records });
    const fast = subscription('fast', { to: records, fanOut: 'enhanced' });
    const other = subscription('other', { to: records });
    const all = { records, reader, other, fast };
    const { kinesisStream, kinesisOnDemandExtended, ...bytes } = used(all, 'log records');
    expect(bytes).toEqual({ kinesisIn: 20_480, kinesisOut: 30_000, kinesisOutFanOut: 15_000 });
    expect((kinesisStream ?? 0) * SECONDS_PER_MONTH).toBeCloseTo(730, 2);
    expect((kinesisOnDemandExtended ?? 0) * SECONDS_PER_MONTH).toBeCloseTo((15_000 * 86_400) / 1e9, 4);
  });

  it('have readers with enhanced fan-out: by shard-hour and GB', () => {
    const records = log('records', { events, shards: 2, traffic: usual(10) });
    const fast = subscription('fast', { to: records, fanOut: 'enhanced' });
    const { kinesisFanOut, kinesisFanOutBytes } = used({ records, fast }, 'log records');
    expect((kinesisFanOut ?? 0) * SECONDS_PER_MONTH).toBeCloseTo(2 * 730, 1);
    expect(kinesisFanOutBytes).toBe(10_000);
    const slow = subscription('slow', { to: records });
    expect(used({ records, slow }, 'log records')).not.toHaveProperty('kinesisFanOut');
  });
});

describe('custom metrics', () => {
  const records = log('records', { events, shards: 3, shardMetrics: ['IncomingBytes'], traffic: usual(10) });
  const news = topic('news', { events, traffic: usual(10) });
  const work = queue('work', { events, from: news });
  const worker = subscription('worker', { to: work });
  const reader = subscription('reader', { to: records });
  const { charges } = systemCost(systemContract('test', { records, news, work, worker, reader }), {
    region: 'us-east-1',
  });
  const metrics = (part: string) => charges.find((line) => line.part === part && line.price === 'metrics')?.quantity;

  it('are counted for each shard, too', () => {
    // Sent and failed to send, and one of CloudWatch's for each shard.
    expect(metrics('log records')).toBe(2 + 3);
    // What every consumer writes, what a log's does, and the lag of each shard.
    expect((metrics('consumer reader') ?? 0) - (metrics('consumer worker') ?? 0)).toBe(2 + 3);
  });

  it("of sending are nobody's where a topic feeds a queue", () => {
    expect([metrics('topic news'), metrics('queue work')]).toEqual([2, undefined]);
  });
});

describe('inboxes', () => {
  const work = queue('work', { events, traffic: usual(10) });
  const once = (options: object) => subscription('worker', { to: work, guarantee: 'effectively-once', ...options });
  it.each([
    ['none', subscription('worker', { to: work }), undefined, undefined],
    ['natural', once({ inbox: 'natural' }), undefined, undefined],
    ['a lease: taken, and completed', once({ inbox: 'lease' }), 20, undefined],
    ['an effect: its record and one item, twice each', once({}), 40, undefined],
    ['an effect that asks first', once({ checkFirst: true }), 40, 10],
    ['a breaker: two items a batch', subscription('worker', { to: work, breaker: breaker() }), undefined, 20],
  ])('%s', (_, worker, write, read) => {
    const { dynamodbWrite, dynamodbRead } = used({ work, worker }, 'consumer worker');
    expect([dynamodbWrite, dynamodbRead]).toEqual([write, read]);
  });

  it('an aggregation: a record for each event, a position and one item for each transaction', () => {
    const records = log('records', { events, shards: 1, traffic: usual(90) });
    const total = subscription('total', { to: records, guarantee: 'exactly-once-aggregation' });
    const { dynamodbWrite, dynamodbRead } = used({ records, total }, 'consumer total');
    // One batch a second, of 90 events in two transactions.
    expect([dynamodbWrite, dynamodbRead]).toEqual([90 * 2 + 2 * 2 + 2 * 2, 1]);
  });

  it('writes as many items with an effect as one says', () => {
    expect(used({ work, w: once({}) }, 'consumer worker', { assumptions: { effectItems: 3 } }).dynamodbWrite).toBe(80);
  });
});

describe('outboxes', () => {
  const records = log('records', { events, shards: 1, traffic: usual(8, 3_000) });
  const news = fifoTopic('news', { events, traffic: usual(8, 3_000) });
  const box = outbox('box', { publishes: [records, news] });

  it('write each row twice, a cursor, an index, and the item it is about', () => {
    const { dynamodbWrite, lambdaRequests } = used({ records, news, box }, 'outbox box');
    // A row of 3.1 KB is 4 units: 8 + 8 in transactions, head and cursor 2 each, the index 2, the item 2.
    expect(dynamodbWrite).toBe(8 * 24);
    // Four polls a second, and the sweeper once a minute.
    expect(lambdaRequests).toBeCloseTo(4 + 1 / 60, 5);
  });

  it('publish together what they polled together', () => {
    expect(used({ records, news, box }, 'topic news').snsFifo).toBe(4);
  });

  it('count their events once, however many channels they go to', () => {
    const { messages } = systemCost(systemContract('test', { records, news, box }), { region: 'us-east-1' });
    expect(messages).toBe(8 * SECONDS_PER_MONTH);
  });
});

describe('rates', () => {
  const cost = (declared: Record<string, unknown>, perSecond?: number) =>
    systemCost(systemContract('test', declared), { region: 'us-east-1', perSecond });

  it('are a third of the peak where nobody says what is usual, which is said', () => {
    const work = queue('work', { events, traffic: { peakPerSecond: 30, averageBytes: 100 } });
    const { messages, notes } = cost({ work });
    expect(messages).toBeCloseTo(10 * SECONDS_PER_MONTH, 3);
    expect(notes.join()).toContain(
      "'work': what is usual is not declared (traffic.usualPerSecond): 33 % of the peak is taken",
    );
  });

  it('scale with the busiest channel', () => {
    const busy = queue('busy', { events, traffic: usual(100) });
    const calm = queue('calm', { events, traffic: usual(10) });
    expect(cost({ busy, calm }, 200).messages).toBeCloseTo(220 * SECONDS_PER_MONTH, 3);
  });

  it('that nobody declares are left out, and said, unless given', () => {
    const silent = queue('silent', { events });
    const { dollars, perMillion, notes } = cost({ silent });
    expect([dollars, perMillion]).toEqual([0, undefined]);
    expect(notes.join()).toContain("'silent': no traffic is declared");
    expect(cost({ silent }, 5).messages).toBe(5 * SECONDS_PER_MONTH);
  });

  it('of table changes are not known', () => {
    expect(cost({ rows: tableChanges('rows') }).notes.join()).toContain(
      "'rows': nobody declares how often a table changes",
    );
  });
});

describe('sums', () => {
  const traffics = fc.option(
    fc.record({
      peakPerSecond: fc.constantFrom(0.1, 1, 50, 1_000),
      usualPerSecond: fc.option(fc.constantFrom(0, 0.1), { nil: undefined }),
      averageBytes: fc.integer({ min: 1, max: 200_000 }),
    }),
    { nil: undefined },
  );

  /** A system of a queue, a topic with a queue and a log, each with some traffic, none, or nothing said; an outbox for two of them. */
  const systems = fc.tuple(traffics, traffics, traffics, fc.boolean()).map(([one, two, three, boxed]) => {
    const said = (traffic: Traffic | undefined) => ({ events, ...(traffic === undefined ? {} : { traffic }) });
    const work = queue('work', said(one));
    const news = topic('news', said(two));
    const fed = queue('fed', { events, from: news });
    const records = log('records', said(three));
    const subscriptions = [work, fed, records].map((to) => subscription(`${to.name}-reader`, { to }));
    const box = boxed ? [outbox('box', { publishes: [news, records] })] : [];
    return systemContract('test', { work, news, fed, records, ...subscriptions, ...box });
  });
  const about = (value: number) => expect.closeTo(value, 6);

  it('agree with one another: services and parts with the whole, and the whole with what a million costs', () => {
    fc.assert(
      fc.property(systems, fc.option(fc.constantFrom(1, 300), { nil: undefined }), (contract, perSecond) => {
        const { dollars, messages, perMillion, services, parts, charges } = systemCost(contract, {
          region: 'us-east-1',
          perSecond,
        });
        for (const list of [services, parts, charges])
          expect(list.reduce((sum, one) => sum + one.dollars, 0)).toEqual(about(dollars));
        expect(Number.isFinite(dollars) && Number.isFinite(messages)).toBe(true);
        if (messages === 0) expect(perMillion).toBeUndefined();
        else expect((perMillion ?? Number.NaN) * (messages / 1e6)).toEqual(about(dollars));
      }),
      { numRuns: 200 },
    );
  });

  it('follow the rate that is given: the busiest channel has it, the others their share of it', () => {
    fc.assert(
      fc.property(systems, fc.constantFrom(1, 300), (contract, perSecond) => {
        const rates = ratesOf(contract, DEFAULT_ASSUMPTIONS, perSecond);
        const before = ratesOf(contract, DEFAULT_ASSUMPTIONS);
        const busiest = Math.max(0, ...[...before.values()].map((rate) => rate.perSecond));
        expect([...rates.keys()]).toEqual(contract.channels.map(({ name }) => name));
        for (const [name, rate] of rates) {
          const share = busiest === 0 || !before.has(name) ? 1 : (before.get(name)?.perSecond ?? 0) / busiest;
          expect(rate.perSecond).toEqual(about(perSecond * share));
          expect(rate.bytes).toBe(before.get(name)?.bytes ?? 1_024);
          expect(rate.from === 'given').toBe(busiest === 0 || !before.has(name));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('what is charged once', () => {
  const deployed = { usages: [], memoryMib: new Map(), logs: new Map() };
  const box = outbox('box', { publishes: [log('told', { events, traffic: usual(1) })] });
  const costOf = (once: { part: string; price: PriceName; quantity: number }[]) =>
    systemCost(systemContract('test', { box }), { region: 'us-east-1', deployed: { ...deployed, once } });

  it('is told, and is no part of a month', () => {
    const warmed = costOf([{ part: 'table stock', price: 'dynamodbWarmWrite', quantity: 12_000 }]);
    const cold = costOf([]);
    expect(warmed.dollars).toBe(cold.dollars);
    expect(warmed.once.map(({ part, dollars }) => [part, dollars])).toEqual([['table stock', 7.8]]);
    expect(warmed.notes.join()).toContain('7.80 USD are charged once and not counted');
    expect(warmed.notes.join()).toContain('(table stock: 12000 warm throughput, writes, once)');
    expect([cold.once, cold.notes.join().includes('once')]).toEqual([[], false]);
  });
});
