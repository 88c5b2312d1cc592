import type { Alarm, IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Duration } from '../contracts/duration.ts';
import { ALARM_PERIOD, type AlarmTopic } from './alarm-topic.ts';

const OLDEST_MESSAGE_SECONDS = 300;
const LAG_SHARE_OF_RETENTION = 0.5;
const LAG_MINUTES = 5;
const MILLIS_PER_SECOND = 1_000;

/**
 * Messages in a dead-letter queue. Visible ones only: `NumberOfMessagesSent` misses redriven messages, and adding those in
 * flight makes the alarm go off for messages that are just being looked at.
 */
export const deadLetterDepth = (queue: Queue): IMetric =>
  queue.metricApproximateNumberOfMessagesVisible({ period: ALARM_PERIOD, statistic: 'Maximum' });

/** Critical: somebody must look at a message. */
export function deadLetterAlarm(scope: Construct, topic: AlarmTopic, name: string, queue: Queue): Alarm {
  return topic.alarm(scope, {
    id: 'DeadLetterAlarm',
    name: `${name}-dead-letters`,
    metric: deadLetterDepth(queue),
    threshold: 0,
    evaluationPeriods: 1,
    description: `CRITICAL: '${name}' has given up messages. First: read the reason in the 'deadLetter' attribute of a message in ${queue.queueName}; it names error, attempts and trace.`,
  });
}

/** Critical: nobody has seen these messages yet, and nobody will unless they are sent again. */
export function undeliveredAlarm(scope: Construct, topic: AlarmTopic, name: string, queue: Queue): Alarm {
  return topic.alarm(scope, {
    id: 'UndeliveredAlarm',
    name: `${name}-undelivered`,
    metric: deadLetterDepth(queue),
    threshold: 0,
    evaluationPeriods: 1,
    description: `CRITICAL: SNS could not deliver messages to the queue of '${name}'. First: read the attributes ErrorCode and ErrorMessage of a message in ${queue.queueName}; mend the queue's policy, then redrive the messages to the queue.`,
  });
}

/** The queue is not drained as fast as it fills. */
export function oldestMessageAlarm(scope: Construct, topic: AlarmTopic, name: string, metric: IMetric): Alarm {
  return topic.alarm(scope, {
    id: 'OldestMessageAlarm',
    name: `${name}-oldest-message`,
    metric,
    threshold: OLDEST_MESSAGE_SECONDS,
    evaluationPeriods: 1,
    description: `WARNING: the oldest message for '${name}' waits for more than ${OLDEST_MESSAGE_SECONDS / 60} min. First: look at the function's errors and throttles; if there are none, raise the subscription's concurrency.`,
  });
}

/** What an alarm about the lag of a stream has to know and to say. */
export interface LagAdvice {
  readonly retention: Duration;
  /** `log's retention`, `retention of the table's stream` */
  readonly stream: string;
  /** What to do when the function works and is only too slow. */
  readonly whenSlow: string;
}

/** Half of the stream's retention behind: what is not read before the retention ends is lost to this consumer. */
export function iteratorAgeAlarm(
  scope: Construct,
  topic: AlarmTopic,
  name: string,
  metric: IMetric,
  { retention, stream, whenSlow }: LagAdvice,
): Alarm {
  return topic.alarm(scope, {
    id: 'IteratorAgeAlarm',
    name: `${name}-iterator-age`,
    metric,
    threshold: retention.seconds * LAG_SHARE_OF_RETENTION * MILLIS_PER_SECOND,
    evaluationPeriods: LAG_MINUTES,
    description: `CRITICAL: '${name}' is more than half of the ${stream} behind and may lose data before it catches up. First: look at the function's errors; if it is only slow, ${whenSlow}.`,
  });
}
