import {
  DeleteAlarmsCommand,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  DescribeAlarmsForMetricCommand,
  DisableAlarmActionsCommand,
  GetDashboardCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListDashboardsCommand,
  ListMetricsCommand,
  type MetricDatum,
  PutAnomalyDetectorCommand,
  PutCompositeAlarmCommand,
  PutDashboardCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { AwsQueryProtocol, AwsSmithyRpcV2CborProtocol } from '@aws-sdk/core/protocols';
import { describe, expect, test } from 'vitest';
import { lambda, queue, start, until, writeAssembly } from '../../engine/support.ts';
import { cloudwatchClient, theAlarm, topicArn } from '../support.ts';

const engineOnly = async () => (await start(writeAssembly(queue('Any')))).engine;
const MINUTE_MS = 60_000;
const range = () => ({ StartTime: new Date(Date.now() - 10 * MINUTE_MS), EndTime: new Date(Date.now() + MINUTE_MS) });
/** The start of the minute before last: no test can straddle its end. */
const past = () => new Date(Math.floor(Date.now() / MINUTE_MS - 2) * MINUTE_MS);

const stat = (MetricName: string, Stat: string) => ({
  MetricStat: {
    Metric: { Namespace: 'Shop', MetricName, Dimensions: [{ Name: 'till', Value: '1' }] },
    Period: 60,
    Stat,
  },
});
const alarm: PutMetricAlarmCommandInput = {
  AlarmName: 'slow',
  AlarmDescription: 'What is slow <here>',
  Namespace: 'Shop',
  MetricName: 'Latency',
  ExtendedStatistic: 'p90',
  Period: 60,
  EvaluationPeriods: 3,
  DatapointsToAlarm: 2,
  Threshold: 0.5,
  ComparisonOperator: 'GreaterThanThreshold',
  AlarmActions: [topicArn('t')],
};

describe.each([
  ['JSON 1.0', undefined, 'application/x-amz-json-1.0'],
  ['RPC v2 CBOR', AwsSmithyRpcV2CborProtocol, 'application/cbor'],
  ['Query', AwsQueryProtocol, 'text/xml'],
] as const)('a stock SDK over %s', (_name, protocol, contentType) => {
  test('is told what it gets, an answer or an error', async () => {
    const client = cloudwatchClient(await engineOnly(), protocol);
    const told: Record<string, string>[] = [];
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        told.push((result.response as { readonly headers: Record<string, string> }).headers);
        return result;
      },
      { step: 'finalizeRequest', priority: 'low', name: 'headers' },
    );
    client.middlewareStack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          told.push((error as { $response?: { headers: Record<string, string> } }).$response?.headers ?? {});
          throw error;
        }
      },
      { step: 'initialize', name: 'headersOfErrors' },
    );
    await client.send(new ListMetricsCommand({}));
    await expect(
      client.send(new SetAlarmStateCommand({ AlarmName: 'none', StateValue: 'OK', StateReason: '-' })),
    ).rejects.toThrow();
    expect(told).toHaveLength(2);
    for (const headers of told) {
      expect(headers['content-type']).toContain(contentType);
      if (contentType === 'application/cbor') expect(headers['smithy-protocol']).toBe('rpc-v2-cbor');
    }
  });

  test('puts, lists and reads metrics, math included', async () => {
    const client = cloudwatchClient(await engineOnly(), protocol);
    const Timestamp = past();
    const common = { Dimensions: [{ Name: 'till', Value: '1' }], Timestamp };
    const MetricData: MetricDatum[] = [
      { MetricName: 'Sales', Value: 3, Unit: 'Count', ...common },
      { MetricName: 'Sales', Values: [1, 2], Counts: [2, 1], Unit: 'Count', ...common },
      { MetricName: 'Latency', StatisticValues: { SampleCount: 4, Sum: 2, Minimum: 0.25, Maximum: 1 }, ...common },
    ];
    await client.send(new PutMetricDataCommand({ Namespace: 'Shop', MetricData }));

    const { Metrics = [] } = await client.send(new ListMetricsCommand({ Namespace: 'Shop', MetricName: 'Sales' }));
    expect(Metrics).toEqual([{ Namespace: 'Shop', MetricName: 'Sales', Dimensions: [{ Name: 'till', Value: '1' }] }]);

    const MetricDataQueries = [
      { Id: 'sales', ...stat('Sales', 'Sum'), ReturnData: false },
      { Id: 'slowest', ...stat('Latency', 'Maximum') },
      { Id: 'each', Expression: 'sales / 2 + slowest', Label: 'Both' },
    ];
    const data = await client.send(new GetMetricDataCommand({ ...range(), MetricDataQueries }));
    expect(data.MetricDataResults).toEqual([
      { Id: 'slowest', Label: 'Latency', Timestamps: [Timestamp], Values: [1], StatusCode: 'Complete' },
      { Id: 'each', Label: 'Both', Timestamps: [Timestamp], Values: [4.5], StatusCode: 'Complete' },
    ]);

    const statistics = await client.send(
      new GetMetricStatisticsCommand({
        ...range(),
        ...{ Namespace: 'Shop', MetricName: 'Sales', Dimensions: [{ Name: 'till', Value: '1' }], Period: 60 },
        ...{ Statistics: ['Sum', 'SampleCount', 'Average', 'Minimum', 'Maximum'], ExtendedStatistics: ['p50'] },
      }),
    );
    expect(statistics.Datapoints).toEqual([
      {
        ...{ Timestamp, Sum: 7, SampleCount: 4, Average: 1.75, Minimum: 1, Maximum: 3, Unit: 'Count' },
        ExtendedStatistics: { p50: 1 },
      },
    ]);
  });

  test('makes, reads, sets and deletes alarms', async () => {
    const client = cloudwatchClient(await engineOnly(), protocol);
    await client.send(new PutMetricAlarmCommand(alarm));
    expect(await theAlarm(client)).toMatchObject({
      ...alarm,
      ...{ StateValue: 'INSUFFICIENT_DATA', StateReason: 'Unchecked: Initial alarm creation', ActionsEnabled: true },
      AlarmArn: 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:slow',
    });
    await client.send(new DisableAlarmActionsCommand({ AlarmNames: ['slow'] }));
    await client.send(new SetAlarmStateCommand({ AlarmName: 'slow', StateValue: 'OK', StateReason: 'by hand' }));
    const set = await theAlarm(client, 'slow');
    expect(set).toMatchObject({ StateValue: 'OK', StateReason: 'by hand', ActionsEnabled: false });
    expect(set.StateUpdatedTimestamp).toBeInstanceOf(Date);

    await client.send(new PutCompositeAlarmCommand({ AlarmName: 'both', AlarmRule: 'NOT OK(slow)' }));
    const { MetricAlarms, CompositeAlarms } = await client.send(
      new DescribeAlarmsCommand({ AlarmTypes: ['CompositeAlarm', 'MetricAlarm'] }),
    );
    expect(MetricAlarms?.map(({ AlarmName }) => AlarmName)).toEqual(['slow']);
    expect(CompositeAlarms?.map(({ AlarmName, AlarmRule }) => [AlarmName, AlarmRule])).toEqual([
      ['both', 'NOT OK(slow)'],
    ]);
    // Without AlarmTypes AWS shows metric alarms only.
    const { CompositeAlarms: unasked } = await client.send(new DescribeAlarmsCommand({}));
    expect(unasked ?? []).toEqual([]);

    const forMetric = await client.send(
      new DescribeAlarmsForMetricCommand({ Namespace: 'Shop', MetricName: 'Latency' }),
    );
    expect(forMetric.MetricAlarms?.length).toBe(1);

    const { AlarmHistoryItems = [] } = await client.send(new DescribeAlarmHistoryCommand({ AlarmName: 'slow' }));
    expect(AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary)).toEqual([
      'Alarm updated from INSUFFICIENT_DATA to OK',
      'Alarm "slow" created',
    ]);

    await client.send(new DeleteAlarmsCommand({ AlarmNames: ['both', 'slow'] }));
    await expect(theAlarm(client)).rejects.toThrow('There is no alarm');
  });

  test('keeps dashboards', async () => {
    const client = cloudwatchClient(await engineOnly(), protocol);
    const DashboardBody = JSON.stringify({
      widgets: [{ type: 'text', properties: { markdown: '# <Orders> & more' } }],
    });
    await client.send(new PutDashboardCommand({ DashboardName: 'orders', DashboardBody }));
    expect(await client.send(new GetDashboardCommand({ DashboardName: 'orders' }))).toMatchObject({ DashboardBody });
    const { DashboardEntries = [] } = await client.send(new ListDashboardsCommand({}));
    expect(DashboardEntries).toMatchObject([{ DashboardName: 'orders', Size: DashboardBody.length }]);
  });

  test('gets errors as its protocol tells them, those of the endpoint too', async () => {
    const engine = await engineOnly();
    const client = cloudwatchClient(engine, protocol);
    engine.services.faults.add({
      ...{ service: 'monitoring', operation: 'ListMetrics', when: 'before', action: 'error' },
      error: { status: 403, code: 'AccessDeniedException', message: 'you may not' },
    });
    await expect(client.send(new ListMetricsCommand({}))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('you may not'),
    });
    const unknown = client.send(new GetDashboardCommand({ DashboardName: 'none' }));
    await expect(unknown).rejects.toThrow('Dashboard none does not exist');
    await expect(unknown).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
    const refused = client.send(new PutAnomalyDetectorCommand({ Namespace: 'Shop' }));
    await expect(refused).rejects.toThrow('operation PutAnomalyDetector is not available in the engine');
  });
});

