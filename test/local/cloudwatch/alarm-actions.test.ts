import { DescribeAlarmsCommand, SetAlarmStateCommand, type StateValue } from '@aws-sdk/client-cloudwatch';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/local/json.ts';
import {
  depth,
  letIn,
  queue,
  send as sendMessage,
  start,
  takeMessages,
  until,
  writeAssembly,
} from '../engine/support.ts';
import { bodyOf, cloudwatchClient, queueAlarm, theAlarm, topicWithInbox } from './support.ts';

/** A minute of CloudWatch lasts 50 ms. */
const TIME_SCALE = 1_200;
/** One breaching datapoint is enough, and is seen for ten seconds. */
const LONG = { EvaluationPeriods: 200, DatapointsToAlarm: 1 };
const toTopic = {
  AlarmActions: [{ Ref: 'Alerts' }],
  OKActions: [{ Ref: 'Alerts' }],
  InsufficientDataActions: [{ Ref: 'Alerts' }],
};

async function startWith(resources: JsonObject, timeScale = TIME_SCALE) {
  const assembly = writeAssembly({ ...queue('Work'), ...topicWithInbox('Alerts'), ...resources });
  const running = await start(assembly, { timeScale });
  const { calls, physical } = running;
  const client = cloudwatchClient(running.engine);
  const send = (text: string) => sendMessage(calls, physical('Work'), text);
  const purge = () => calls.json('sqs', 'PurgeQueue', { QueueUrl: physical('Work') });
  const inState = (name: string, state: string) =>
    until(`${name} in ${state}`, async () => (await theAlarm(client, name)).StateValue === state);
  /** The next notification. */
  const notice = async () => bodyOf((await takeMessages(calls, physical('AlertsInbox'), 1))[0]);
  return { ...running, client, send, purge, inState, notice };
}

test('an alarm begins without data, follows its metric, and tells its topic of every change, as AWS does', async () => {
  const { send, purge, inState, notice, physical } = await startWith(
    queueAlarm('backlog', 'Work', { AlarmDescription: 'Look!', ...toTopic }),
  );
  expect(await notice()).toMatchObject({ OldStateValue: 'INSUFFICIENT_DATA', NewStateValue: 'OK' });
  await send('one');
  await inState('backlog', 'ALARM');
  const told = await notice();
  expect(told).toEqual({
    AlarmName: 'backlog',
    AlarmDescription: 'Look!',
    AWSAccountId: '000000000000',
    AlarmConfigurationUpdatedTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/),
    NewStateValue: 'ALARM',
    NewStateReason: expect.stringMatching(
      /^Threshold Crossed: 1 out of the last 1 datapoints \[1\.0 \(.*\)\] was greater than the threshold \(0\.0\) \(minimum 1 datapoint for OK -> ALARM transition\)\.$/,
    ),
    StateChangeTime: expect.any(String),
    Region: 'US East (N. Virginia)',
    AlarmArn: 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:backlog',
    OldStateValue: 'OK',
    OKActions: [physical('Alerts')],
    AlarmActions: [physical('Alerts')],
    InsufficientDataActions: [physical('Alerts')],
    Trigger: {
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Namespace: 'AWS/SQS',
      StatisticType: 'Statistic',
      Statistic: 'MAXIMUM',
      Unit: null,
      Dimensions: [{ value: physical('Work').split('/').at(-1), name: 'QueueName' }],
      Period: 60,
      EvaluationPeriods: 1,
      DatapointsToAlarm: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
      TreatMissingData: 'notBreaching',
      EvaluateLowSampleCountPercentile: '',
    },
  });
  await purge();
  await inState('backlog', 'OK');
  expect(await notice()).toMatchObject({ OldStateValue: 'ALARM', NewStateValue: 'OK' });
});

