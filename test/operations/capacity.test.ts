import { describe, expect, it } from 'vitest';
import { capacityOf, type Plan, roundedByHand } from '../../lib/operations/capacity/capacity.ts';
import { compare } from '../../lib/operations/capacity/compare.ts';
import { SECONDS_PER_MONTH } from '../../lib/operations/cost/charge.ts';
import type { PriceName } from '../../lib/operations/cost/price-list.ts';

const DAY = 86_400;
/** 10,000 services, 100 metrics a second each, 1 KB; 7 days, 3 copies; a consumer handles 50,000 a second. */
const METRICS: Plan = {
  perSecond: 10_000 * 100,
  bytes: 1_000,
  retentionSeconds: 7 * DAY,
  copies: 3,
  perConsumer: 50_000,
};

describe('the metrics pipeline', () => {
  const capacity = capacityOf(METRICS);

  it('to the figure: 1 M/s, 1 GB/s, 86 TB a day, 602 TB, 1.8 PB; 20 consumers, 40 partitions', () => {
    const byHand = roundedByHand(capacity, METRICS.retentionSeconds, METRICS.copies);
    expect([capacity.messagesPerSecond, capacity.bytesPerSecond]).toEqual([1e6, 1e9]);
    expect([capacity.consumers, capacity.partitions]).toEqual([20, 40]);
    expect([byHand.terabytesPerDay, byHand.terabytesKept]).toEqual([86, 602]);
    expect(byHand.petabytesStored.toFixed(1)).toBe('1.8');
  });

  it('exactly: the day is 86.4 TB, seven of them 604.8', () => {
    expect([capacity.bytesPerDay, capacity.bytesKept, capacity.bytesStored]).toEqual([86.4e12, 604.8e12, 1.8144e15]);
  });

  it('provides for three times the usual, and sounds the alarm at half of the retention', () => {
    expect([capacity.provisionPerSecond, capacity.shards, capacity.alarmAtSeconds]).toEqual([3e6, 3_000, 3.5 * DAY]);
  });
});

describe('capacity', () => {
  it('doubles a peak that is higher than that', () => {
    expect(capacityOf({ ...METRICS, peakPerSecond: 2e6 })).toMatchObject({ provisionPerSecond: 4e6, shards: 4_000 });
  });

  it('counts the readers: four of them need twice the shards that writing does', () => {
    const plan = { ...METRICS, perSecond: 100, bytes: 1_048_576 };
    expect([capacityOf(plan).shards, capacityOf({ ...plan, readers: 4 }).shards]).toEqual([300, 600]);
  });

  it('says when an outage is caught up: a day at three times the rate in half a day', () => {
    expect(capacityOf({ ...METRICS, outageSeconds: DAY }).catchUpSeconds).toBe(DAY / 2);
  });

  it.each([7 * DAY, 8 * DAY])('refuses a retention that does not outlast the outage (%i s)', (outageSeconds) => {
    expect(() => capacityOf({ ...METRICS, outageSeconds })).toThrow(
      `retention (604800 s) must be longer than the longest outage (${outageSeconds} s): what expires unread is lost. Raise the retention`,
    );
  });
});