test('large requests may come compressed', async () => {
  const client = cloudwatchClient(await engineOnly());
  const MetricData = Array.from({ length: 500 }, (_, index) => ({
    MetricName: `Long-name-of-a-metric-${index}`,
    Value: 1,
  }));
  await client.send(new PutMetricDataCommand({ Namespace: 'Shop', MetricData }));
  const first = await client.send(new ListMetricsCommand({ Namespace: 'Shop' }));
  expect(first.Metrics?.length).toBe(500);
});

describe('what AWS refuses is refused', () => {
  const put = (change: object) => new PutMetricAlarmCommand({ ...alarm, ...change });
  test.each<[string, object, RegExp]>([
    [
      'an action that is no topic',
      { AlarmActions: ['arn:aws:automate:us-east-1:ec2:stop'] },
      /automate.* is not supported/,
    ],
    ['more datapoints to alarm than periods', { DatapointsToAlarm: 4 }, /DatapointsToAlarm must be less/],
    ['two statistics', { Statistic: 'Sum' }, /Exactly one of Statistic and ExtendedStatistic/],
    ['a statistic that is not there', { ExtendedStatistic: 'wm90' }, /wm90/],
    ['a period of 45 seconds', { Period: 45 }, /45 for parameter Period/],
    ['a look back of more than a day', { Period: 3600, EvaluationPeriods: 30 }, /looks back 115200 s/],
    ['a comparison with a band', { ComparisonOperator: 'GreaterThanUpperThreshold' }, /GreaterThanUpperThreshold/],
    ['a threshold metric', { ThresholdMetricId: 'ad1' }, /anomaly detection is not run/],
  ])('%s', async (_what, change, message) => {
    const client = cloudwatchClient(await engineOnly());
    await expect(client.send(put(change))).rejects.toThrow(message);
  });

  test.each<[string, object[], RegExp]>([
    [
      'an expression and a statistic in one',
      [{ Id: 'm', ...stat('a', 'Sum'), Expression: 'm * 2' }],
      /"m" needs either an Expression or a MetricStat/,
    ],
    ['neither of them', [{ Id: 'm' }], /"m" needs either an Expression or a MetricStat/],
    ['an expression with an unknown id', [{ Id: 'e', Expression: 'x + 1' }], /Unrecognized identifier x/],
    [
      'an expression that is a scalar',
      [
        { Id: 'm', ...stat('a', 'Sum'), ReturnData: false },
        { Id: 'e', Expression: 'SUM(m)' },
      ],
      /needs a time series/,
    ],
    [
      'two results',
      [
        { Id: 'm', ...stat('a', 'Sum') },
        { Id: 'n', ...stat('b', 'Sum') },
      ],
      /Exactly one element/,
    ],
    [
      'a band',
      [
        { Id: 'm', ...stat('a', 'Sum'), ReturnData: false },
        { Id: 'e', Expression: 'ANOMALY_DETECTION_BAND(m)' },
      ],
      /ANOMALY_DETECTION_BAND is not available/,
    ],
  ])('in an alarm with metric math: %s', async (_what, Metrics, message) => {
    const client = cloudwatchClient(await engineOnly());
    const { Namespace: _n, MetricName: _m, ExtendedStatistic: _s, Period: _p, ...rest } = alarm;
    await expect(client.send(new PutMetricAlarmCommand({ ...rest, Metrics: Metrics as [] }))).rejects.toThrow(message);
  });

  test('a composite alarm over alarms that do not exist', async () => {
    const client = cloudwatchClient(await engineOnly());
    const command = new PutCompositeAlarmCommand({ AlarmName: 'c', AlarmRule: 'ALARM(none)' });
    await expect(client.send(command)).rejects.toThrow('alarms [none] in the alarm rule do not exist');
  });

  test('metrics in the namespaces of services', async () => {
    const client = cloudwatchClient(await engineOnly());
    const command = new PutMetricDataCommand({ Namespace: 'AWS/SQS', MetricData: [{ MetricName: 'm', Value: 1 }] });
    await expect(client.send(command)).rejects.toThrow('reserved');
  });
});

