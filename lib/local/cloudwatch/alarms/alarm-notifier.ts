import type { Alarm, AlarmState } from '../alarm/alarm.ts';
import { alarmMessage } from './alarm-message.ts';

export interface NotifierContext {
  readonly region: string;
  readonly accountId: string;
  /** Sends a notification to a topic, in the name of the alarm. */
  readonly publish: (alarmArn: string, topicArn: string, subject: string, message: string) => Promise<void>;
  readonly report: (text: string) => void;
  /** Notes an action in the alarm's history. @param data JSON text */
  readonly note: (alarm: Alarm, summary: string, data: string) => void;
}

/** Tells the topics of an alarm of a change of its state. */
export interface Notifier {
  /** @param children the alarms in state ALARM that a composite alarm watches */
  notify(alarm: Alarm, before: AlarmState, after: AlarmState, children: readonly Alarm[]): void;
  /** Resolves when notifications on their way have arrived. */
  settled(): Promise<void>;
}

/** Notifications leave one after the other, in the order of the changes; one that fails is reported, not repeated. */
export function createNotifier({ region, accountId, publish, report, note }: NotifierContext): Notifier {
  let last: Promise<void> = Promise.resolve();
  return {
    notify(alarm, before, after, children) {
      const topics = alarm.actions.enabled ? alarm.actions.on[after.value] : [];
      if (topics.length === 0) return;
      const { subject, message } = alarmMessage({ alarm, before, after, children, accountId, region });
      for (const topic of topics) {
        last = last
          .then(() => publish(alarm.arn, topic, subject, message))
          .then(() => note(alarm, `Successfully executed action ${topic}`, '{"actionState":"Succeeded"}'))
          .catch((error: unknown) => {
            note(alarm, `Failed to execute action ${topic}. Received error: "${error}"`, '{"actionState":"Failed"}');
            report(`Alarm ${alarm.name}, action ${topic}: ${String(error)}`);
          });
      }
    },
    settled: () => last,
  };
}
