import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeStreamSummaryCommand, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { PurgeQueueCommand, SendMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { expect } from 'vitest';
import { eventually } from '../integration/orders-app.ts';
import { changedTo, declareAnew, isIn } from './alarm-states.ts';
import type { TroubledApp } from './app.ts';
import {
  charged,
  disableMapping,
  holds,
  mappingSetting,
  mend,
  messagesIn,
  placeOrder,
  refuse,
  sendGarbage,
  stopFunctions,
} from './trouble.ts';

/** What a runbook is tried on. */
export interface Situation {
  /** Makes the trouble. */
  readonly trouble: (app: TroubledApp) => Promise<void>;
  /** The alarm that rings for it, without its stack, and that is OK at the end. undefined: none rings, or only one that time would have to pass for */
  readonly alarm?: string;
  /** What has come of a block, by its number on the page; also what a person does between two blocks. */
  readonly after?: Readonly<Record<number, (app: TroubledApp, printed: string) => unknown>>;
  /** What must be true before somebody looks whether it is over. */
  readonly over?: (app: TroubledApp) => unknown;
}

const lag = 'sales-totals';

const allCharged = (app: TroubledApp) => Promise.all(app.placed.map((order) => charged(app, order)));

async function placeOrders(app: TroubledApp, count: number): Promise<void> {
  for (let n = 0; n < count; n++) app.placed.push(await placeOrder(app));
}

const shardsOf = async ({ clients, output }: TroubledApp): Promise<number | undefined> => {
  const StreamName = output('OrderLog');
  const { StreamDescriptionSummary } = await clients.kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
  return StreamDescriptionSummary?.OpenShardCount;
};

const total = async ({ clients, output }: TroubledApp): Promise<number> => {
  const { Items = [] } = await clients.dynamodb.send(new ScanCommand({ TableName: output('TotalsTable') }));
  return Items.reduce((sum, { orders: count }) => sum + Number(count), 0);
};

const garbageOnLog = ({ clients, output }: TroubledApp) =>
  clients.kinesis.send(
    new PutRecordCommand({ StreamName: output('OrderLog'), Data: Buffer.from('no event'), PartitionKey: 'garbage' }),
  );

/** By kind, and of the index page. */
export const SITUATIONS: Readonly<Record<string, Situation>> = {
  README: { trouble: async () => {} },

  'queue-depth': {
    alarm: 'charge-card-queue-depth',
    async trouble(app) {
      await declareAnew(app, 'charge-card-queue-depth', 1);
      await disableMapping(app, 'charge-card');
      await placeOrders(app, 3);
      await holds(app, 'PaymentsQueue', 3);
    },
    after: {
      2: (_, printed) =>
        expect(printed).toMatch(/"ApproximateNumberOfMessages": "3"[\s\S]*charge-card-queue-depth[\s\S]*Disabled/),
      3: (_, printed) => expect(printed).toBe('null'),
      4: allCharged,
      5: (app) =>
        eventually('a concurrency of 40', async () => {
          const scaling = await mappingSetting(app, 'charge-card', 'ScalingConfig');
          return typeof scaling === 'object' && scaling.MaximumConcurrency === 40;
        }),
    },
  },

  'oldest-message': {
    alarm: 'charge-card-oldest-message',
    async trouble(app) {
      await declareAnew(app, 'charge-card-oldest-message', 0);
      await disableMapping(app, 'charge-card');
      await placeOrders(app, 1);
    },
    over: allCharged,
  },

  'dead-letters': {
    alarm: 'charge-card-dead-letters',
    async trouble(app) {
      await sendGarbage(app, 'PaymentsQueue');
      await holds(app, 'PaymentsDeadLetters', 1);
      refuse(app, 'charge-card', { service: 'dynamodb', operation: 'TransactWriteItems', error: REFUSED });
      await placeOrders(app, 1);
      await holds(app, 'PaymentsDeadLetters', 2);
      await garbageOnLog(app);
      await holds(app, 'SalesTotalsDeadLetters', 1);
      await sendGarbage(app, 'OutboxDeadLetters');
    },
    after: {
      2: (_, printed) => expect(printed).toMatch(/"broken-json"[\s\S]*"attempts-exhausted"/),
      3: (_, printed) => expect(printed).toContain('broken-json'),
      4: async (app) => {
        expect(await messagesIn(app, 'PaymentsDeadLetters')).toBe(1);
        mend(app);
      },
      5: allCharged,
      6: (_, printed) => expect(printed).toBe('nothing is parked'),
      7: (app, printed) => {
        expect(printed).toContain('SequenceNumber');
        // It is on the log again, and still wrong.
        return holds(app, 'SalesTotalsDeadLetters', 1);
      },
      8: (app) => holds(app, 'OutboxDeadLetters', 0),
    },
  },

  undelivered: {
    alarm: 'charge-card-undelivered',
    async trouble(app) {
      const QueueUrl = app.output('PaymentsQueue');
      await app.clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: '' } }));
      await placeOrders(app, 2);
      await holds(app, 'PaymentsUndelivered', 2);
    },
    after: {
      2: (_, printed) => expect(printed).toMatch(/"ApproximateNumberOfMessages": "2"[\s\S]*"Policy": ""/),
      3: async (app) => {
        const later = await placeOrder(app);
        await charged(app, later);
      },
      4: allCharged,
    },
  },

  'error-rate': {
    alarm: 'charge-card-error-rate',
    async trouble(app) {
      await declareAnew(app, 'charge-card-error-rate');
      refuse(app, 'charge-card', { service: 'dynamodb', operation: 'TransactWriteItems', error: REFUSED, times: 2 });
      await placeOrders(app, 1);
    },
    after: {
      2: (_, printed) => expect(printed).toContain('will be tried again'),
      3: async (app) => expect(await mappingSetting(app, 'charge-card', 'State')).not.toBe('Enabled'),
      4: allCharged,
    },
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

  throttles: {
    alarm: 'charge-card-throttles',
    async trouble(app) {
      await declareAnew(app, 'charge-card-throttles');
      await stopFunctions(app, 'charge-card');
      await placeOrders(app, 1);
    },
    after: { 2: (_, printed) => expect(printed).toContain('"ReservedConcurrentExecutions": 0') },
    over: allCharged,
  },

  'received-drop': {
    async trouble(app) {
      // One message a minute is enough for this one.
      await declareAnew(app, 'charge-card-received-drop', 99.95);
      await disableMapping(app, 'charge-card');
      await placeOrders(app, 1);
      await changedTo(app, 'charge-card-received-drop', 'ALARM');
    },
    after: {
      2: (_, printed) => expect(printed).toContain('Disabled'),
      4: async (app) => {
        await allCharged(app);
        await changedTo(app, 'charge-card-received-drop', 'OK');
      },
    },
  },

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
      2: (_, printed) => expect(printed).toMatch(/^shardId-000000000001 3600000/),
      4: async (app) => expect(await shardsOf(app)).toBe(4),
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
      await placeOrders(app, 1);
    },
    after: {
      2: (app, printed) => expect(printed).toContain(`\t${app.placed[0]}\t1`),
      5: (_, printed) => expect(printed).toMatch(/^None\n\{"published":\d\}$/),
    },
    over: allCharged,
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
      refuse(app, lag, { service: 'dynamodb', operation: 'TransactWriteItems' });
      await placeOrders(app, 1);
    },
    over: async (app) => {
      mend(app);
      await eventually('the totals', async () => (await total(app)) === 1);
    },
  },

  unhealthy: {
    alarm: 'unhealthy',
    async trouble(app) {
      await sendGarbage(app, 'PaymentsQueue');
      await isIn(app, 'charge-card-dead-letters', 'ALARM');
    },
    after: {
      2: (app, printed) =>
        expect(printed).toMatch(
          new RegExp(`${app.stackName}-charge-card-dead-letters[\\s\\S]*docs/runbooks/dead-letters`),
        ),
    },
    over: (app) => app.clients.sqs.send(new PurgeQueueCommand({ QueueUrl: app.output('PaymentsDeadLetters') })),
  },
};

/** An error that no client repeats by itself. */
const REFUSED = { status: 400, code: 'AccessDeniedException', message: 'somebody has changed the role' } as const;
