import { type Lane, type NotificationChannel, PROVIDER_LIMITS, SPIKE, usualPerSecond } from './contract.ts';
import { ratesOf } from './rates.ts';

const MILLIS_PER_SECOND = 1_000;
const SPIKE_SECONDS = 3_600;

/** What a queue is planned for. */
export interface LanePlan {
  readonly usualPerSecond: number;
  readonly peakPerSecond: number;
  /** The lane's share of what the provider takes. */
  readonly turnsPerSecond: number;
  /** What waits when an hour of the peak is over. */
  readonly backlog: number;
  /** Until it is gone with the usual coming in beside it, seconds. */
  readonly drainSeconds: number;
}

/** An hour of ten times the usual, and what comes after it. */
export function planOf(channel: NotificationChannel, lane: Lane): LanePlan {
  const usual = usualPerSecond(channel, lane);
  const { timelines, interval } = ratesOf(PROVIDER_LIMITS[channel])[lane];
  const turns = (timelines * MILLIS_PER_SECOND) / interval;
  const backlog = Math.max(0, usual * SPIKE - turns) * SPIKE_SECONDS;
  return {
    usualPerSecond: usual,
    peakPerSecond: usual * SPIKE,
    turnsPerSecond: turns,
    backlog,
    drainSeconds: backlog / (turns - usual),
  };
}
