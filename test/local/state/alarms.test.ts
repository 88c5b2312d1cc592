import {
  DescribeAlarmsCommand,
  GetDashboardCommand,
  PutCompositeAlarmCommand,
  PutDashboardCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { expect, test } from 'vitest';
import { cloudwatchClient, queueAlarm, theAlarm } from '../cloudwatch/support.ts';
import { queue, start, writeAssembly } from '../engine/support.ts';
import { leftBehind, temporaryDirectory } from './support.ts';

test('alarms keep their settings and states, dashboards their bodies, those made through the API too', async () => {
  const data = temporaryDirectory();
  const assembly = writeAssembly({ ...queue('Work'), ...queueAlarm('backlog', 'Work') });
  const before = cloudwatchClient((await start(assembly, { data })).engine);
  await before.send(new PutCompositeAlarmCommand({ AlarmName: 'by-hand', AlarmRule: 'ALARM(backlog)' }));
  const DashboardBody = '{"widgets":[]}';
  await before.send(new PutDashboardCommand({ DashboardName: 'mine', DashboardBody }));
  await before.send(new SetAlarmStateCommand({ AlarmName: 'backlog', StateValue: 'ALARM', StateReason: 'by hand' }));
  const { StateTransitionedTimestamp } = await theAlarm(before, 'backlog');

  const after = cloudwatchClient((await start(assembly, { data: leftBehind(data) })).engine);
  expect(await theAlarm(after, 'backlog')).toMatchObject({
    ...{ StateValue: 'ALARM', StateReason: 'by hand', StateTransitionedTimestamp },
    ...{ Period: 60, Threshold: 0, TreatMissingData: 'notBreaching' },
  });
  const { CompositeAlarms } = await after.send(new DescribeAlarmsCommand({ AlarmTypes: ['CompositeAlarm'] }));
  expect(CompositeAlarms).toMatchObject([{ AlarmName: 'by-hand', AlarmRule: 'ALARM(backlog)', StateValue: 'ALARM' }]);
  expect(await after.send(new GetDashboardCommand({ DashboardName: 'mine' }))).toMatchObject({ DashboardBody });
});
