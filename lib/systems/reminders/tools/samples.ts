import { join } from 'node:path';
import { wallClock } from '../../../formats/wall-clock.ts';
import type { ReminderRequest, When } from '../request.ts';

/** Sample requests; `samples/README.md` says how they are made. */
export const SAMPLE_FILE = join(import.meta.dirname, '../../../../samples/reminders.ndjson');

/** A request as it stands in a file of samples: times that would go out of date are relative to when it is sent. */
export type SampleRequest = Omit<ReminderRequest, 'when'> & {
  readonly when?:
    | When
    /** `soon`: the minute after the one in which the samples are read. */
    | { readonly daily: { readonly at: string; readonly zone: string } }
    /** So many days from now; negative: past. */
    | { readonly inDays: number };
};

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const SOON = 'soon';

/**
 * Requests as they are sent: with the times that samples leave open.
 * @param now epoch milliseconds. @default now
 */
export const withTimes = (samples: readonly SampleRequest[], now = Date.now()): ReminderRequest[] =>
  samples.map((sample) => {
    const { when } = sample;
    if (when === undefined) return sample as ReminderRequest;
    if ('inDays' in when)
      return { ...sample, when: { at: new Date(now + when.inDays * DAY_MS).toISOString() } } as ReminderRequest;
    if (!('daily' in when) || when.daily.at !== SOON) return sample as ReminderRequest;
    const { zone } = when.daily;
    const at = new Date(wallClock(zone)(now + MINUTE_MS)).toISOString().slice(11, 16);
    return { ...sample, when: { daily: { at, zone } } } as ReminderRequest;
  });

/** The same reminder as another one. */
export const renewed = (request: ReminderRequest, suffix: string): ReminderRequest => ({
  ...request,
  reminderId: `${request.reminderId}-${suffix}`,
});
