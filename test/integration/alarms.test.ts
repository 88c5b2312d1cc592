import { DescribeAlarmHistoryCommand, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { SendMessageCommand, StartMessageMoveTaskCommand } from '@aws-sdk/client-sqs';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { envelope } from '../../lib/contracts/events/envelope.ts';
import { Parcel } from './alarms/contract.ts';
import { expectGoodNews, openScene, type Scene } from './alarms/incident.ts';
import { parcelIncidents } from './alarms/parcel-incidents.ts';
import { STACK, startWatched, type Watched } from './alarms/system.ts';
import { eventually } from './orders-app.ts';

/** A minute of CloudWatch lasts 0.3 s. */
const TIME_SCALE = 200;
const ALARM = 'weigh-parcel-dead-letters';

let app: Watched;
let scene: Scene;
beforeAll(async () => {
  app = await startWatched(TIME_SCALE);
  scene = await openScene(app.engine, STACK);
}, 60_000);
afterAll(async () => {
  scene?.close();
  await app?.close();
});

async function state(): Promise<string | undefined> {
  const { MetricAlarms = [] } = await app.cloudwatch.send(
    new DescribeAlarmsCommand({ AlarmNames: [`${STACK}-${ALARM}`] }),
  );
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

  const rung = (await scene.settled(ALARM, 'ALARM')).at(-1);
  expect(rung).toMatchObject({
    before: 'OK',
    severity: 'critical',
    description: expect.stringContaining('has given up messages'),
    reason: expect.stringContaining('was greater than the threshold (0.0)'),
  });

  await app.dynamodb.send(new PutCommand({ TableName: app.output('Scales'), Item: { pk: 'mended' } }));
  const [SourceArn, DestinationArn] = [app.output('DeadLettersArn'), app.output('QueueArn')];
  await app.sqs.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn }));

  expect((await scene.settled(ALARM, 'OK')).at(-1)).toMatchObject({ before: 'ALARM' });
  await eventually('the parcel to be weighed', () => isWeighed('anvil'));
  const { AlarmHistoryItems = [] } = await app.cloudwatch.send(
    new DescribeAlarmHistoryCommand({
      AlarmName: `${STACK}-${ALARM}`,
      HistoryItemType: 'StateUpdate',
      ScanBy: 'TimestampAscending',
    }),
  );
  expect(AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary)).toEqual([
    'Alarm updated from INSUFFICIENT_DATA to OK',
    'Alarm updated from OK to ALARM',
    'Alarm updated from ALARM to OK',
  ]);
  expect(app.engine.notices.filter((notice) => notice.includes('larm') || notice.includes('AccessDenied'))).toEqual([]);
}, 60_000);

/** The orders show these for real. */
const SHOWN_BY_ORDERS = [
  'weigh-parcel-dead-letters',
  'weigh-parcel-dead-letters-failed',
  'count-parcels-dead-letters-failed',
  'weigh-parcel-error-rate',
  'count-parcels-error-rate',
  'weigh-parcel-throttles',
  'count-parcels-state-failures',
];

it('what the orders cannot show in a short time goes on for its cause and off after it', async () => {
  const incidents = parcelIncidents(app, scene);
  const shown = [...incidents.flatMap(({ alarms }) => alarms), ...SHOWN_BY_ORDERS];
  expect(shown.toSorted()).toEqual([...scene.alarms.keys()].toSorted());
  for (const incident of incidents) {
    for (const [alarm, news] of await scene.see(incident)) expectGoodNews(alarm, news);
  }
}, 200_000);
