/** Metrics the runtime writes and the alarms and dashboards read. */
export const METRIC_NAMESPACE = 'Sluice';

/** Dimensions: `subscription` for consumers, `outbox` for relays and sweepers. */
export const CONSUMER_METRIC = {
  received: 'Received',
  done: 'Done',
  retried: 'Retried',
  rejected: 'Rejected',
  duplicates: 'Duplicates',
  /** From the event's time to the start of its processing, milliseconds. */
  age: 'AgeAtProcessing',
} as const;

export const OUTBOX_METRIC = {
  published: 'Published',
  /** Age of the oldest row not published yet, seconds; 0 when there is none. */
  oldestUnpublished: 'OldestUnpublished',
} as const;
