import type { Alarm, CompositeAlarm, StateValue } from '../alarm/alarm.ts';
import { ruleHolds } from '../alarm/composite-rule.ts';

/** Composite alarms can watch composite alarms; a circle of them stops here. */
const MAX_DEPTH = 10;

/**
 * Works out the states of composite alarms until none changes any more.
 * @param stateOf the state of an alarm by name or ARN. @param change sets an alarm's new state
 */
export function evaluateComposites(
  composites: readonly CompositeAlarm[],
  stateOf: (alarm: string) => StateValue | undefined,
  change: (alarm: CompositeAlarm, value: StateValue) => void,
): void {
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    let settled = true;
    for (const alarm of composites) {
      const value = ruleHolds(alarm.rule, stateOf) ? 'ALARM' : 'OK';
      if (value === alarm.state.value) continue;
      change(alarm, value);
      settled = false;
    }
    if (settled) return;
  }
}

/** The StateReason of a composite alarm: it names the child that changed last. */
export function compositeReason(children: readonly Alarm[]): string {
  const [latest] = children.toSorted((a, b) => b.state.transitionedAt - a.state.transitionedAt);
  if (latest === undefined) return 'The alarm rule names no alarm';
  const when = new Date(latest.state.transitionedAt);
  const weekday = when.toLocaleDateString('en-GB', { weekday: 'long', timeZone: 'UTC' });
  const day = when.toLocaleDateString('en-GB', { day: '2-digit', month: 'long', timeZone: 'UTC' });
  const time = when.toISOString().slice(11, 19);
  return `${latest.arn} transitioned to ${latest.state.value} at ${weekday} ${day}, ${when.getUTCFullYear()} ${time} UTC`;
}
