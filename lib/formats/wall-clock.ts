/** What the clocks of a place show at an instant (epoch milliseconds), written as if it were UTC. */
export type WallClock = (instant: number) => number;

/** More than any zone is ahead of UTC or behind it, with room for what it changes. */
const DAY_MS = 86_400_000;
const SECOND_MS = 1_000;

/** @throws RangeError when there is no such zone in the IANA database */
export function wallClock(zone: string): WallClock {
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
export function firstInstant(wall: number, shows: WallClock): number | undefined {
  const instants = [wall - DAY_MS, wall + DAY_MS]
    .map((near) => wall - (shows(near) - near))
    .filter((instant) => shows(instant) === wall);
  return instants.length === 0 ? undefined : Math.min(...instants);
}

/** When clocks show a time or, where they are put forward over it, the first later one: to the second. */
export function firstInstantFrom(wall: number, shows: WallClock): number {
  const exact = firstInstant(wall, shows);
  if (exact !== undefined) return exact;
  let [before, at] = [(wall - DAY_MS) / SECOND_MS, (wall + DAY_MS) / SECOND_MS];
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    if (shows(middle * SECOND_MS) < wall) before = middle;
    else at = middle;
  }
  return at * SECOND_MS;
}
