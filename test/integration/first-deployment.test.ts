import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchClient, DescribeAlarmHistoryCommand, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { afterEach, expect, it } from 'vitest';
import { anOrder, eventually, type OrdersOnEngine, STACK, startOrders } from './orders-app.ts';

/** A minute of CloudWatch lasts half a second: slow enough for the orders to be done within the minutes that alarms look at. */
const TIME_SCALE = 120;
const WATCHED_MS = 5_000;
const ORDER_EVERY_MS = 200;

let app: OrdersOnEngine | undefined;
afterEach(async () => {
  await app?.close();
});

/** Names of the alarms of a severity that have been in ALARM, without their stack. */
async function rang(cloudwatch: CloudWatchClient, severity: 'CRITICAL' | 'WARNING'): Promise<string[]> {
  const { MetricAlarms = [], CompositeAlarms = [] } = await cloudwatch.send(
    new DescribeAlarmsCommand({ AlarmNamePrefix: `${STACK}-`, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] }),
  );
  const names = new Set<string>();
  for (const { AlarmName = '', AlarmDescription } of [...MetricAlarms, ...CompositeAlarms]) {
    if (!AlarmDescription?.startsWith(severity)) continue;
    const { AlarmHistoryItems = [] } = await cloudwatch.send(
      new DescribeAlarmHistoryCommand({ AlarmName, HistoryItemType: 'StateUpdate' }),
    );
    if (AlarmHistoryItems.some(({ HistorySummary }) => HistorySummary?.endsWith('to ALARM')))
      names.add(AlarmName.slice(STACK.length + 1));
  }
  return [...names];
}

it('a first deployment rings nobody up: for ten minutes without traffic and ten minutes with it, no critical alarm', async () => {
  const deployed = await startOrders({ timeScale: TIME_SCALE });
  app = deployed;
  const cloudwatch = new CloudWatchClient({});
  await sleep(WATCHED_MS);
  // The alarms are looked at: half of the usual orders are missing, which is a warning.
  expect(await rang(cloudwatch, 'WARNING')).toContain('charge-card-received-drop');
  expect(await rang(cloudwatch, 'CRITICAL')).toEqual([]);
  for (const end = performance.now() + WATCHED_MS; performance.now() < end; await sleep(ORDER_EVERY_MS)) {
    expect(await deployed.shop.place(anOrder())).toMatchObject({ status: 'accepted' });
  }
  await eventually('the sweeper has measured', async () => {
    const AlarmNames = [`${STACK}-order-outbox-oldest-unpublished`];
    const { MetricAlarms = [] } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames }));
    return MetricAlarms[0]?.StateValue === 'OK';
  });
  expect(await rang(cloudwatch, 'CRITICAL')).toEqual([]);
  cloudwatch.destroy();
}, 120_000);