test('metrics in the lines of functions are taken, whatever else the function writes', async () => {
  const line = {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [{ Namespace: 'Mine', Dimensions: [['f']], Metrics: [{ Name: 'Runs', Unit: 'Count' }] }],
    },
    ...{ f: 'x', Runs: 1 },
  };
  const { engine, physical, calls } = await start(
    writeAssembly(
      lambda(
        'F',
        `exports.handler = async () => { console.log('hello'); console.log(${JSON.stringify(JSON.stringify(line))}); };`,
      ),
    ),
  );
  const client = cloudwatchClient(engine);
  await calls.rest('lambda', 'POST', `/2015-03-31/functions/${physical('F')}/invocations`, '{}');
  const MetricDataQueries = [
    {
      Id: 'runs',
      MetricStat: {
        Metric: { Namespace: 'Mine', MetricName: 'Runs', Dimensions: [{ Name: 'f', Value: 'x' }] },
        Period: 60,
        Stat: 'Sum',
      },
    },
  ];
  const values = await until('the metric', async () => {
    const { MetricDataResults: [runs] = [] } = await client.send(
      new GetMetricDataCommand({ ...range(), MetricDataQueries }),
    );
    return runs?.Values?.length ? runs.Values : undefined;
  });
  expect(values).toEqual([1]);
});
