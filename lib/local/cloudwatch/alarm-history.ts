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

export function createHistory(): AlarmHistory {
  const items: HistoryItem[] = [];
  return {
    add(item) {
      items.push(item);
      if (items.length > KEPT_HISTORY) items.splice(0, items.length - KEPT_HISTORY);
    },
    list: () => items.toReversed(),
  };
}
