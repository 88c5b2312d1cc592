import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCloudWatch } from '../../../lib/local/cloudwatch/cloudwatch.ts';
import { createMetrics, type MetricIdentity } from '../../../lib/local/cloudwatch/metrics/metrics.ts';
import { createScaledTime } from '../../../lib/local/cloudwatch/metrics/scaled-time.ts';

const MINUTE = 60_000;
const LEVEL: MetricIdentity = { namespace: 'AWS/SQS', name: 'Level', dimensions: { QueueName: 'q' } };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** CloudWatch with one gauge and an alarm on it, a while after a minute has begun. */
function watched(scale: number, alarm: object = {}) {
  vi.setSystemTime(Date.parse('2026-11-20T08:00:00Z') + 24_000 / scale);
  const metrics = createMetrics(createScaledTime(scale));
  const gauge = { level: 0 };
  const sampled: number[] = [];
  metrics.onSample((at) => {
    sampled.push(at);
    metrics.series(LEVEL, 'Count').add(gauge.level, at);
  });
  const cloudwatch = createCloudWatch({
    ...{ metrics, region: 'us-east-1', accountId: '000000000000', report: () => undefined, onEvent: () => undefined },
    iam: { refuse: () => undefined },
    calls: {} as never,
  });
  cloudwatch.alarms.putMetric({
    ...{ AlarmName: 'a', Namespace: LEVEL.namespace, MetricName: LEVEL.name, Statistic: 'Maximum', Period: 60 },
    Dimensions: [{ Name: 'QueueName', Value: 'q' }],
    ...{ EvaluationPeriods: 1, Threshold: 4, ComparisonOperator: 'GreaterThanThreshold', ...alarm },
  });
  cloudwatch.start();
  /** Lets scaled time pass. */
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms / scale);
  const stateOf = () => cloudwatch.alarms.find('a')?.state.value;
  return {
    metrics,
    gauge,
    sampled,
    cloudwatch,
    pass,
    stateOf,
    start: Math.floor(metrics.time.now() / MINUTE) * MINUTE,
  };
}

describe.each([1, 60, 600])('at %i times the speed', (scale) => {
  it('a level belongs to the minute at whose end it was read, and each minute has one', async () => {
    const { metrics, gauge, sampled, cloudwatch, pass, start } = watched(scale);
    for (const level of [1, 2, 3, 4, 5]) {
      // What it was in between does not count.
      gauge.level = 99;
      await pass(30_000);
      gauge.level = level;
      await pass(30_000);
    }
    expect(sampled).toHaveLength(5);
    const minutes = metrics.find(LEVEL)[0]?.between(0, Number.POSITIVE_INFINITY) ?? [];
    expect(minutes.map(({ start: at, count, sum }) => [(at - start) / MINUTE, count, sum])).toEqual(
      [1, 2, 3, 4, 5].map((level, minute) => [minute, 1, level]),
    );
    await cloudwatch.close();
  });

  it('an alarm sees it at that very end, and the end of trouble at the next', async () => {
    const { gauge, cloudwatch, pass, stateOf } = watched(scale);
    gauge.level = 5;
    await pass(30_000);
    expect(stateOf()).toBe('INSUFFICIENT_DATA');
    await pass(12_000);
    expect(stateOf()).toBe('ALARM');
    gauge.level = 4;
    await pass(48_000);
    expect(stateOf()).toBe('ALARM');
    await pass(12_000);
    expect(stateOf()).toBe('OK');
    await cloudwatch.close();
  });
});
