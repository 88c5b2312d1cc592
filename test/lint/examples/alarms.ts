import { CfnCompositeAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { Example, Examples } from '../example.ts';
import { alarm, customerKey, depthOf, queue, read, toldTopic, work } from '../plain.ts';

const CLOUDWATCH = 'cloudwatch.amazonaws.com';

function watchedBy(scope: Construct, dimensions: { name: string; value: string }[], metricName = 'IncomingRecords') {
  const { stream } = read(scope);
  return alarm(scope, 'watch', {
    namespace: 'AWS/Kinesis',
    metricName,
    dimensions: dimensions.map(({ name, value }) => ({ name, value: value === 'log' ? stream.ref : value })),
  });
}

/** An alarm on the sum of metrics, as they are told: what is wrong with several in the same way once, everything else each. */
function sums(): readonly Example[] {
  const of = (scope: Construct, ...metrics: readonly (readonly [string, string, string?])[]) =>
    alarm(scope, 'watch', {
      ...{ metricName: undefined, period: undefined, statistic: undefined },
      metrics: [
        { id: 'sum', expression: metrics.map((_, i) => `m${i}`).join(' + ') },
        ...metrics.map(([namespace, metricName, name], i) => ({
          id: `m${i}`,
          returnData: false,
          metricStat: {
            metric: { namespace, metricName, dimensions: name === undefined ? [] : [{ name, value: 'here' }] },
            ...{ period: 60, stat: 'Sum' },
          },
        })),
      ],
    });
  const sent = ['AWS/SQS', 'NumberOfMessagesSent'] as const;
  const told = ['AWS/SNS', 'NumberOfMessagesPublished'] as const;
  const missing = 'without the dimension';
  const common = { path: 'watch', property: 'Dimensions', fix: 'TopicName: topic.topicName' };
  return [
    {
      bad: (s) => of(s, sent, sent, [...sent, 'QueueName']),
      good: (s) => of(s, [...sent, 'QueueName'], [...told, 'TopicName'], ['AWS/Lambda', 'Errors'], ['Ours', 'Late']),
      ...common,
      value: `AWS/SQS NumberOfMessagesSent ${missing} QueueName (has: none)`,
    },
    {
      bad: (s) => of(s, sent, told, sent, [...told, 'QueueName']),
      good: (s) =>
        of(s, ['AWS/Lambda', 'IteratorAge', 'FunctionName'], ['AWS/Kinesis', 'PutRecord.Bytes', 'StreamName']),
      ...common,
      value: [
        `AWS/SQS NumberOfMessagesSent ${missing} QueueName (has: none)`,
        `AWS/SNS NumberOfMessagesPublished ${missing} TopicName (has: none)`,
        `AWS/SNS NumberOfMessagesPublished ${missing} TopicName (has: QueueName)`,
      ].join('; '),
    },
  ];
}

export const ALARM_EXAMPLES: Examples = {
  'Messaging-AlarmWithoutAction': [
    {
      bad: (s) => alarm(s, 'quiet', { ...depthOf(work(s).dead), alarmActions: undefined }),
      good: (s) => {
        const quiet = alarm(s, 'quiet', { ...depthOf(work(s).dead), alarmActions: undefined });
        new CfnCompositeAlarm(s, 'unhealthy', {
          alarmRule: `ALARM("${quiet.ref}")`,
          alarmActions: ['arn:aws:sns:eu-west-1:111122223333:somebody'],
        });
      },
      path: 'quiet',
      property: 'AlarmActions',
      value: 'none',
      fix: 'alarm.addAlarmAction(new SnsAction(topic))',
    },
    {
      bad: (s) => alarm(s, 'quiet', { ...depthOf(work(s).dead), actionsEnabled: false }),
      good: (s) => alarm(s, 'loud', { ...depthOf(work(s).dead), actionsEnabled: true }),
      path: 'quiet',
      property: 'ActionsEnabled',
      value: 'false',
      fix: 'alarm.addAlarmAction(new SnsAction(topic))',
    },
  ],
  'Messaging-AlarmTopicKeyClosed': [
    {
      bad: (s) => toldTopic(s, 'alias/aws/sns', undefined),
      good: (s) => toldTopic(s, undefined, undefined),
      path: 'told',
      property: 'KmsMasterKeyId',
      value: 'alias/aws/sns',
      fix: 'kms:GenerateDataKey* and kms:Decrypt',
    },
    {
      bad: (s) => toldTopic(s, customerKey(s, 'sns.amazonaws.com'), undefined),
      good: (s) => toldTopic(s, customerKey(s, CLOUDWATCH), undefined),
      path: 'told',
      property: 'KmsMasterKeyId',
      value: "key 'Shop/key', whose policy does not name cloudwatch.amazonaws.com",
      fix: 'key.addToResourcePolicy(...)',
    },
  ],
  'Messaging-AlarmTopicPolicyClosed': [
    {
      bad: (s) => toldTopic(s, undefined, 's3.amazonaws.com'),
      good: (s) => toldTopic(s, undefined, CLOUDWATCH),
      path: 'told',
      property: 'PolicyDocument',
      value: "'Shop/told-policy' allows nothing to cloudwatch.amazonaws.com",
      fix: 'topic.addToResourcePolicy(...)',
    },
  ],
  'Messaging-AlarmNeverMatches': [
    {
      bad: (s) => watchedBy(s, []),
      good: (s) => watchedBy(s, [{ name: 'StreamName', value: 'log' }]),
      path: 'watch',
      property: 'Dimensions',
      value: 'AWS/Kinesis IncomingRecords without the dimension StreamName (has: none)',
      fix: 'StreamName: stream.streamName',
    },
    {
      bad: (s) => {
        const { queue: waiting } = work(s);
        alarm(s, 'watch', { ...depthOf(waiting), dimensions: [{ name: 'QueueName', value: waiting.ref }] });
      },
      good: (s) => alarm(s, 'watch', depthOf(work(s).queue)),
      path: 'watch',
      property: 'Dimensions',
      value: 'QueueName is a Ref, which is the URL or ARN and not the name',
      fix: 'queue.metricApproximateNumberOfMessagesVisible()',
    },
    {
      bad: (s) => read(s, { lagAlarm: { dimensions: [{ name: 'StreamName', value: 'log' }] } }),
      good: (s) => read(s),
      path: 'log-lag',
      property: 'Dimensions',
      value: 'AWS/Lambda IteratorAge without the dimension FunctionName (has: StreamName)',
      fix: 'Take the metric from the resource',
    },
    ...sums(),
  ],
  'Messaging-DeadLetterAlarmOnTraffic': [
    {
      bad: (s) => alarm(s, 'dead', { ...depthOf(work(s).dead), metricName: 'NumberOfMessagesSent' }),
      good: (s) => alarm(s, 'sent', { ...depthOf(work(s).queue), metricName: 'NumberOfMessagesSent' }),
      path: 'dead',
      property: 'MetricName',
      value: "NumberOfMessagesSent of 'work-dead'",
      fix: 'metricApproximateNumberOfMessagesVisible()',
    },
  ],
  'Messaging-DeadLetterAlarmCountsInFlight': [
    {
      bad: (s) => bothCounts(s, 'ApproximateNumberOfMessagesNotVisible'),
      good: (s) => bothCounts(s, 'ApproximateNumberOfMessagesDelayed'),
      path: 'dead',
      property: 'Metrics',
      value: "ApproximateNumberOfMessagesNotVisible of 'work-dead'",
      fix: 'Leave ApproximateNumberOfMessagesNotVisible out',
    },
  ],
  'Messaging-DeadLettersWithoutAlarm': [
    {
      bad: (s) => {
        const dead = queue(s, 'forgotten');
        queue(s, 'inbox', { redrivePolicy: { deadLetterTargetArn: dead.attrArn, maxReceiveCount: 5 } });
      },
      good: (s) => work(s),
      path: 'forgotten',
      property: 'CloudWatch alarm',
      value: 'none on ApproximateNumberOfMessagesVisible',
      fix: 'threshold: 0',
    },
  ],
  'Messaging-QueueWithoutLagAlarm': [
    {
      bad: (s) => {
        work(s);
        s.node.tryRemoveChild('work-age');
      },
      good: (s) => work(s),
      path: 'work',
      property: 'CloudWatch alarm',
      value: 'none on ApproximateAgeOfOldestMessage',
      fix: 'queue.metricApproximateAgeOfOldestMessage()',
    },
  ],
  'Messaging-StreamWithoutLagAlarm': [
    {
      bad: (s) => {
        read(s);
        s.node.tryRemoveChild('log-lag');
      },
      // On the stream instead of the function.
      good: (s) => {
        watchedBy(s, [{ name: 'StreamName', value: 'log' }], 'GetRecords.IteratorAgeMilliseconds');
        s.node.tryRemoveChild('log-lag');
      },
      path: 'reader',
      property: 'CloudWatch alarm',
      value: "none on IteratorAge of 'reader'",
      fix: "fn.metric('IteratorAge', { statistic: 'Maximum' })",
    },
  ],
  'Messaging-LagAlarmAfterLoss': [
    {
      bad: (s) => read(s, { lagAlarm: { threshold: 172_800_000 } }),
      good: (s) => read(s, { lagAlarm: { threshold: 172_799_999 } }),
      path: 'log-lag',
      property: 'Threshold',
      value: "172800000 ms; 'log' keeps records 172800000 ms (48 h)",
      fix: 'threshold: 86400000',
    },
  ],
};

function bothCounts(scope: Construct, other: string): void {
  const { dead } = work(scope);
  const dimensions = [{ name: 'QueueName', value: dead.attrQueueName }];
  const stat = (id: string, metricName: string) => ({
    id,
    returnData: false,
    metricStat: { metric: { namespace: 'AWS/SQS', metricName, dimensions }, period: 60, stat: 'Maximum' },
  });
  alarm(scope, 'dead', {
    period: undefined,
    statistic: undefined,
    metrics: [
      { id: 'all', expression: 'visible + other' },
      stat('visible', 'ApproximateNumberOfMessagesVisible'),
      stat('other', other),
    ],
  });
}
