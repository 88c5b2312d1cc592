import { alarmsOn, FUNCTION_LAG } from '../../graph/graph-alarms.ts';
import { isSwitchedOff } from '../../graph/graph-declared.ts';
import { consumerName } from '../../graph/graph-mappings.ts';
import type { Queue } from '../../graph/graph-stores.ts';
import { offence, type Rule } from '../../graph/rule.ts';
import { at } from '../../reading/json.ts';

const SQS_DOCS = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide';
const MILLIS_PER_HOUR = 3_600_000;

const VISIBLE = 'ApproximateNumberOfMessagesVisible';
const IN_FLIGHT = 'ApproximateNumberOfMessagesNotVisible';
const AGE = 'ApproximateAgeOfOldestMessage';
const COUNTS_OF_TRAFFIC = ['NumberOfMessagesSent', 'NumberOfMessagesReceived'];
const STREAM_LAG = 'GetRecords.IteratorAgeMilliseconds';
/** What shows that a pipe does not go on. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html */
const PIPE_FAILURES = ['ExecutionFailed', 'ExecutionThrottled', 'ExecutionTimeout'];

/** Dead letters of a consumer, or of the topic before it. */
const kindOfDeadLetters = ({ deadLettersOf }: Queue) =>
  deadLettersOf.every(({ type }) => type === 'AWS::SNS::Subscription') ? 'undelivered' : 'dead-letters';

