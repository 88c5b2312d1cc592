import {
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  type MetricAlarm,
  type MetricDatum,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  PutMetricDataCommand,
  SetAlarmStateCommand,
  type StateValue,
} from '@aws-sdk/client-cloudwatch';
import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { CreateTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { conformanceApp, failure, until } from './app.ts';
import { conforms } from './conforms.ts';
import { bodies, createQueue, queueArn, receive, send, take } from './sqs-client.ts';

/** A minute of CloudWatch lasts a second. */
const TIME_SCALE = 60;
const app = conformanceApp({ timeScale: TIME_SCALE });
const cloudwatch = () => app.clients.cloudwatch;

/** Four hours of CloudWatch last four minutes: what is put into the middle of a period stays in it while a case runs. */
const PERIOD_SECONDS = 4 * 3_600;
const periodMs = (PERIOD_SECONDS * 1_000) / TIME_SCALE;
/** Real time in the middle of the n-th period before now, from 1. */
const middleOf = (periodsAgo: number) => new Date(Date.now() - (periodsAgo - 0.5) * periodMs);

const NAMESPACE = 'Conformance';
const put = (data: readonly MetricDatum[]) =>
  cloudwatch().send(new PutMetricDataCommand({ Namespace: NAMESPACE, MetricData: [...data] }));

/** Puts the datapoints of `0 - X`, oldest first: 0, none, 10. */
async function putPoints(MetricName: string, points: string): Promise<void> {
  const signs = points.split(' ');
  const data = signs.flatMap((sign, index) =>
    sign === '-' ? [] : [{ MetricName, Value: sign === 'X' ? 10 : 0, Timestamp: middleOf(signs.length - index) }],
  );
  if (data.length > 0) await put(data);
}

const alarmOn = (MetricName: string, more: Partial<PutMetricAlarmCommandInput> = {}) =>
  cloudwatch().send(
    new PutMetricAlarmCommand({
      ...{ AlarmName: MetricName, Namespace: NAMESPACE, MetricName, Statistic: 'Maximum', Threshold: 5 },
      ...{ Period: PERIOD_SECONDS, EvaluationPeriods: 3, ComparisonOperator: 'GreaterThanThreshold' },
      ...more,
    }),
  );
const setState = (AlarmName: string, state: StateValue) =>
  cloudwatch().send(new SetAlarmStateCommand({ AlarmName, StateValue: state, StateReason: 'by hand' }));
async function described(name: string): Promise<MetricAlarm> {
  const { MetricAlarms: [alarm] = [] } = await cloudwatch().send(new DescribeAlarmsCommand({ AlarmNames: [name] }));
  if (alarm === undefined) throw new Error(`no alarm ${name}`);
  return alarm;
}
const inState = (name: string, state: StateValue) =>
  until(`${name} in ${state}`, async () => (await described(name)).StateValue === state);

/** Every change of a state, before and after, the oldest first. */
async function changesOf(name: string): Promise<string[][]> {
  const { AlarmHistoryItems = [] } = await cloudwatch().send(
    new DescribeAlarmHistoryCommand({
      ...{ AlarmName: name, HistoryItemType: 'StateUpdate', ScanBy: 'TimestampAscending' },
    }),
  );
  return AlarmHistoryItems.map(({ HistoryData = '{}' }) => {
    const { oldState, newState } = JSON.parse(HistoryData);
    return [oldState.stateValue, newState.stateValue];
  });
}

/** Waits until all alarms that are there have been evaluated: one made later has. */
async function evaluated(): Promise<void> {
  const name = app.id('sentinel');
  await alarmOn(name, { TreatMissingData: 'notBreaching' });
  await inState(name, 'OK');
}

/** Datapoints, M of 3, and the states for missing, ignore, breaching and notBreaching. `-`: the state it was in. */
const TABLES: readonly (readonly [points: string, m: number, ...states: string[]])[] = [
  ['0 - X - X', 3, 'OK', 'OK', 'OK', 'OK'],
  ['0 - - - -', 3, 'OK', 'OK', 'OK', 'OK'],
  ['- - - - -', 3, 'INSUFFICIENT_DATA', '-', 'ALARM', 'OK'],
  ['0 X X - X', 3, 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
  ['- - X - -', 3, 'ALARM', '-', 'ALARM', 'OK'],
  ['0 - X - X', 2, 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
  ['0 0 X 0 X', 2, 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
  ['0 - X - -', 2, 'OK', 'OK', 'ALARM', 'OK'],
  ['- - - - 0', 2, 'OK', 'OK', 'ALARM', 'OK'],
  ['- - - X -', 2, 'ALARM', '-', 'ALARM', 'OK'],
];

/** Runs the documentation's tables for one way to treat missing data. Alarms start in whichever state they must leave. */
async function tables(TreatMissingData: string, column: number): Promise<void> {
  const expected = new Map<string, string>();
  for (const [points, DatapointsToAlarm, ...states] of TABLES) {
    const name = app.id(TreatMissingData);
    const wanted = states[column] ?? '';
    const before = wanted === 'OK' ? 'ALARM' : 'OK';
    expected.set(name, wanted === '-' ? before : wanted);
    await putPoints(name, points);
    await alarmOn(name, { TreatMissingData, DatapointsToAlarm });
    await setState(name, before);
  }
  await evaluated();
  const { MetricAlarms = [] } = await cloudwatch().send(
    new DescribeAlarmsCommand({ AlarmNamePrefix: TreatMissingData }),
  );
  expect(new Map(MetricAlarms.map(({ AlarmName = '', StateValue = '' }) => [AlarmName, StateValue]))).toEqual(expected);
}

conforms(
  'CloudWatch: the documented tables of alarm states, missing data treated as missing',
  { source: 'cloudwatch-missing' },
  () => tables('missing', 0),
);

conforms(
  'CloudWatch: the documented tables of alarm states, missing data ignored',
  { source: 'cloudwatch-missing' },
  () => tables('ignore', 1),
);

conforms(
  'CloudWatch: the documented tables of alarm states, missing data breaching',
  { source: 'cloudwatch-missing' },
  () => tables('breaching', 2),
);

conforms(
  'CloudWatch: the documented tables of alarm states, missing data not breaching',
  { source: 'cloudwatch-missing' },
  () => tables('notBreaching', 3),
);

conforms(
  'CloudWatch: too few breaching datapoints raise no premature alarm; the state is INSUFFICIENT_DATA',
  {
    source: 'cloudwatch-missing',
    faithful: 'partly',
    remark: 'AWS says that the alarm does not go off, and in a table of 2018 only which state it has.',
  },
  async () => {
    await putPoints('premature', '- - - - X');
    await alarmOn('premature');
    await setState('premature', 'OK');
    await inState('premature', 'INSUFFICIENT_DATA');
    expect((await changesOf('premature')).slice(-2)).toEqual([
      ['INSUFFICIENT_DATA', 'OK'],
      ['OK', 'INSUFFICIENT_DATA'],
    ]);
  },
);

conforms(
  'CloudWatch: an alarm begins in INSUFFICIENT_DATA, and keeps its state when its settings change',
  { source: 'cloudwatch-alarms' },
  async () => {
    await alarmOn('kept', { TreatMissingData: 'ignore' });
    expect(await described('kept')).toMatchObject({
      StateValue: 'INSUFFICIENT_DATA',
      StateReason: 'Unchecked: Initial alarm creation',
    });
    await setState('kept', 'ALARM');
    await alarmOn('kept', { TreatMissingData: 'ignore', Threshold: 50 });
    await evaluated();
    expect(await described('kept')).toMatchObject({ StateValue: 'ALARM', Threshold: 50 });
  },
);

conforms(
  'CloudWatch: a state set by hand lasts until the next evaluation',
  { source: 'cloudwatch-alarms' },
  async () => {
    await alarmOn('by-hand', { TreatMissingData: 'notBreaching' });
    await inState('by-hand', 'OK');
    await setState('by-hand', 'ALARM');
    await inState('by-hand', 'OK');
    // The state alone would be the same had nothing been set.
    expect(await changesOf('by-hand')).toEqual([
      ['INSUFFICIENT_DATA', 'OK'],
      ['OK', 'ALARM'],
      ['ALARM', 'OK'],
    ]);
  },
);

conforms(
  'CloudWatch: dimensions are part of a metric: an alarm without them does not match',
  { source: 'cloudwatch-alarms' },
  async () => {
    const Dimensions = [{ Name: 'StreamName', Value: 'log' }];
    await put([{ MetricName: 'lag', Dimensions, Value: 10, Timestamp: middleOf(1) }]);
    await alarmOn('lag', { AlarmName: 'lag-with', Dimensions, EvaluationPeriods: 1, TreatMissingData: 'notBreaching' });
    await alarmOn('lag', { AlarmName: 'lag-without', EvaluationPeriods: 1, TreatMissingData: 'notBreaching' });
    await inState('lag-with', 'ALARM');
    await inState('lag-without', 'OK');
  },
);

conforms(
  'CloudWatch: in metric math a value that one of two series lacks is 0, and a division by zero is dropped',
  { source: 'cloudwatch-math' },
  async () => {
    await putPoints('errors', 'X - X');
    await putPoints('calls', 'X X 0');
    const stat = (MetricName: string) => ({
      MetricStat: { Metric: { Namespace: NAMESPACE, MetricName }, Period: PERIOD_SECONDS, Stat: 'Sum' },
      ReturnData: false,
    });
    const { MetricDataResults: [sum, ratio] = [] } = await cloudwatch().send(
      new GetMetricDataCommand({
        StartTime: new Date(Date.now() - 5 * periodMs),
        EndTime: new Date(),
        ScanBy: 'TimestampAscending',
        MetricDataQueries: [
          { Id: 'errors', ...stat('errors') },
          { Id: 'calls', ...stat('calls') },
          { Id: 'sum', Expression: 'errors + calls' },
          { Id: 'ratio', Expression: '100 * errors / calls' },
        ],
      }),
    );
    expect([sum?.Values, ratio?.Values]).toEqual([
      [20, 10, 10],
      [100, 0],
    ]);
  },
);

conforms(
  'CloudWatch: a composite alarm follows its children, one that names an alarm that is not there is refused',
  { source: 'cloudwatch-composite' },
  async () => {
    await alarmOn('child', { TreatMissingData: 'ignore' });
    await cloudwatch().send(new PutCompositeAlarmCommand({ AlarmName: 'parent', AlarmRule: 'NOT OK(child)' }));
    const parent = async () => {
      const command = new DescribeAlarmsCommand({ AlarmNames: ['parent'], AlarmTypes: ['CompositeAlarm'] });
      return (await cloudwatch().send(command)).CompositeAlarms?.[0]?.StateValue;
    };
    await until('the parent in ALARM', async () => (await parent()) === 'ALARM');
    await setState('child', 'OK');
    expect(await parent()).toBe('OK');
    const orphan = cloudwatch().send(new PutCompositeAlarmCommand({ AlarmName: 'orphan', AlarmRule: 'OK(nobody)' }));
    expect((await failure(orphan)).message).toContain('nobody');
  },
);

conforms(
  'CloudWatch: DescribeAlarms shows metric alarms only, unless it is asked for others',
  { source: 'cloudwatch-api' },
  async () => {
    await cloudwatch().send(new PutCompositeAlarmCommand({ AlarmName: 'shy', AlarmRule: 'FALSE' }));
    const shown = await cloudwatch().send(new DescribeAlarmsCommand({ AlarmNames: ['shy'] }));
    expect([shown.MetricAlarms ?? [], shown.CompositeAlarms ?? []]).toEqual([[], []]);
  },
);

conforms(
  'CloudWatch: an action is taken when the state changes, not while it lasts; the topic gets the documented message',
  { source: 'cloudwatch-alarms' },
  async () => {
    const { TopicArn = '' } = await app.clients.sns.send(new CreateTopicCommand({ Name: 'told' }));
    const inbox = await createQueue(app.clients.sqs, 'told');
    const Statement = [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: queueArn(inbox),
      },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await app.clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl: inbox, Attributes: { Policy } }));
    await app.clients.sns.send(
      new SubscribeCommand({
        ...{ TopicArn, Protocol: 'sqs', Endpoint: queueArn(inbox), Attributes: { RawMessageDelivery: 'true' } },
      }),
    );
    await alarmOn('told', { TreatMissingData: 'breaching', AlarmActions: [TopicArn] });
    await inState('told', 'ALARM');
    await evaluated();
    await evaluated();
    const messages = bodies(await take(app.clients.sqs, inbox, 1));
    expect(messages.map((body) => JSON.parse(body ?? ''))).toEqual([
      expect.objectContaining({
        AlarmName: 'told',
        NewStateValue: 'ALARM',
        OldStateValue: 'INSUFFICIENT_DATA',
        NewStateReason:
          'Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching].',
        Trigger: expect.objectContaining({ MetricName: 'told', Statistic: 'MAXIMUM', Period: PERIOD_SECONDS }),
      }),
    ]);
    expect(await receive(app.clients.sqs, inbox)).toEqual([]);
  },
);

/** Sum of a metric of AWS over the last hour of the clock. */
async function sumOf(
  Namespace: string,
  MetricName: string,
  ...[name, value]: [] | [name: string, value: string]
): Promise<number | undefined> {
  const Dimensions = name === undefined ? [] : [{ Name: name, Value: value }];
  const Metric = { Namespace, MetricName, Dimensions };
  const { MetricDataResults: [result] = [] } = await cloudwatch().send(
    new GetMetricDataCommand({
      StartTime: new Date(Date.now() - 600_000),
      EndTime: new Date(Date.now() + 1_000),
      MetricDataQueries: [{ Id: 'm', MetricStat: { Metric, Period: 60, Stat: 'Sum' } }],
    }),
  );
  return result?.Values?.length ? result.Values.reduce((sum, one) => sum + one, 0) : undefined;
}

conforms(
  'CloudWatch: NumberOfMessagesSent of a dead-letter queue does not count what redrive moves there, its depth does',
  { source: 'sqs-metrics' },
  async () => {
    const { sqs } = app.clients;
    const dead = await createQueue(sqs, 'metered-dead');
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn(dead), maxReceiveCount: 1 });
    const url = await createQueue(sqs, 'metered', { VisibilityTimeout: '0', RedrivePolicy });
    await send(sqs, url, 'x');
    for (let n = 0; n < 2; n++) await sqs.send(new ReceiveMessageCommand({ QueueUrl: url }));
    await until('the depth', () => sumOf('AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'QueueName', 'metered-dead'));
    expect(await sumOf('AWS/SQS', 'NumberOfMessagesSent', 'QueueName', 'metered-dead')).toBeUndefined();
    expect(await sumOf('AWS/SQS', 'NumberOfMessagesSent', 'QueueName', 'metered')).toBe(1);
  },
);

const closed = app.lambda('return 1;', { ReservedConcurrentExecutions: 0 });
conforms(
  'CloudWatch: a throttled call is counted in Throttles and not in Invocations',
  { source: 'lambda-metrics' },
  async () => {
    await failure(app.clients.lambda.send(new InvokeCommand({ FunctionName: closed.name })));
    expect(await sumOf('AWS/Lambda', 'Throttles', 'FunctionName', closed.name)).toBe(1);
    expect(await sumOf('AWS/Lambda', 'Invocations', 'FunctionName', closed.name)).toBeUndefined();
  },
);

const writer = app.lambda(`
  const CloudWatchMetrics = [{ Namespace: 'Emf', Dimensions: [['shop'], []], Metrics: [{ Name: 'Sales', Unit: 'Count' }] }];
  console.log(JSON.stringify({ _aws: { Timestamp: Date.now(), CloudWatchMetrics }, shop: 'a', Sales: [1, 2] }));`);
const logger = app.lambda(
  `console.log('error Sales'); process.stdout.write(JSON.stringify({ level: 'error', code: 7 }) + '\\n'); console.warn(JSON.stringify({ code: 8 }));`,
);
conforms(
  'CloudWatch: SEARCH finds the metrics of a schema by names and values, for graphs but not for alarms',
  { source: 'cloudwatch-search', faithful: 'partly', remark: 'no OR, NOT, parentheses or searches without a schema' },
  async () => {
    const Timestamp = middleOf(2);
    const lag = (shard: string, Value: number, stream = 'clicks') => {
      const Dimensions = Object.entries({ stream, shard }).map(([Name, Value]) => ({ Name, Value }));
      return { MetricName: 'ShardLag', Dimensions, Value, Timestamp };
    };
    await put([lag('0', 1), lag('1', 2), lag('0', 9, 'orders'), { MetricName: 'ShardLag', Value: 9, Timestamp }]);
    const search = `SEARCH('{${NAMESPACE},stream,shard} MetricName="ShardLag" stream="clicks"', 'Maximum')`;
    const sum = async (Expression: string) => {
      const range = { StartTime: middleOf(3), EndTime: new Date() };
      const MetricDataQueries = [{ Id: 'each', Expression, Period: 60 }];
      const { MetricDataResults = [] } = await cloudwatch().send(
        new GetMetricDataCommand({ ...range, MetricDataQueries }),
      );
      return MetricDataResults.map(({ Values = [] }) => Values);
    };
    expect(await sum(search)).toEqual([[1], [2]]);
    expect(await sum(`SUM(${search})`)).toEqual([[3]]);
    const Metrics = [{ Id: 'each', Expression: `SUM(${search})`, ReturnData: true }];
    const settings = { AlarmName: 'searching', Metrics, EvaluationPeriods: 1, Threshold: 1 };
    const alarm = new PutMetricAlarmCommand({ ...settings, ComparisonOperator: 'GreaterThanThreshold' });
    expect(await failure(cloudwatch().send(alarm))).toMatchObject({
      message: expect.stringContaining('SEARCH is not supported on Metric Alarms'),
    });
  },
);

conforms(
  'CloudWatch: a log line in the embedded metric format becomes a metric for every set of dimensions',
  { source: 'cloudwatch-emf' },
  async () => {
    await app.clients.lambda.send(new InvokeCommand({ FunctionName: writer.name }));
    expect(await until('the metric', () => sumOf('Emf', 'Sales', 'shop', 'a'))).toBe(3);
    expect(await sumOf('Emf', 'Sales')).toBe(3);
  },
);

conforms(
  'CloudWatch Logs: lines are found by terms and by members of their JSON',
  { source: 'logs-filters' },
  async () => {
    await app.clients.lambda.send(new InvokeCommand({ FunctionName: logger.name }));
    const find = async (filterPattern: string) => {
      const logGroupName = `/aws/lambda/${logger.name}`;
      const { events = [] } = await app.clients.logs.send(new FilterLogEventsCommand({ logGroupName, filterPattern }));
      return events.map(({ message }) => message);
    };
    const line = '{"level":"error","code":7}';
    expect(await until('the line', async () => (await find('error -Sales')).at(-1))).toBe(line);
    expect(await find('{ $.level = "err*" && $.code >= 7 }')).toContain(line);
    expect(await find('{ $.code > 7 }')).toEqual([]);
  },
);

conforms(
  'CloudWatch Logs: what a function writes through console begins with time, request id and level, and is no JSON',
  { source: 'logs-nodejs' },
  async () => {
    await app.clients.lambda.send(new InvokeCommand({ FunctionName: logger.name }));
    const logGroupName = `/aws/lambda/${logger.name}`;
    const find = async (filterPattern: string) =>
      (await app.clients.logs.send(new FilterLogEventsCommand({ logGroupName, filterPattern }))).events ?? [];
    const [warning] = await until('the warning', async () => {
      const found = await find('WARN');
      return found.length > 0 && found;
    });
    expect(warning?.message).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z\t[0-9a-f-]{36}\tWARN\t\{"code":8\}$/);
    expect(await find('{ $.code = 8 }')).toEqual([]);
  },
);
