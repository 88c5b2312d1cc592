/** `sluice/contracts`: what is said, where it travels, who listens and with which promise. Plain data, no dependencies. */
export { ALARM_DEFAULTS, type AlarmKind, type AlarmSetting, type AlarmSettings } from './alarms.ts';
export type { Channel, GroupBy, Log, Queue, Topic } from './channel.ts';
export {
  DEAD_LETTER_ATTRIBUTE,
  type DeadLetter,
  type MessageAttribute,
  type MessageAttributes,
  type RecordReference,
  type Wrapped,
  type WrappedMessage,
  type WrappedReference,
} from './dead-letter.ts';
export { DeclarationError } from './declaration-error.ts';
export { type Duration, days, hours, minutes, seconds, toMillis } from './duration.ts';
export {
  type Envelope,
  type EnvelopeContext,
  envelope,
  formatSequence,
  parseSequence,
  UnreadableMessage,
  type UnreadableReason,
  validate,
} from './envelope.ts';
export { type AnyEventType, type DataOf, type EventType, event } from './event.ts';
export { type LogOptions, log } from './log.ts';
export { type LogCapacity, type LogCapacityOptions, SHARD_METRICS, type ShardMetric } from './log-capacity.ts';
export { CONSUMER_METRIC, METRIC_NAMESPACE, OUTBOX_METRIC, PRODUCER_METRIC } from './metrics.ts';
export { type Outbox, type OutboxChannel, outbox, type PublishedType } from './outbox.ts';
export { fifoQueue, type QueueOptions, queue } from './queue.ts';
export { type Recurrence, type Recurring, recurring } from './recurring.ts';
export { exponential, fixed, immediate, type RetryPolicy } from './retry.ts';
export type { Criticality, SendingOptions } from './sending.ts';
export { breaker, type SubscriptionOptions, subscription } from './subscription.ts';
export type { EnvelopeFilter, FilterCondition, FilterPattern } from './subscription-filter.ts';
export type {
  BreakerPolicy,
  FanOut,
  Guarantee,
  InboxMode,
  Lateness,
  Source,
  Subscription,
} from './subscription-shape.ts';
export { type SystemContract, systemContract } from './system.ts';
export {
  type AnyTableChanges,
  type Change,
  type ItemChange,
  type StreamView,
  type TableChanges,
  tableChanges,
} from './table-changes.ts';
export { fifoTopic, topic } from './topic.ts';
export type { Traffic } from './traffic.ts';
export { type PreviousVersion, previousVersion } from './upcast.ts';