describe('the comparison', () => {
  const priced = compare(METRICS, { region: 'us-east-1', durationMs: 100, memoryMib: 512, perInvocation: 100 });
  const MONTH = 2.628e12; // messages

  it.each([
    // Three requests for ten messages; the first 200 billion are dearer.
    ['SQS standard', 40_000 + 30_000 + (0.3 * MONTH - 200e9) * 0.24e-6],
    ['SQS FIFO', 50_000 + 40_000 + (0.3 * MONTH - 200e9) * 0.35e-6],
    ['Kinesis provisioned', 3_000 * 730 * (0.015 + 0.02) + (MONTH / 1e6) * 0.014],
    // 25 messages of 1,000 bytes in a record: bytes decide about the shards now, 2,862 of them.
    ['Kinesis provisioned, aggregated', 2_862 * 730 * (0.015 + 0.02) + (MONTH / 25 / 1e6) * 0.014],
    // Written is rounded up to 1,024 bytes, read is not; six days are kept beyond the first.
    ['Kinesis on-demand', 730 * 0.04 + MONTH * 1_024e-9 * 0.08 + MONTH * 1_000e-9 * 0.04 + 6 * 86_400 * 0.1],
    ['Lambda', (MONTH / 100) * (0.2e-6 + 0.05 * 0.0000133334)],
    ['DynamoDB', MONTH * 0.625e-6 + ((MONTH * 0.5 * 1_000) / 4_096) * 0.125e-6 + 1.1 * 604_800 * 0.25],
  ])('%s', (name, dollars) => {
    expect(priced.find((one) => one.name === name)?.dollars).toBeCloseTo(dollars, 4);
  });

  it('sends no more together than 64 KB for one request: ten of 10 KB are two, twice, and a delete', () => {
    const plan = { ...METRICS, perSecond: 1, bytes: 10_240 };
    const [queue] = compare(plan, { region: 'us-east-1', durationMs: 100, memoryMib: 512, perInvocation: 100 });
    expect(queue?.dollars).toBeCloseTo(0.5 * 2.628 * 0.4, 6);
  });

  /** What a service counts for a million messages of so many bytes, each kept for so long. */
  const counted = (price: PriceName, bytes: number, more: Partial<Plan> = {}, handling = {}) => {
    const perSecond = 1e6 / SECONDS_PER_MONTH;
    const plan: Plan = { ...METRICS, perSecond, bytes, ...more };
    const ways = compare(plan, {
      region: 'us-east-1',
      ...{ durationMs: 100, memoryMib: 512, perInvocation: 100, ...handling },
    });
    const charges = ways.flatMap((way) => way.charges).filter((one) => one.price === price);
    return charges.map(({ quantity }) => Math.round(quantity));
  };
  const ALONE = 1e6;
  it.each<[string, PriceName, number, number[]]>([
    ['ten that are 64 KB together', 'sqsStandard', 6_553.6, [(3 * ALONE) / 10]],
    ['ten that are more', 'sqsStandard', 6_553.7, [(5 * ALONE) / 10]],
    ['ten that are twice 64 KB', 'sqsStandard', 13_107.2, [(5 * ALONE) / 10]],
    ['the same in order', 'sqsFifo', 6_553.6, [(3 * ALONE) / 10]],
    ['the same in order, and more', 'sqsFifo', 6_553.7, [(5 * ALONE) / 10]],
    ['an item of 1 KB', 'dynamodbWrite', 1_024, [ALONE]],
    ['an item of a byte more', 'dynamodbWrite', 1_025, [2 * ALONE]],
    ['a byte', 'dynamodbWrite', 1, [ALONE]],
    ['half a unit of 4 KB for each item of it', 'dynamodbRead', 4_096, [ALONE / 2]],
    ['half of that for half of it', 'dynamodbRead', 2_048, [ALONE / 4]],
    // Alone, and aggregated.
    ['records of 25 KB', 'kinesisPut', 25_600, [ALONE, ALONE]],
    ['records of a byte more', 'kinesisPut', 25_601, [2 * ALONE, 2 * ALONE]],
    ['two in 25 KB', 'kinesisPut', 12_800, [ALONE, ALONE / 2]],
    ['not quite two in 25 KB', 'kinesisPut', 12_801, [ALONE, ALONE]],
    ['a record of a KB', 'kinesisIn', 1_024, [1_024 * ALONE]],
    ['a record of a byte more', 'kinesisIn', 1_025, [2_048 * ALONE]],
  ])('counts %s: %s of %d bytes', (_, price, bytes, quantities) => {
    expect(counted(price, bytes)).toEqual(quantities);
  });

  it('reads once for each reader, and keeps what is read besides', () => {
    expect(counted('dynamodbRead', 4_096, { readers: 3 })).toEqual([(3 * ALONE) / 2]);
    expect(counted('kinesisOut', 1_000, { readers: 3 })).toEqual([3_000 * ALONE]);
    // Each item is kept with a hundred bytes more, in GB.
    const bytes = 900;
    const retentionSeconds = SECONDS_PER_MONTH * 1_000;
    expect(counted('dynamodbStorage', bytes, { retentionSeconds })).toEqual([1_000]);
  });

  it.each([
    [{ perInvocation: 100 }, 10_000],
    [{ perInvocation: 1 }, 1_000_000],
  ])('invokes with %j %i times', (handling, times) => {
    expect(counted('lambdaRequests', 1, {}, handling)).toEqual([times]);
  });

  it('pays for time and memory together: a second of 1,024 MiB is one', () => {
    const second = { durationMs: 1_000, memoryMib: 1_024, perInvocation: 1 };
    expect(counted('lambdaTime', 1, {}, second)).toEqual([ALONE]);
    expect(counted('lambdaTime', 1, {}, { ...second, durationMs: 500 })).toEqual([ALONE / 2]);
    expect(counted('lambdaTime', 1, {}, { ...second, memoryMib: 512 })).toEqual([ALONE / 2]);
  });

  it('prices a million messages', () => {
    for (const { dollars, perMillion } of priced) expect(perMillion).toBeCloseTo(dollars / (MONTH / 1e6), 10);
  });
});
