import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { expect } from 'vitest';
import { eventually } from '../integration/orders-app.ts';
import { declareAnew } from './alarm-states.ts';
import type { TroubledApp } from './app.ts';
import type { Situations } from './situation.ts';
import {
  allCharged,
  disableMapping,
  holds,
  mappingSetting,
  mend,
  placeOrder,
  placeOrders,
  REFUSED,
  refuse,
  stopFunctions,
} from './trouble.ts';

const lag = 'sales-totals';

const shardsOf = async ({ clients, output }: TroubledApp): Promise<number | undefined> => {
  const StreamName = output('OrderLog');
  const { StreamDescriptionSummary } = await clients.kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
  return StreamDescriptionSummary?.OpenShardCount;
};

/** Orders in the sales totals. */
const total = async ({ clients, output }: TroubledApp): Promise<number> => {
  const { Items = [] } = await clients.dynamodb.send(new ScanCommand({ TableName: output('TotalsTable') }));
  return Items.reduce((sum, { orders }) => sum + Number(orders), 0);
};

/** Leaves a row in the outbox that no relay will ever publish: its sequence was used before. */
async function strand({ clients, output }: TroubledApp, aggregateId: string): Promise<void> {
  const TableName = output('OutboxTable');
  await clients.dynamodb.send(new PutCommand({ TableName, Item: { aggregateId, sequence: -1, published: 3 } }));
  const row = { aggregateId, sequence: 1, body: '{}', createdAt: new Date().toISOString(), unpublished: '0' };
  await clients.dynamodb.send(new PutCommand({ TableName, Item: row }));
}

/** Troubles of logs and their consumers, of producers and of the outbox. */
export const LOG_SITUATIONS: Situations = {
  'iterator-age': {
    alarm: `${lag}-iterator-age`,
    async trouble(app) {
      await declareAnew(app, `${lag}-iterator-age`, 200);
      refuse(app, lag, { service: 'dynamodb', operation: 'TransactWriteItems', error: REFUSED });
      await placeOrders(app, 1);
    },
    after: { 2: (_, printed) => expect(printed).toMatch(/Enabled[\s\S]*168\s+2/) },
    over: async (app) => {
      mend(app);
      await eventually('the totals', async () => (await total(app)) === 1);
      expect(await shardsOf(app)).toBe(4);
    },
  },

  'log-lag-messages': {
    async trouble(app) {
      await placeOrders(app, 2);
      await eventually('the totals', async () => (await total(app)) === 2);
    },
    after: { 2: (_, printed) => expect(printed).toMatch(/IncomingRecords.*\d[\s\S]*Consumed.*\d/) },
    over: async (app) => expect(await mappingSetting(app, lag, 'BatchSize')).toBe(500),
  },

  'catch-up': {
    alarm: `${lag}-catch-up`,
    async trouble(app) {
      await declareAnew(app, `${lag}-catch-up`);
      await disableMapping(app, lag);
      await placeOrders(app, 2);
    },
    after: {
      2: (_, printed) => expect(printed).toContain('Disabled'),
      3: async (app) => {
        await eventually('the totals', async () => (await total(app)) === 2);
      },
    },
    over: async (app) => expect(await shardsOf(app)).toBe(4),
  },

  'hot-shard': {
    alarm: `${lag}-hot-shard`,
    async trouble(app) {
      await declareAnew(app, `${lag}-hot-shard`);
      await placeOrders(app, 2);
      const about = { stack: app.stackName, subscription: lag };
      const lagOf = (shard: string, Value: number) =>
        [about, { ...about, shard }].map((dimensions) => ({
          MetricName: 'ShardLag',
          Dimensions: Object.entries(dimensions).map(([Name, value]) => ({ Name, Value: value })),
          Value,
        }));
      // A lag of an hour takes an hour: it is told here as the consumer would tell it.
      const MetricData = [...lagOf('shardId-000000000000', 10), ...lagOf('shardId-000000000001', 3_600_000)];
      await app.cloudwatch.send(new PutMetricDataCommand({ Namespace: 'Sluice', MetricData }));
    },
    after: {
      2: (_, printed) => expect(printed).toMatch(/^3600000\s.*shardId-000000000001/),
      4: async (app) => expect(await shardsOf(app)).toBe(4),
    },
  },

  'late-dropped': {
    async trouble(app) {
      const letter = JSON.stringify({ reason: 'late', message: 'three hours after the last event of its shard' });
      for (const id of ['one', 'two']) {
        await app.clients.sqs.send(
          new SendMessageCommand({
            QueueUrl: app.output('SalesTotalsDeadLetters'),
            MessageBody: JSON.stringify({ id, time: '2026-11-20T03:00:00Z' }),
            MessageAttributes: { deadLetter: { DataType: 'String', StringValue: letter } },
          }),
        );
      }
    },
    after: { 2: (_, printed) => expect(printed).toMatch(/"late"[\s\S]*2026-11-20T03:00:00Z/) },
    over: (app) => holds(app, 'SalesTotalsDeadLetters', 0),
  },

  'state-failures': {
    alarm: `${lag}-state-failures`,
    async trouble(app) {
      // A throttle would be borne for as long as the function has time.
      refuse(app, lag, { service: 'dynamodb', operation: 'TransactWriteItems', error: REFUSED });
      await placeOrders(app, 1);
    },
    over: async (app) => {
      mend(app);
      await eventually('the totals', async () => (await total(app)) === 1);
    },
  },

  'producer-errors': {
    alarm: 'order-log-producer-errors',
    async trouble(app) {
      await declareAnew(app, 'order-log-producer-errors');
      refuse(app, 'order-outbox-relay', { service: 'kinesis', operation: 'PutRecords', error: REFUSED, times: 2 });
      await placeOrders(app, 1);
    },
    after: { 3: async (app) => expect(await shardsOf(app)).toBe(4) },
    over: allCharged,
  },

  'oldest-unpublished': {
    alarm: 'order-outbox-oldest-unpublished',
    async trouble(app) {
      await stopFunctions(app, 'order-outbox-relay', 'order-outbox-sweeper');
      await strand(app, 'A-1');
      await placeOrders(app, 1);
    },
    after: {
      2: (app, printed) => expect(printed).toContain(`\t${app.placed[0]}\t1`),
      6: (_, printed) => expect(printed).toMatch(/^None\n\{"published":\d\}$/),
    },
    over: allCharged,
  },

  'function-errors': {
    alarm: 'place-order-function-errors',
    async trouble(app) {
      await declareAnew(app, 'place-order-function-errors');
      refuse(app, 'place-order', { service: 'dynamodb', operation: 'TransactWriteItems', error: REFUSED });
      await expect(placeOrder(app)).rejects.toThrow('place-order failed');
    },
    after: { 2: (_, printed) => expect(printed).toContain('errorType') },
    over: async (app) => {
      mend(app);
      await placeOrder(app);
    },
  },
};
