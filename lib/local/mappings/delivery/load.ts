import { availableParallelism } from 'node:os';

/** Share of all processors from which on more workers would only take time from each other. */
const BUSY_SHARE = 0.7;
/** Shortest span over which the load is measured. */
const SPAN_MS = 100;

/** Tells whether this process, its workers included, has kept the processors busy since it was last asked. */
export function createLoadMeter(): () => boolean {
  let measuredAt = performance.now();
  let usage = process.cpuUsage();
  let share = 0;
  return () => {
    const now = performance.now();
    const elapsed = now - measuredAt;
    if (elapsed < SPAN_MS) return share >= BUSY_SHARE;
    const { user, system } = process.cpuUsage(usage);
    share = (user + system) / 1000 / (elapsed * availableParallelism());
    usage = process.cpuUsage();
    measuredAt = now;
    return share >= BUSY_SHARE;
  };
}
