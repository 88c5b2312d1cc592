/** Tells the next due time (epoch milliseconds) after a moment; undefined when there is none any more. */
export type Schedule = (afterMs: number) => number | undefined;

/** More than any zone is ahead of UTC or behind it, with room for what it changes. */
const DAY_MS = 86_400_000;

/** What the clocks of a place show at an instant (epoch milliseconds), written as if it were UTC. */
type WallClock = (instant: number) => number;

function wallClock(zone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
}

/** When clocks show a time for the first time; undefined when they never do, because they are put forward over it. */
function firstInstant(wall: number, shows: WallClock): number | undefined {
  const instants = [wall - DAY_MS, wall + DAY_MS]
    .map((near) => wall - (shows(near) - near))
    .filter((instant) => shows(instant) === wall);
  return instants.length === 0 ? undefined : Math.min(...instants);
}

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
