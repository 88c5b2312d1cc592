import {
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  type MetricAlarm,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
} from '@aws-sdk/client-cloudwatch';
import { eventually } from '../integration/orders-app.ts';
import type { TroubledApp } from './app.ts';

/** Waits until an alarm has gone into a state, however short it was there. */
export const changedTo = (app: TroubledApp, alarm: string, state: 'ALARM' | 'OK'): Promise<unknown> =>
  eventually(`${alarm} to go to ${state}`, async () => {
    const { AlarmHistoryItems = [] } = await app.cloudwatch.send(
      new DescribeAlarmHistoryCommand({ AlarmName: nameOf(app, alarm), HistoryItemType: 'StateUpdate' }),
    );
    return AlarmHistoryItems.some(({ HistorySummary = '' }) => HistorySummary.endsWith(`to ${state}`));
  });

/** Waits until an alarm is in a state. */
export const isIn = (app: TroubledApp, alarm: string, state: 'ALARM' | 'OK'): Promise<unknown> =>
  eventually(`${alarm} to be ${state}`, async () => {
    const { MetricAlarms = [], CompositeAlarms = [] } = await app.cloudwatch.send(
      new DescribeAlarmsCommand({ AlarmNames: [nameOf(app, alarm)], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] }),
    );
    return [...MetricAlarms, ...CompositeAlarms][0]?.StateValue === state;
  });

/**
 * Gives an alarm another threshold and one minute to look at, as `alarms: { 'queue-depth': { threshold: 2, minutes: 1 } }` would: what takes hours
 * or ten thousand messages is not waited for.
 */
export async function declareAnew(app: TroubledApp, alarm: string, threshold?: number): Promise<void> {
  const AlarmNames = [nameOf(app, alarm)];
  const { MetricAlarms: [old] = [] } = await app.cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames }));
  if (old === undefined) throw new Error(`there is no alarm ${AlarmNames[0]}`);
  await app.cloudwatch.send(
    new PutMetricAlarmCommand({
      ...settingsOf(old),
      EvaluationPeriods: 1,
      DatapointsToAlarm: 1,
      Threshold: threshold ?? old.Threshold,
    }),
  );
}

function settingsOf(alarm: MetricAlarm): PutMetricAlarmCommandInput {
  const { AlarmArn: _, StateValue: __, StateReason: ___, StateReasonData: ____, ...rest } = alarm;
  const { AlarmName, EvaluationPeriods, ComparisonOperator, ...settings } = rest;
  if (AlarmName === undefined || EvaluationPeriods === undefined || ComparisonOperator === undefined)
    throw new Error(`an alarm without name, periods or operator: ${JSON.stringify(alarm)}`);
  return { AlarmName, EvaluationPeriods, ComparisonOperator, ...settings };
}

const nameOf = ({ stackName }: TroubledApp, alarm: string): string => `${stackName}-${alarm}`;
