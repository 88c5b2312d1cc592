import { documents } from '../../state/documents.ts';
import type { State } from '../../state/state.ts';

/** One line in the history of an alarm. */
export interface HistoryItem {
  readonly alarm: string;
  readonly alarmType: 'MetricAlarm' | 'CompositeAlarm';
  /** Real epoch milliseconds. */
  readonly at: number;
  readonly type: 'ConfigurationUpdate' | 'StateUpdate' | 'Action';
  readonly summary: string;
  /** JSON text. */
  readonly data: string;
}

/** Lines kept for all alarms together; the oldest go first. AWS keeps them for 30 days. */
export const KEPT_HISTORY = 2_000;

export interface AlarmHistory {
  add(item: HistoryItem): void;
  /** Newest first. */
  list(): HistoryItem[];
}

/** @param state keeps it over a restart */
export function createHistory(state?: State): AlarmHistory {
  const kept = state && documents<HistoryItem>(state, 'alarm-history');
  const items = [...(kept?.entries() ?? [])].map(([key, item]) => ({ key, item }));
  let last = Math.max(0, ...items.map(({ key }) => Number(key)));
  return {
    add(item) {
      last += 1;
      const key = String(last);
      items.push({ key, item });
      kept?.put(key, item);
      for (const { key: oldest } of items.splice(0, items.length - KEPT_HISTORY)) kept?.delete(oldest);
    },
    list: () => items.map(({ item }) => item).toReversed(),
  };
}
