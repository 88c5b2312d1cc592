/** Metrics the runtime writes and the alarms and dashboards read. */
export const METRIC_NAMESPACE = 'Sluice';

/**
 * Dimensions: `stack`, and `subscription` for consumers, `outbox` for relays and sweepers, `channel` for producers, `function` for what callers wait for. `ShardLag` is there
 * for the subscription and, with `shard`, for each shard.
 */
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
  /** Dead letters that could not be sent: the subscription stops there or goes on without, as it declares. */
  undeliverable: 'Undeliverable',
  /** Given up without a trace: at-most-once only. */
  dropped: 'Dropped',
  /** From the event's time to the start of its processing, milliseconds. */
  age: 'AgeAtProcessing',
  /** Of one handler call, milliseconds. */
  duration: 'HandlerDuration',
  /** Logs: records that are finished with, in whatever way; the position moved by so many. */
  consumed: 'Consumed',
  /** Logs with several shards: age of the last record of a batch, milliseconds. */
  shardLag: 'ShardLag',
  /** Aggregations that declare `lateness`: events that came too late for the result. */
  lateDropped: 'LateDropped',
  /** Aggregations: position or result could not be read or written. */
  stateFailures: 'StateFailures',
} as const;

/** Names of an outbox's metrics, with the dimension `outbox`. */
export const OUTBOX_METRIC = {
  published: 'Published',
  /** Age of the oldest row not published yet, seconds; 0 when there is none. */
  oldestUnpublished: 'OldestUnpublished',
  /** Aggregates whose events a sweep could not publish. The log says why, aggregate by aggregate. */
  blockedAggregates: 'BlockedAggregates',
} as const;

/** Of functions that callers wait for, with the dimension `function`. */
export const CALLER_METRIC = {
  /** Calls that were told to come again, because a table or channel had no room. */
  throttled: 'ThrottledCalls',
} as const;

/** Of whoever sends to a channel, in events: every try counts. */
export const PRODUCER_METRIC = {
  sent: 'Sent',
  /** Refused by the service, or not answered: those that succeed at the next try, too. */
  failures: 'SendFailures',
} as const;