test('disabled actions tell nobody, and the state changes all the same', async () => {
  const { send, inState, calls, physical } = await startWith({
    ...queueAlarm('quiet', 'Work', { ActionsEnabled: false, ...toTopic }),
    ...queueAlarm('loud', 'Work', { AlarmActions: [{ Ref: 'Alerts' }] }),
  });
  await send('one');
  await inState('quiet', 'ALARM');
  await inState('loud', 'ALARM');
  await until('the notification of the other', async () => (await depth(calls, physical('AlertsInbox'))) > 0);
  const messages = await takeMessages(calls, physical('AlertsInbox'), 1);
  expect(messages.map((message) => bodyOf(message).AlarmName)).toEqual(['loud']);
  expect(await depth(calls, physical('AlertsInbox'))).toBe(0);
});

test('metric math, percentiles and custom metrics are watched too', async () => {
  const sent = {
    Namespace: 'AWS/SQS',
    MetricName: 'NumberOfMessagesSent',
    Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['Work', 'QueueName'] } }],
  };
  const {
    Namespace: _n,
    MetricName: _m,
    Dimensions: _d,
    Statistic: _s,
    Period: _p,
    ...rest
  } = (queueAlarm('math', 'Work').math as JsonObject).Properties as JsonObject;
  const { send, inState } = await startWith({
    math: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        ...rest,
        ...LONG,
        Threshold: 150,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        Metrics: [
          { Id: 'sent', MetricStat: { Metric: sent, Period: 60, Stat: 'Sum' }, ReturnData: false },
          { Id: 'much', Expression: 'FILL(sent, 0) * 100 + 50' },
        ],
      },
    },
    ...queueAlarm('size', 'Work', {
      MetricName: 'SentMessageSize',
      Statistic: { Ref: 'AWS::NoValue' },
      ExtendedStatistic: 'p50',
      ...LONG,
      Threshold: 2,
    }),
  });
  await inState('math', 'OK');
  await send('three');
  await inState('size', 'ALARM');
  await inState('math', 'ALARM');
});

test('a composite alarm follows its children and names the one that changed', async () => {
  const { client, send, inState, notice, engine } = await startWith({
    ...queueAlarm('backlog', 'Work'),
    ...queueAlarm('maintenance', 'AlertsInbox', { Threshold: 1_000 }),
    Either: {
      Type: 'AWS::CloudWatch::CompositeAlarm',
      Properties: {
        AlarmName: 'attention',
        AlarmRule: {
          'Fn::Join': [
            '',
            ['ALARM("', { 'Fn::GetAtt': ['backlog', 'Arn'] }, '") AND NOT ALARM(', { Ref: 'maintenance' }, ')'],
          ],
        },
        AlarmActions: [{ Ref: 'Alerts' }],
      },
    },
  });
  await inState('backlog', 'OK');
  await send('one');
  const told = await notice();
  const backlog = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:backlog';
  expect(told).toMatchObject({
    AlarmName: 'attention',
    NewStateValue: 'ALARM',
    NewStateReason: expect.stringMatching(
      new RegExp(`^${backlog} transitioned to ALARM at \\w+day \\d\\d \\w+, \\d{4} .* UTC$`),
    ),
    AlarmRule: `ALARM("${backlog}") AND NOT ALARM(maintenance)`,
    TriggeringChildren: [{ Arn: backlog, State: { Value: 'ALARM', Timestamp: expect.any(String) } }],
  });
  expect(engine.notices).toEqual([]);
  await client.send(new SetAlarmStateCommand({ AlarmName: 'backlog', StateValue: 'OK', StateReason: 'by hand' }));
  await inState('backlog', 'ALARM');
  // The next evaluation set it back, and the composite alarm went along.
  expect(await notice()).toMatchObject({ AlarmName: 'attention', OldStateValue: 'OK', NewStateValue: 'ALARM' });
});

