import { firstInstant, wallClock } from '../../formats/wall-clock.ts';

/** Tells the next due time (epoch milliseconds) after a moment; undefined when there is none any more. */
export type Schedule = (afterMs: number) => number | undefined;

/**
 * Reads the times of a cron() or at() schedule as those of a place: a time that does not exist on a day is skipped, one that occurs twice
 * runs once.
 * @param schedule the same schedule, in UTC
 * @param zone of the IANA database
 * @throws RangeError when there is no such zone
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
 */
export function inTimeZone(schedule: Schedule, zone: string): Schedule {
  const shows = wallClock(zone);
  return (after) => {
    // Clocks show whole seconds.
    const from = Math.floor(after / 1000) * 1000;
    for (let wall = schedule(shows(from)); wall !== undefined; wall = schedule(wall)) {
      const instant = firstInstant(wall, shows);
      if (instant !== undefined && instant > after) return instant;
    }
    return undefined;
  };
}
