/** Metrics the runtime writes and the alarms and dashboards read. */
export const METRIC_NAMESPACE = 'Sluice';

/** Dimensions: `subscription` for consumers, `outbox` for relays and sweepers. */
export const CONSUMER_METRIC = {
  received: 'Received',
  done: 'Done',
  retried: 'Retried',
  rejected: 'Rejected',
  duplicates: 'Duplicates',
  deferred: 'Deferred',
  /** Handed back because a dependency is down. */
  outages: 'Outages',
  /** Set aside behind a failed message of the same key. */
  parked: 'Parked',
  /** Given up without a trace: at-most-once only. */
  dropped: 'Dropped',
  /** From the event's time to the start of its processing, milliseconds. */
  age: 'AgeAtProcessing',
  /** Of one handler call, milliseconds. */
  duration: 'HandlerDuration',
} as const;

/** Names of an outbox's metrics, with the dimension `outbox`. */
export const OUTBOX_METRIC = {
  published: 'Published',
  /** Age of the oldest row not published yet, seconds; 0 when there is none. */
  oldestUnpublished: 'OldestUnpublished',
} as const;