/** Whether dead letters and lag are watched, in time and by the right metric. */
export const WATCHING_RULES: readonly Rule[] = [
  {
    id: 'Messaging-DeadLetterAlarmOnTraffic',
    severity: 'error',
    mistake: 'an alarm on dead letters counts messages sent',
    why: 'What SQS moves there by the redrive policy is not counted as sent: the alarm stays quiet for the very messages it is for.',
    source: `${SQS_DOCS}/dead-letter-queues-alarms-cloudwatch.html`,
    check: ({ alarms, queues }) =>
      queues
        .filter(({ deadLettersOf }) => deadLettersOf.length > 0)
        .flatMap((queue) => alarmsOn(alarms, queue.resource, ...COUNTS_OF_TRAFFIC).map((alarm) => ({ queue, alarm })))
        .map(({ queue, alarm }) =>
          offence(
            alarm,
            'MetricName',
            `${alarm.metrics.map(({ name }) => String(name)).join(', ')} of '${queue.name}'`,
            'Write deadLetters.metricApproximateNumberOfMessagesVisible() with a threshold of 0 (above).',
          ),
        ),
  },
  {
    id: 'Messaging-DeadLetterAlarmCountsInFlight',
    severity: 'warning',
    mistake: 'an alarm on dead letters counts messages in flight',
    why: 'It goes off for messages that somebody is just looking at or bringing back, and again each time.',
    source: `${SQS_DOCS}/sqs-available-cloudwatch-metrics.html`,
    check: ({ alarms, queues }) =>
      queues
        .filter(({ deadLettersOf }) => deadLettersOf.length > 0)
        .flatMap((queue) => alarmsOn(alarms, queue.resource, IN_FLIGHT).map((alarm) => ({ queue, alarm })))
        .map(({ queue, alarm }) =>
          offence(
            alarm,
            'Metrics',
            `${IN_FLIGHT} of '${queue.name}'`,
            `Leave ${IN_FLIGHT} out; ${VISIBLE} alone says it.`,
          ),
        ),
  },
  {
    id: 'Messaging-DeadLettersWithoutAlarm',
    severity: 'warning',
    mistake: 'nobody is told of dead letters',
    why: 'A message among the dead letters is work that is not done. Without an alarm it is found when a customer asks, or when its retention ends.',
    source: `${SQS_DOCS}/dead-letter-queues-alarms-cloudwatch.html`,
    check: ({ alarms, queues, switchedOff }) =>
      queues
        .filter(
          ({ resource, deadLettersOf }) =>
            deadLettersOf.length > 0 && alarmsOn(alarms, resource, VISIBLE, ...COUNTS_OF_TRAFFIC).length === 0,
        )
        .filter((queue) => !isSwitchedOff(kindOfDeadLetters(queue), queue.resource, switchedOff))
        .map(({ resource }) => ({
          at: resource,
          property: 'CloudWatch alarm',
          value: `none on ${VISIBLE}`,
          fix: 'Write new Alarm(this, "DeadLetters", { metric: deadLetters.metricApproximateNumberOfMessagesVisible(), threshold: 0, comparisonOperator: GREATER_THAN_THRESHOLD, evaluationPeriods: 1 }) with an action.',
        })),
  },
  {
    id: 'Messaging-QueueWithoutLagAlarm',
    severity: 'warning',
    mistake: 'nobody is told when a queue is not drained as fast as it fills',
    why: 'A consumer that is too slow, throttled or switched off makes no error: only the age of the oldest message shows it.',
    source: `${SQS_DOCS}/sqs-available-cloudwatch-metrics.html`,
    check: ({ alarms, mappings, queues, switchedOff }) =>
      queues
        .filter(
          (queue) =>
            queue.deadLettersOf.length === 0 &&
            mappings.some((mapping) => mapping.queue === queue) &&
            alarmsOn(alarms, queue.resource, AGE).length === 0 &&
            !isSwitchedOff('oldest-message', queue.resource, switchedOff),
        )
        .map(({ resource }) => ({
          at: resource,
          property: 'CloudWatch alarm',
          value: `none on ${AGE}`,
          fix: 'Write new Alarm(...) on queue.metricApproximateAgeOfOldestMessage() with the seconds that a message may wait, and an action.',
        })),
  },
  {
    id: 'Messaging-StreamWithoutLagAlarm',
    severity: 'warning',
    mistake: 'nobody is told when a consumer of a stream falls behind',
    why: 'What is not read before the retention ends is lost to this consumer, and a failing or slow consumer stops for hours without an error that counts.',
    source: 'https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html',
    check: ({ alarms, mappings, switchedOff }) =>
      mappings.flatMap((mapping) => {
        const { kind, fn, resource, stream } = mapping;
        if (kind !== 'stream' || (fn === undefined && mapping.by === 'mapping')) return [];
        const reader = fn?.resource ?? resource;
        if (isSwitchedOff('iterator-age', reader, switchedOff)) return [];
        const watched =
          alarmsOn(alarms, reader, ...(mapping.by === 'pipe' ? PIPE_FAILURES : [FUNCTION_LAG])).length > 0 ||
          (stream !== undefined && alarmsOn(alarms, stream.resource, STREAM_LAG).length > 0);
        if (watched) return [];
        const pipe = stream === undefined ? PIPE_FAILURES.join(' or ') : STREAM_LAG;
        return [
          {
            at: reader,
            property: 'CloudWatch alarm',
            value: `none on ${mapping.by === 'pipe' ? pipe : FUNCTION_LAG} of '${consumerName(mapping)}'`,
            fix:
              mapping.by === 'pipe'
                ? `Write new Alarm(...) on ${pipe} of the source or the pipe, and an action: a pipe has no metric of its own for its lag.`
                : "Write new Alarm(...) on fn.metric('IteratorAge', { statistic: 'Maximum' }) at half of the stream's retention in milliseconds, and an action.",
          },
        ];
      }),
  },
  {
    id: 'Messaging-LagAlarmAfterLoss',
    severity: 'error',
    mistake: 'an alarm on the lag of a stream goes off when records are already lost',
    why: 'Its threshold is not below the retention of the stream: at that age records are deleted unread.',
    source: 'https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html',
    check: ({ alarms, mappings }) =>
      mappings.flatMap(({ fn, stream }) => {
        if (stream?.retentionHours === undefined) return [];
        const retention = stream.retentionHours * MILLIS_PER_HOUR;
        const late = [
          ...(fn === undefined ? [] : alarmsOn(alarms, fn.resource, FUNCTION_LAG)),
          ...alarmsOn(alarms, stream.resource, STREAM_LAG),
        ].filter(
          // The metric of an expression may be anything: percent of the retention, for one.
          ({ resource, threshold }) =>
            at(resource.properties, 'MetricName') !== undefined && (threshold ?? 0) >= retention,
        );
        return late.map((alarm) =>
          offence(
            alarm,
            'Threshold',
            `${alarm.threshold} ms; '${stream.name}' keeps records ${retention} ms (${stream.retentionHours} h)`,
            `Write threshold: ${retention / 2}: half of the retention leaves time to catch up.`,
          ),
        );
      }),
  },
];
