import { inTimeZone, type Schedule } from './time-zone.ts';

export type { Schedule } from './time-zone.ts';

/** A schedule expression that is not valid; the message names it and the rule. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** What EventBridge Scheduler takes beyond rules of EventBridge. */
export interface SchedulerRules {
  /** Of the IANA database; does not change rates. Default UTC. */
  readonly timezone?: string | undefined;
  /** A rate's unit may be singular whatever its number: `rate(5 minute)`. Default false. */
  readonly looseUnits?: boolean;
}

/**
 * Reads `rate(5 minutes)`, `cron(0 9 * * ? *)` or `at(2026-01-31T09:00:00)`.
 * @param startMs epoch milliseconds from which rates count: the first run is one period later, as on AWS
 * @throws ScheduleError
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 */
export function parseSchedule(
  expression: string,
  startMs: number,
  { timezone = 'UTC', looseUnits = false }: SchedulerRules = {},
): Schedule {
  const [, kind, text = ''] = /^(rate|cron|at)\((.*)\)$/.exec(expression.trim()) ?? [];
  const local = (schedule: Schedule) => (timezone === 'UTC' ? schedule : inPlace(schedule, timezone));
  if (kind === 'rate') return rate(expression, text, startMs, looseUnits);
  if (kind === 'cron') return local(cron(expression, text));
  if (kind === 'at') return local(once(expression, text));
  throw new ScheduleError(`Schedule expression "${expression}" must be rate(...), cron(...) or at(...).`);
}

function inPlace(schedule: Schedule, timezone: string): Schedule {
  try {
    return inTimeZone(schedule, timezone);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ScheduleError(
      `ScheduleExpressionTimezone ${timezone} is not a time zone of the IANA database, as Europe/London is.`,
    );
  }
}

function rate(expression: string, text: string, startMs: number, looseUnits: boolean): Schedule {
  const [, count = '', unit = '', plural] = /^(\d+) (minute|hour|day)(s?)$/.exec(text) ?? [];
  const value = Number(count);
  if (!unit || value < 1 || (value === 1 ? plural !== '' : plural === '' && !looseUnits)) {
    throw new ScheduleError(
      `Schedule expression "${expression}": a rate is a whole number and minute(s), hour(s) or day(s), singular for 1.`,
    );
  }
  const period = value * (UNITS[unit] ?? 0);
  return (after) => startMs + (Math.floor((after - startMs) / period) + 1) * period;
}

function once(expression: string, text: string): Schedule {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
  if (Number.isNaN(at)) throw new ScheduleError(`Schedule expression "${expression}": at() takes yyyy-mm-ddThh:mm:ss.`);
  return (after) => (after < at ? at : undefined);
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
/** How many days ahead a cron expression is searched for: five years. */
const CRON_HORIZON_DAYS = 5 * 366;

type Matches = (value: number) => boolean;

function cron(expression: string, text: string): Schedule {
  const fields = text.trim().split(/\s+/);
  const [minutes = '', hours = '', days = '', months = '', weekdays = '', years = ''] = fields;
  if (fields.length !== 6)
    throw new ScheduleError(
      `Schedule expression "${expression}" needs 6 fields: minutes hours day-of-month month day-of-week year.`,
    );
  if ((days === '?') === (weekdays === '?'))
    throw new ScheduleError(
      `Schedule expression "${expression}": exactly one of day-of-month and day-of-week must be "?".`,
    );
  const field = (source: string, low: number, high: number, names: readonly string[] = [], base = 0): Matches =>
    parseField(expression, source, { low, high, names, base });
  const minute = field(minutes, 0, 59);
  const hour = field(hours, 0, 23);
  const month = field(months, 1, 12, MONTHS, 1);
  const year = field(years, 1970, 2199);
  const day = dayMatcher(expression, days, weekdays, field);
  return (after) => {
    const start = new Date(Math.floor(after / 60_000) * 60_000 + 60_000);
    for (let offset = 0; offset < CRON_HORIZON_DAYS; offset++) {
      const date = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate() + offset));
      if (!year(date.getUTCFullYear()) || !month(date.getUTCMonth() + 1) || !day(date)) continue;
      const from = offset === 0 ? start.getUTCHours() * 60 + start.getUTCMinutes() : 0;
      for (let time = from; time < 1440; time++) {
        if (hour(Math.floor(time / 60)) && minute(time % 60)) return date.getTime() + time * 60_000;
      }
    }
    return undefined;
  };
}

type Field = (source: string, low: number, high: number, names?: readonly string[], base?: number) => Matches;

function dayMatcher(expression: string, days: string, weekdays: string, field: Field): (date: Date) => boolean {
  const lastDay = (date: Date): number =>
    new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  if (days === 'L') return (date) => date.getUTCDate() === lastDay(date);
  if (days !== '?') {
    if (days.includes('W'))
      throw new ScheduleError(
        `Schedule expression "${expression}": W (nearest weekday) is not supported by the engine.`,
      );
    const matches = field(days, 1, 31);
    return (date) => matches(date.getUTCDate());
  }
  const nth = /^(\w+)#([1-5])$/.exec(weekdays);
  const last = /^(\w+)L$/.exec(weekdays);
  const matches = field(nth?.[1] ?? last?.[1] ?? weekdays, 1, 7, DAYS, 1);
  return (date) => {
    if (!matches(date.getUTCDay() + 1)) return false;
    if (nth) return Math.ceil(date.getUTCDate() / 7) === Number(nth[2]);
    return last ? date.getUTCDate() + 7 > lastDay(date) : true;
  };
}

function parseField(
  expression: string,
  source: string,
  range: { low: number; high: number; names: readonly string[]; base: number },
): Matches {
  const { low, high, names, base } = range;
  const number = (text: string): number => {
    const named = names.indexOf(text.toUpperCase());
    const value = named >= 0 ? named + base : Number(text);
    if (!/^\w+$/.test(text) || !Number.isInteger(value) || value < low || value > high) {
      throw new ScheduleError(
        `Schedule expression "${expression}": "${text}" in "${source}" must be ${low} to ${high}.`,
      );
    }
    return value;
  };
  const parts = source.split(',').map((part): Matches => {
    const [span = '', step] = part.split('/');
    const every = step === undefined ? 1 : Number(step);
    if (!Number.isInteger(every) || every < 1)
      throw new ScheduleError(`Schedule expression "${expression}": the step in "${part}" must be a whole number.`);
    const [first = '', second] = span.split('-');
    const from = span === '*' ? low : number(first);
    const to = span === '*' ? high : second !== undefined ? number(second) : step === undefined ? from : high;
    return (value) => value >= from && value <= to && (value - from) % every === 0;
  });
  return (value) => parts.some((matches) => matches(value));
}
