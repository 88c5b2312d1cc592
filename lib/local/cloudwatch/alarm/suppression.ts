import type { JsonObject } from '../../json.ts';
import { numberAt, textAt } from '../../json.ts';
import { missingParameter } from '../protocol/errors.ts';
import type { AlarmState, CompositeAlarm, StateValue, Suppressor } from './alarm.ts';

/** Why actions are kept back, as DescribeAlarms says it. */
export type SuppressedBy = 'WaitPeriod' | 'Alarm' | 'ExtensionPeriod';

/**
 * Reads ActionsSuppressor and its two periods, seconds; undefined when there is none.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
 * @throws CloudWatchError when a period is missing
 */
export function readSuppressor(input: JsonObject): Suppressor | undefined {
  const alarm = textAt(input, 'ActionsSuppressor');
  if (alarm === undefined) return undefined;
  const period = (name: string): number => {
    const seconds = numberAt(input, name);
    if (seconds === undefined) throw missingParameter(name);
    return seconds * 1_000;
  };
  return {
    alarm,
    waitMs: period('ActionsSuppressorWaitPeriod'),
    extensionMs: period('ActionsSuppressorExtensionPeriod'),
  };
}

/** Decides when a composite alarm with a suppressor acts: whenever nothing keeps it back, on what has changed since it last did. */
export interface Suppression {
  /**
   * Looks at an alarm, at every evaluation.
   * @param now scaled milliseconds. @param changedAt when the alarm's state changed, scaled milliseconds
   * @returns the state of which its topics heard last, when they are to hear of the present one
   */
  look(
    alarm: CompositeAlarm,
    suppressor: StateValue | undefined,
    now: number,
    changedAt: number,
  ): AlarmState | undefined;
  /** Why the alarm's present state has not been told; undefined when it has. */
  reason(name: string): SuppressedBy | undefined;
  forget(name: string): void;
}

interface Watched {
  /** The state its topics know of. */
  told: AlarmState;
  wasRinging: boolean;
  leftAt: number;
  by: SuppressedBy | undefined;
}

export function createSuppression(): Suppression {
  const watched = new Map<string, Watched>();
  return {
    look(alarm, suppressorState, now, changedAt) {
      const { suppressor, name, state } = alarm;
      if (suppressor === undefined) return undefined;
      const ringing = suppressorState === 'ALARM';
      const known = watched.get(name) ?? { told: state, wasRinging: ringing, leftAt: -Infinity, by: undefined };
      watched.set(name, known);
      if (known.wasRinging && !ringing) known.leftAt = now;
      known.wasRinging = ringing;
      known.by = undefined;
      if (state.value === known.told.value) return undefined;
      if (ringing) known.by = 'Alarm';
      else if (now < known.leftAt + suppressor.extensionMs) known.by = 'ExtensionPeriod';
      else if (known.leftAt < changedAt && now < changedAt + suppressor.waitMs) known.by = 'WaitPeriod';
      if (known.by !== undefined) return undefined;
      const before = known.told;
      known.told = state;
      return before;
    },
    reason: (name) => watched.get(name)?.by,
    forget: (name) => void watched.delete(name),
  };
}
