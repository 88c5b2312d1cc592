import type { Alarm } from './alarm.ts';

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
