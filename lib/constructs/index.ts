/** `sluice/constructs`: what is deployed. Every construct takes its numbers from the declaration and shows the L2 constructs it made. */

export type { ConsumerView } from './alarms/consumer-view.ts';
export { watchCalledFunction, watchFunction } from './alarms/function.ts';
export { ALARM_KINDS, type KindOfAlarm, type Severity, UNHEALTHY } from './alarms/kinds.ts';
export type { LagMetrics, LogLagMetrics } from './alarms/log.ts';
export { type OutboxView, watchOutbox } from './alarms/outbox.ts';
export { type ProducerView, watchProducers } from './alarms/producer.ts';
export { type AlarmSpec, SystemAlarms, type SystemAlarmsProps, type WatchedAlarm } from './alarms/system-alarms.ts';
export { type Destination, grantSend } from './channels/channel-grants.ts';
export { EventLog, type EventLogProps } from './channels/event-log.ts';
export { EventTopic, type EventTopicProps } from './channels/event-topic.ts';
export { TopicSubscription } from './channels/topic-subscription.ts';
export { WorkQueue, type WorkQueueProps } from './channels/work-queue.ts';
export { BreakerController, type BreakerControllerProps } from './consumers/breaker-controller.ts';
export { LogArchive, type LogArchiveProps } from './consumers/log-archive.ts';
export { LogConsumer, type LogConsumerProps } from './consumers/log-consumer.ts';
export { type ConsumerProps, QueueConsumer, type QueueConsumerProps } from './consumers/queue-consumer.ts';
export { TableChangesConsumer, type TableChangesConsumerProps } from './consumers/table-changes-consumer.ts';
export { OverviewDashboard, type SystemOverview } from './dashboards/overview-dashboard.ts';
export { SystemDashboard, type SystemDashboardProps } from './dashboards/system-dashboard.ts';
export type { SystemViews } from './dashboards/system-views.ts';
export { type BundleOptions, bundleFunctions } from './functions/bundle.ts';
export { allow, cdkDuration, type MessagingFunctionProps, messagingFunction } from './functions/messaging-function.ts';
export { OutboxTable, type OutboxTableProps } from './producing/outbox-table.ts';
export { OutgoingMail } from './producing/outgoing-mail.ts';
export { ScheduledWork, type ScheduledWorkProps } from './producing/scheduled-work.ts';
export { SchemaRegistry, type SchemaRegistryProps } from './producing/schema-registry.ts';
export { resolveStage } from './stages/resolve-stage.ts';
export { removalPolicyOf, stackProps, stageOf, useStage } from './stages/stage.ts';
export {
  type MailSettings,
  type SentMail,
  SMALL_STAGE,
  type Stage,
  type StageSettings,
} from './stages/stage-settings.ts';
export { logAccess } from './stores/access-logs.ts';
export { ClaimCheckBucket, type ClaimCheckBucketProps } from './stores/claim-check-bucket.ts';
export type { DataBucketProps } from './stores/closed-bucket.ts';
export { dataBucket } from './stores/data-bucket.ts';
export { InboxTable } from './stores/inbox-table.ts';
export { messagingKey } from './stores/messaging-key.ts';
export { warmTable } from './stores/warm-table.ts';
