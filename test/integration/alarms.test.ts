import { DescribeAlarmHistoryCommand, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { envelope } from '../../lib/contracts/envelope.ts';
import { Parcel } from './alarms/contract.ts';
import { startWatched, type Watched } from './alarms/system.ts';
import { eventually } from './orders-app.ts';

/** A minute of CloudWatch lasts a tenth of a second. */
const TIME_SCALE = 600;
const ALARM = 'watched-weigh-parcel-dead-letters';

let app: Watched;
beforeAll(async () => {
  app = await startWatched(TIME_SCALE);
}, 60_000);
afterAll(() => app?.close());

interface Notification {
  readonly AlarmName: string;
  readonly NewStateValue: string;
  readonly OldStateValue: string;
  readonly NewStateReason: string;
}

/** Notifications the operator's queue has got so far, in order. */
const told: Notification[] = [];

async function readNotifications(): Promise<void> {
  const QueueUrl = app.output('Operator');
  const { Messages = [] } = await app.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1 }));
  for (const { Body = '', ReceiptHandle } of Messages) {
    told.push(JSON.parse(Body) as Notification);
    await app.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
}

const notified = (state: string) =>
  eventually(`the operator to hear that ${ALARM} is ${state}`, async () => {
    await readNotifications();
    return told.find(({ AlarmName, NewStateValue, OldStateValue }) => {
      const first = OldStateValue === 'INSUFFICIENT_DATA';
      return AlarmName === ALARM && NewStateValue === state && !first;
    });
  });

async function state(): Promise<string | undefined> {
  const { MetricAlarms = [] } = await app.cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [ALARM] }));
  return MetricAlarms[0]?.StateValue;
}

const isWeighed = async (parcel: string): Promise<boolean> => {
  const Key = { pk: `weighed/${parcel}` };
  const { Item } = await app.dynamodb.send(new GetCommand({ TableName: app.output('Scales'), Key }));
  return Item !== undefined;
};

it('a poison message rings the alarm of its dead letters and its topic tells; mended and redriven, all is well again', async () => {
  await eventually('the alarm to have seen an empty queue', async () => (await state()) === 'OK');
  const poison = envelope(Parcel, { parcel: 'anvil' }, { id: 'anvil', source: '/test', time: new Date() });
  await app.sqs.send(new SendMessageCommand({ QueueUrl: app.output('Queue'), MessageBody: JSON.stringify(poison) }));

  const rung = await notified('ALARM');
  expect(rung).toMatchObject({
    OldStateValue: 'OK',
    AlarmDescription: expect.stringContaining('has given up messages'),
    NewStateReason: expect.stringContaining('was greater than the threshold (0.0)'),
  });
  expect(await state()).toBe('ALARM');

  await app.dynamodb.send(new PutCommand({ TableName: app.output('Scales'), Item: { pk: 'mended' } }));
  const [SourceArn, DestinationArn] = [app.output('DeadLettersArn'), app.output('QueueArn')];
  await app.sqs.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn }));

  expect(await notified('OK')).toMatchObject({ OldStateValue: 'ALARM' });
  await eventually('the parcel to be weighed', () => isWeighed('anvil'));
  expect(await state()).toBe('OK');
  const { AlarmHistoryItems = [] } = await app.cloudwatch.send(
    new DescribeAlarmHistoryCommand({ AlarmName: ALARM, HistoryItemType: 'StateUpdate', ScanBy: 'TimestampAscending' }),
  );
  expect(AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary)).toEqual([
    'Alarm updated from INSUFFICIENT_DATA to OK',
    'Alarm updated from OK to ALARM',
    'Alarm updated from ALARM to OK',
  ]);
  expect(app.engine.notices.filter((notice) => notice.includes('larm') || notice.includes('AccessDenied'))).toEqual([]);
}, 60_000);
