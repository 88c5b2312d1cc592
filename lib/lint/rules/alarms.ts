import type { Graph } from '../graph.ts';
import { type Alarm, alarmsOn, type Metric } from '../graph-alarms.ts';
import { isSwitchedOff } from '../graph-declared.ts';
import type { Queue } from '../graph-stores.ts';
import type { Topic } from '../graph-topics.ts';
import { at, recordOf } from '../json.ts';
import { allowsService } from '../policies.ts';
import type { Offence, Rule } from '../rule.ts';

const DOCS = 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring';
const SQS_DOCS = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide';
const SNS_DOCS = 'https://docs.aws.amazon.com/sns/latest/dg';
const MILLIS_PER_HOUR = 3_600_000;

const VISIBLE = 'ApproximateNumberOfMessagesVisible';
const IN_FLIGHT = 'ApproximateNumberOfMessagesNotVisible';
const AGE = 'ApproximateAgeOfOldestMessage';
const COUNTS_OF_TRAFFIC = ['NumberOfMessagesSent', 'NumberOfMessagesReceived'];
const STREAM_LAG = 'GetRecords.IteratorAgeMilliseconds';
const FUNCTION_LAG = 'IteratorAge';

const PUBLISHER = 'cloudwatch.amazonaws.com';
const ENCRYPT = ['kms:GenerateDataKey', 'kms:Decrypt'];

const offence = ({ resource }: Alarm, property: string, value: string, fix: string): Offence => ({
  construct: resource.construct,
  property,
  value,
  fix,
});

/** The dimension without which a service's metrics do not exist, and the attribute of the resource that goes there. */
const DIMENSIONS: Readonly<
  Record<string, { readonly name: string; readonly attribute: string; readonly refIsName: boolean }>
> = {
  'AWS/SQS': { name: 'QueueName', attribute: 'queue.queueName', refIsName: false },
  'AWS/SNS': { name: 'TopicName', attribute: 'topic.topicName', refIsName: false },
  'AWS/Kinesis': { name: 'StreamName', attribute: 'stream.streamName', refIsName: true },
};

/** Why a metric has no data, ever. */
function neverMatches({ namespace, name, dimensions }: Metric): string | undefined {
  const names = dimensions.map((dimension) => dimension.name);
  const needed = DIMENSIONS[String(namespace)];
  if (needed !== undefined) {
    const found = dimensions.find((dimension) => dimension.name === needed.name);
    if (found === undefined)
      return `${namespace} ${name} without the dimension ${needed.name} (has: ${names.join(', ') || 'none'})`;
    const isUrl = !needed.refIsName && recordOf(found.value).Ref !== undefined && found.resource !== undefined;
    return isUrl ? `${needed.name} is a Ref, which is the URL or ARN and not the name` : undefined;
  }
  return namespace === 'AWS/Lambda' && name === FUNCTION_LAG && !names.includes('FunctionName')
    ? `${namespace} ${name} without the dimension FunctionName (has: ${names.join(', ') || 'none'})`
    : undefined;
}

/** Dead letters of a consumer, or of the topic before it. */
const kindOfDeadLetters = ({ deadLettersOf }: Queue) =>
  deadLettersOf.every(({ type }) => type === 'AWS::SNS::Subscription') ? 'undelivered' : 'dead-letters';

/** Topics that alarms tell. */
const toldTopics = ({ alarms, topics }: Graph): readonly Topic[] => {
  const targets = new Set(alarms.flatMap(({ actions }) => actions.map(({ resource }) => resource)));
  return topics.filter(({ resource }) => targets.has(resource));
};

