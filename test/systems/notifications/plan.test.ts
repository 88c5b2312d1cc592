import { describe, expect, it } from 'vitest';
import { CHANNELS, DAILY, LANES, SENDERS, SHARES } from '../../../lib/systems/notifications/contract.ts';
import { planOf } from '../../../lib/systems/notifications/plan.ts';

const QUEUES = CHANNELS.flatMap((channel) => LANES.map((lane) => [channel, lane] as const));
const SECONDS_PER_DAY = 86_400;

describe('a hundred million a day, and an hour of ten times as many', () => {
  it('are parted among the queues', () => {
    expect(QUEUES.reduce((sum, [channel, lane]) => sum + SHARES[channel][lane], 0)).toBeCloseTo(1, 10);
    const usual = QUEUES.reduce((sum, [channel, lane]) => sum + planOf(channel, lane).usualPerSecond, 0);
    expect(usual * SECONDS_PER_DAY).toBeCloseTo(DAILY, 0);
  });

  it.each(CHANNELS)('%s: what is urgent never waits for its turn', (channel) => {
    const { peakPerSecond, turnsPerSecond, backlog } = planOf(channel, 'urgent');
    expect(turnsPerSecond).toBeGreaterThanOrEqual(peakPerSecond);
    expect(backlog).toBe(0);
  });

  it.each(CHANNELS)(
    '%s: campaigns of that hour are sent long before they are forgotten, or anybody is called',
    (channel) => {
      const { drainSeconds, turnsPerSecond, usualPerSecond } = planOf(channel, 'bulk');
      const { to } = SENDERS[channel].bulk;
      expect(turnsPerSecond).toBeGreaterThan(usualPerSecond);
      const oldest = (to.alarms['oldest-message'] as { readonly threshold: number }).threshold;
      expect(drainSeconds + 3_600).toBeLessThan(to.retention.seconds);
      expect(drainSeconds + 3_600).toBeLessThan(oldest);
    },
  );

  it.each(QUEUES)('%s %s: sent-records live for a day, as a notification does', (channel, lane) => {
    expect(SENDERS[channel][lane].deduplicationWindow.seconds).toBe(SECONDS_PER_DAY);
  });
});
