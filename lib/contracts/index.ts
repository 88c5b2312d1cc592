/** `sluice/contracts`: what is said, where it travels, who listens and with which promise. Plain data, no dependencies. */

export {
  DEAD_LETTER_ATTRIBUTE,
  type DeadLetter,
  type MessageAttribute,
  type MessageAttributes,
  type RecordReference,
  type Wrapped,
  type WrappedMessage,
  type WrappedReference,
} from './agreed/dead-letter.ts';
export { CALLER_METRIC, CONSUMER_METRIC, METRIC_NAMESPACE, OUTBOX_METRIC, PRODUCER_METRIC } from './agreed/metrics.ts';
export type { Channel, GroupBy, Log, Queue, Topic } from './channels/channel.ts';
export { type LogOptions, log } from './channels/log.ts';
export { type LogCapacity, type LogCapacityOptions, SHARD_METRICS, type ShardMetric } from './channels/log-capacity.ts';
export { type Outbox, type OutboxChannel, outbox, type PublishedType } from './channels/outbox.ts';
export { fifoQueue, type QueueOptions, queue } from './channels/queue.ts';
export { type Recurrence, type Recurring, recurring } from './channels/recurring.ts';
export type { Criticality, SendingOptions } from './channels/sending.ts';
export type { EnvelopeFilter, FilterCondition, FilterPattern } from './channels/subscription-filter.ts';
export {
  type AnyTableChanges,
  type Change,
  type ItemChange,
  type StreamView,
  type TableChanges,
  tableChanges,
} from './channels/table-changes.ts';
export { fifoTopic, topic } from './channels/topic.ts';
export { ALARM_DEFAULTS, type AlarmKind, type AlarmSetting, type AlarmSettings } from './declaring/alarms.ts';
export { DeclarationError } from './declaring/declaration-error.ts';
export { type Duration, days, hours, minutes, seconds, toMillis } from './declaring/duration.ts';
export { exponential, fixed, immediate, type RetryPolicy } from './declaring/retry.ts';
export { loadOf, type TableLoad } from './declaring/table-capacity.ts';
export type { Traffic } from './declaring/traffic.ts';
export {
  type Envelope,
  type EnvelopeContext,
  envelope,
  formatSequence,
  parseSequence,
  UnreadableMessage,
  type UnreadableReason,
  validate,
} from './events/envelope.ts';
export { type AnyEventType, type DataOf, type EventType, event } from './events/event.ts';
export { type PreviousVersion, previousVersion } from './events/upcast.ts';
export { breaker, type SubscriptionOptions, subscription } from './subscriptions/subscription.ts';
export type {
  BreakerPolicy,
  FanOut,
  Guarantee,
  InboxMode,
  Lateness,
  Source,
  Subscription,
} from './subscriptions/subscription-shape.ts';
export { peakOf } from './subscriptions/table-units.ts';
export { type SystemContract, systemContract } from './system.ts';
