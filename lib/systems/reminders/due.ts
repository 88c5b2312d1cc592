import { firstInstantFrom, type WallClock, wallClock } from '../../formats/wall-clock.ts';

/** Every day at a time of day, in the time zone of whoever is reminded. */
export interface Daily {
  /** `09:00` */
  readonly at: string;
  /** IANA name: `Europe/London`. */
  readonly zone: string;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Making one reads the zone's rules. There are some 600 zones. */
const clocks = new Map<string, WallClock>();

function clockOf(zone: string): WallClock {
  const shows = clocks.get(zone) ?? wallClock(zone);
  clocks.set(zone, shows);
  return shows;
}

/** Whether there is such a zone. */
export function isZone(zone: string): boolean {
  try {
    clockOf(zone);
    return true;
  } catch {
    return false;
  }
}

const dateOf = (wall: number): number => Math.floor(wall / DAY_MS) * DAY_MS;

/** Milliseconds since midnight. @param text `09:00` */
function timeOfDay(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return (hours * 60 + minutes) * MINUTE_MS;
}

/**
 * When a daily reminder is due next: once on every day that there is. Where clocks are put forward over its time it is due in the moment after that, where
 * they are put back over it at the first of the two; a date that a place leaves out (Samoa, 30 December 2011) has none.
 * @param after epoch milliseconds
 * @returns epoch milliseconds, later than `after`
 * @throws RangeError when there is no such zone
 */
export function nextDaily({ at, zone }: Daily, after: number): number {
  const shows = clockOf(zone);
  for (let date = dateOf(shows(after)); ; date += DAY_MS) {
    const due = firstInstantFrom(date + timeOfDay(at), shows);
    const isThere = dateOf(shows(due)) === date || dateOf(shows(firstInstantFrom(date, shows))) === date;
    if (due > after && isThere) return due;
  }
}
