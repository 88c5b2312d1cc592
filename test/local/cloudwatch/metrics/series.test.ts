import { describe, expect, test } from 'vitest';
import { createMetrics, MAX_METRICS } from '../../../../lib/local/cloudwatch/metrics/metrics.ts';
import { createScaledTime } from '../../../../lib/local/cloudwatch/metrics/scaled-time.ts';
import { createSeries, KEPT_MS } from '../../../../lib/local/cloudwatch/metrics/series.ts';
import { aggregate, statisticOf } from '../../../../lib/local/cloudwatch/metrics/statistics.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function statistic(name: string, values: readonly number[]): number | undefined {
  const series = createSeries('None', false, () => 0);
  for (const value of values) series.add(value, 0);
  const [bucket] = aggregate([series], { start: 0, periodMs: MINUTE, count: 1 });
  return bucket && statisticOf(name)?.(bucket);
}

describe('statistics', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  test.each<[string, number]>([
    ['SampleCount', 100],
    ['Sum', 5050],
    ['Average', 50.5],
    ['Minimum', 1],
    ['Maximum', 100],
    ['p50', 50],
    ['p99', 99],
    ['p99.9', 100],
    ['p100', 100],
    ['tm90', 45.5],
    ['IQM', 50.5],
  ])('%s of 1 to 100 is %d', (name, expected) => expect(statistic(name, values)).toBeCloseTo(expected, 10));

  test('percentiles of many different values are right to a percent', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => 0.1 + index * 1.37);
    expect(statistic('p90', many)).toBeCloseTo(4_500 * 1.37, -3);
    const p90 = statistic('p90', many) ?? 0;
    expect(Math.abs(p90 / (4_500 * 1.37) - 1)).toBeLessThan(0.02);
  });

  test.each(['p101', 'median', 'wm10', 'toString'])('%s is no statistic here', (name) => {
    expect(statisticOf(name)).toBeUndefined();
  });
});

describe('retention', () => {
  const fill = (hours: number) => {
    const series = createSeries('Count', false, () => 0);
    for (let minute = 0; minute < hours * 60; minute++) series.add(1, minute * MINUTE);
    return series;
  };

  test('minutes for three hours, five minutes before that, nothing older than a day', () => {
    const series = fill(30);
    const end = 30 * HOUR;
    const starts = series.between(0, end).map(({ start }) => start);
    expect(starts.length).toBeLessThanOrEqual(181 + (21 * 60) / 5 + 2);
    expect(starts[0]).toBeGreaterThanOrEqual(end - KEPT_MS - 5 * MINUTE);
    expect(series.between(end - 3 * HOUR, end).length).toBe(180);
  });

  test('rolling up loses no value', () => {
    const series = fill(20);
    const sum = series.between(0, 20 * HOUR).reduce((total, bucket) => total + bucket.sum, 0);
    expect(sum).toBe(20 * 60);
  });

  test('values that come late join the minute they belong to', () => {
    const series = createSeries('Count', false, () => 0);
    series.add(1, 10 * MINUTE);
    series.add(1, 2 * MINUTE + 5);
    series.add(1, 10 * MINUTE);
    series.add(1, 2 * MINUTE);
    expect(series.between(0, HOUR).map(({ start, sum }) => [start, sum])).toEqual([
      [2 * MINUTE, 2],
      [10 * MINUTE, 2],
    ]);
  });

  test('high-resolution metrics keep their seconds', () => {
    const series = createSeries('Count', true, () => 0);
    for (let second = 0; second < 120; second++) series.add(1, second * 1_000);
    expect(series.between(0, 2 * MINUTE).length).toBe(120);
    const tens = aggregate([series], { start: 0, periodMs: 10_000, count: 12 });
    expect(tens.map((bucket) => bucket?.sum)).toEqual(new Array(12).fill(10));
  });

  test('beyond the limit the quietest custom metrics go, and never those of the services', () => {
    let clock = 0;
    const metrics = createMetrics(createScaledTime(1, () => clock));
    const count = (namespace: string, name: string) =>
      metrics.series({ namespace, name, dimensions: {} }, 'Count').add(1);
    count('AWS/SQS', 'NumberOfMessagesSent');
    for (let index = 0; index < MAX_METRICS + 10; index++) {
      clock += MINUTE / 100;
      count('Mine', `m${index}`);
    }
    const names = metrics.list().map(({ name }) => name);
    expect(names.length).toBeLessThanOrEqual(MAX_METRICS);
    expect(names).toContain('NumberOfMessagesSent');
    expect(names).toContain(`m${MAX_METRICS + 9}`);
    expect(names).not.toContain('m0');
  });
});

test('at a time scale of 60 a period of a minute is a second of the clock', () => {
  let clock = 1_000_000;
  const time = createScaledTime(60, () => clock);
  const metrics = createMetrics(time);
  const series = metrics.series({ namespace: 'Mine', name: 'm', dimensions: {} }, 'Count');
  series.add(1);
  clock += 1_000;
  series.add(5);
  const start = time.scaled(1_000_000);
  expect(aggregate([series], { start, periodMs: MINUTE, count: 2 }).map((bucket) => bucket?.sum)).toEqual([1, 5]);
});