export const ALARM_RULES: readonly Rule[] = [
  {
    id: 'Messaging-AlarmWithoutAction',
    severity: 'error',
    mistake: 'an alarm tells nobody',
    why: 'It goes off in a console that nobody has open.',
    source: `${DOCS}/AlarmThatSendsEmail.html`,
    check: ({ alarms }) =>
      alarms
        .filter(({ actions, enabled, inComposite }) => !inComposite && (actions.length === 0 || !enabled))
        .map((alarm) =>
          offence(
            alarm,
            alarm.enabled ? 'AlarmActions' : 'ActionsEnabled',
            alarm.enabled ? 'none' : 'false',
            'Write alarm.addAlarmAction(new SnsAction(topic)), or make it part of a composite alarm that acts.',
          ),
        ),
  },
  {
    id: 'Messaging-AlarmTopicKeyClosed',
    severity: 'error',
    mistake: 'alarms tell a topic whose key CloudWatch may not use',
    why: 'The action fails without a word to anybody: the alarm goes off and no message arrives. The policy of the key that AWS manages for SNS cannot be changed.',
    source: `${SNS_DOCS}/sns-key-management.html`,
    check: (graph) =>
      toldTopics(graph).flatMap((topic) => {
        const { key } = topic;
        const closed =
          key.kind === 'aws' ||
          (key.kind === 'customer' && !allowsService(key.key.properties.KeyPolicy, PUBLISHER, ENCRYPT));
        if (!closed) return [];
        return [
          {
            construct: topic.resource.construct,
            property: 'KmsMasterKeyId',
            value: key.kind === 'aws' ? key.alias : `key '${key.key.path}', whose policy does not name ${PUBLISHER}`,
            fix: `Take a customer key and let ${PUBLISHER} use it: key.addToResourcePolicy(...) with kms:GenerateDataKey* and kms:Decrypt.`,
          },
        ];
      }),
  },
  {
    id: 'Messaging-AlarmTopicPolicyClosed',
    severity: 'error',
    mistake: 'alarms tell a topic whose policy does not let CloudWatch publish',
    why: 'A topic with a policy of its own (enforceSSL makes one) no longer lets in everybody of the account: the action fails without a word.',
    source: `${SNS_DOCS}/sns-access-policy-use-cases.html`,
    check: (graph) =>
      toldTopics(graph)
        .filter(
          ({ policies }) =>
            policies.length > 0 &&
            !policies.some(({ properties }) => allowsService(properties.PolicyDocument, PUBLISHER, ['sns:Publish'])),
        )
        .map(({ resource, policies }) => ({
          construct: resource.construct,
          property: 'PolicyDocument',
          value: `'${policies[0]?.path}' allows nothing to ${PUBLISHER}`,
          fix: `Write topic.addToResourcePolicy(...) that allows sns:Publish to ${PUBLISHER}, with aws:SourceAccount as condition.`,
        })),
  },
  {
    id: 'Messaging-AlarmNeverMatches',
    severity: 'error',
    mistake: 'an alarm watches a metric that does not exist',
    why: 'Metrics are found by all of their dimensions. An alarm on a combination that nobody writes waits for ever with insufficient data.',
    source: `${DOCS}/cloudwatch_concepts.html`,
    check: ({ alarms }) =>
      alarms.flatMap((alarm) => {
        const reasons = alarm.metrics.flatMap((metric) => neverMatches(metric) ?? []);
        if (reasons.length === 0) return [];
        return [
          offence(
            alarm,
            'Dimensions',
            [...new Set(reasons)].join('; '),
            `Take the metric from the resource, e.g. queue.metricApproximateNumberOfMessagesVisible(), or write the name: ${Object.values(
              DIMENSIONS,
            )
              .map(({ name, attribute }) => `${name}: ${attribute}`)
              .join(', ')}.`,
          ),
        ];
      }),
  },
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
    check: ({ alarms, queues }) =>
      queues
        .filter(
          ({ resource, deadLettersOf }) =>
            deadLettersOf.length > 0 && alarmsOn(alarms, resource, VISIBLE, ...COUNTS_OF_TRAFFIC).length === 0,
        )
        .filter((queue) => !isSwitchedOff(kindOfDeadLetters(queue), queue.resource.construct))
        .map(({ resource }) => ({
          construct: resource.construct,
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
    check: ({ alarms, mappings, queues }) =>
      queues
        .filter(
          (queue) =>
            queue.deadLettersOf.length === 0 &&
            mappings.some((mapping) => mapping.queue === queue) &&
            alarmsOn(alarms, queue.resource, AGE).length === 0 &&
            !isSwitchedOff('oldest-message', queue.resource.construct),
        )
        .map(({ resource }) => ({
          construct: resource.construct,
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
    check: ({ alarms, mappings }) =>
      mappings.flatMap(({ kind, fn, stream }) => {
        if (kind !== 'stream' || fn === undefined || isSwitchedOff('iterator-age', fn.resource.construct)) return [];
        const watched =
          alarmsOn(alarms, fn.resource, FUNCTION_LAG).length > 0 ||
          (stream !== undefined && alarmsOn(alarms, stream.resource, STREAM_LAG).length > 0);
        if (watched) return [];
        return [
          {
            construct: fn.resource.construct,
            property: 'CloudWatch alarm',
            value: `none on ${FUNCTION_LAG} of '${fn.name}'`,
            fix: "Write new Alarm(...) on fn.metric('IteratorAge', { statistic: 'Maximum' }) at half of the stream's retention in milliseconds, and an action.",
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