test.each<[string, JsonObject]>([
  [
    'policy',
    {
      Policy: {
        Type: 'AWS::SNS::TopicPolicy',
        Properties: {
          Topics: [{ Ref: 'Alerts' }],
          PolicyDocument: {
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'events.amazonaws.com' },
                Action: 'sns:Publish',
                Resource: { Ref: 'Alerts' },
              },
            ],
          },
        },
      },
    },
  ],
  [
    'key',
    {
      Key: {
        Type: 'AWS::KMS::Key',
        Properties: {
          KeyPolicy: {
            Statement: [
              { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'kms:*', Resource: '*' },
            ],
          },
        },
      },
      Alerts: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'alerts', KmsMasterKeyId: { Ref: 'Key' } } },
    },
  ],
])('a topic whose %s does not let CloudWatch in is told nothing, and the engine says why', async (_what, resources) => {
  const { send, inState, engine, calls, physical } = await startWith({
    ...queueAlarm('backlog', 'Work', { AlarmActions: [{ Ref: 'Alerts' }] }),
    ...resources,
  });
  await send('one');
  await inState('backlog', 'ALARM');
  const told = () => engine.notices.find((notice) => notice.startsWith('Alarm backlog, action'));
  expect(await until('the notice', told)).toContain('cloudwatch.amazonaws.com');
  expect(await depth(calls, physical('AlertsInbox'))).toBe(0);
});

test('silence of a metric that must be there is breaching; a metric that must not, is not', async () => {
  const silent = { MetricName: 'NumberOfMessagesDeleted' };
  const { inState } = await startWith({
    ...queueAlarm('missing', 'Work', { ...silent, TreatMissingData: 'missing' }),
    ...queueAlarm('breaching', 'Work', { ...silent, TreatMissingData: 'breaching' }),
    ...queueAlarm('notBreaching', 'Work', { ...silent, TreatMissingData: 'notBreaching' }),
    ...queueAlarm('ignore', 'Work', { ...silent, TreatMissingData: 'ignore' }),
  });
  await inState('breaching', 'ALARM');
  await inState('notBreaching', 'OK');
  await inState('missing', 'INSUFFICIENT_DATA');
  await inState('ignore', 'INSUFFICIENT_DATA');
});

test('a change of state is an event on the default bus, for rules to match', async () => {
  const { send, inState, calls, physical, engine } = await startWith({
    ...queueAlarm('backlog', 'Work', { AlarmDescription: 'Look!' }),
    ...letIn('AlertsInbox', 'queue', 'events.amazonaws.com'),
    Rule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        EventPattern: { source: ['aws.cloudwatch'], detail: { state: { value: ['ALARM'] } } },
        Targets: [{ Id: 'inbox', Arn: { 'Fn::GetAtt': ['AlertsInbox', 'Arn'] } }],
      },
    },
  });
  await inState('backlog', 'OK');
  await send('one');
  const [event] = await takeMessages(calls, physical('AlertsInbox'), 1);
  expect(bodyOf(event)).toMatchObject({
    'detail-type': 'CloudWatch Alarm State Change',
    source: 'aws.cloudwatch',
    resources: ['arn:aws:cloudwatch:us-east-1:000000000000:alarm:backlog'],
    detail: {
      alarmName: 'backlog',
      configuration: {
        description: 'Look!',
        metrics: [
          {
            metricStat: {
              metric: { namespace: 'AWS/SQS', name: 'ApproximateNumberOfMessagesVisible' },
              ...{ period: 60, stat: 'Maximum' },
            },
            returnData: true,
          },
        ],
      },
      previousState: { value: 'OK' },
      state: { value: 'ALARM', reason: expect.stringContaining('Threshold Crossed') },
    },
  });
  const RuleName = physical('Rule');
  const [invocations] = engine.services.metrics.find({
    namespace: 'AWS/Events',
    name: 'Invocations',
    dimensions: { RuleName },
  });
  expect(invocations?.unit).toBe('Count');
});

