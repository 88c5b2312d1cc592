import type { ConsumerView } from '../alarms/consumer-view.ts';
import type { OutboxView } from '../alarms/outbox.ts';
import type { ProducerView } from '../alarms/producer.ts';
import type { SystemAlarms } from '../alarms/system-alarms.ts';

/** Everything of a system that is watched. */
export interface SystemViews {
  readonly consumers: readonly ConsumerView[];
  readonly outboxes: readonly OutboxView[];
  /** Channels that functions of the stack send to. */
  readonly producers: readonly ProducerView[];
  readonly alarms: SystemAlarms;
}