test('a suppressor in ALARM keeps the actions of a composite alarm back, until it is well', async () => {
  const { client, inState, notice, calls, physical } = await startWith({
    ...queueAlarm('backlog', 'Work', { MetricName: 'NumberOfMessagesDeleted', TreatMissingData: 'ignore' }),
    ...queueAlarm('deploying', 'Work', { MetricName: 'NumberOfMessagesDeleted', TreatMissingData: 'ignore' }),
    Attention: {
      Type: 'AWS::CloudWatch::CompositeAlarm',
      Properties: {
        AlarmName: 'attention',
        AlarmRule: 'ALARM(backlog)',
        AlarmActions: [{ Ref: 'Alerts' }],
        ActionsSuppressor: { 'Fn::GetAtt': ['deploying', 'Arn'] },
        ActionsSuppressorWaitPeriod: 60,
        ActionsSuppressorExtensionPeriod: 60,
      },
      DependsOn: ['backlog'],
    },
  });
  const set = (AlarmName: string, StateValue: StateValue) =>
    client.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'by hand' }));
  const attention = async () => {
    const { CompositeAlarms: [alarm] = [] } = await client.send(
      new DescribeAlarmsCommand({ AlarmTypes: ['CompositeAlarm'] }),
    );
    return alarm;
  };
  await until('its first state to be told', async () => {
    const alarm = await attention();
    return alarm?.StateValue === 'OK' && alarm.ActionsSuppressedBy === undefined;
  });
  await set('deploying', 'ALARM');
  await set('backlog', 'ALARM');
  await inState('backlog', 'ALARM');
  expect(await attention()).toMatchObject({ StateValue: 'ALARM', ActionsSuppressedBy: 'Alarm' });
  expect(await depth(calls, physical('AlertsInbox'))).toBe(0);
  await set('deploying', 'OK');
  expect(await notice()).toMatchObject({ AlarmName: 'attention', OldStateValue: 'OK', NewStateValue: 'ALARM' });
  expect((await attention())?.ActionsSuppressedBy).toBeUndefined();
});

test('a deployment changes alarms in place, keeps their states, and deletes those that are gone', async () => {
  const app = (alarms: JsonObject) => writeAssembly({ ...queue('Work'), ...topicWithInbox('Alerts'), ...alarms });
  const both = app({ ...queueAlarm('kept', 'Work'), ...queueAlarm('gone', 'Work') });
  const { engine, calls, physical } = await start(both, { timeScale: TIME_SCALE });
  const client = cloudwatchClient(engine);
  await sendMessage(calls, physical('Work'), 'one');
  await until('the alarm', async () => (await theAlarm(client, 'kept')).StateValue === 'ALARM');
  const { StateTransitionedTimestamp } = await theAlarm(client, 'kept');
  await engine.deploy(app(queueAlarm('kept', 'Work', { AlarmDescription: 'new words' })));
  expect(await theAlarm(client, 'kept')).toMatchObject({
    AlarmDescription: 'new words',
    StateValue: 'ALARM',
    StateTransitionedTimestamp,
  });
  await expect(theAlarm(client, 'gone')).rejects.toThrow('There is no alarm gone');
});

test.each<[string, JsonObject, RegExp]>([
  [
    'an action that is no topic',
    { AlarmActions: ['arn:aws:lambda:us-east-1:000000000000:function:f'] },
    /Bad \(AWS::CloudWatch::Alarm\): The action arn:aws:lambda.* notifies SNS topics/,
  ],
  ['anomaly detection', { ThresholdMetricId: 'ad1' }, /Bad.*ThresholdMetricId.*anomaly detection is not run/],
  ['a property that AWS does not have', { Treshold: 1 }, /Bad.*Treshold is not supported/],
])('refused when the stack is provisioned: %s', async (_what, properties, message) => {
  await expect(startWith(queueAlarm('Bad', 'Work', properties))).rejects.toThrow(message);
});
